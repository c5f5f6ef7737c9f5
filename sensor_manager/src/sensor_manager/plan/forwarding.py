"""What netfilter shall let through, from what is desired and what runs."""

from collections.abc import Iterator

from sensor_manager.model import CatchAll, Forward, Forwarding, Observed, Site
from sensor_manager.plan.contract import contract_hash
from sensor_manager.plan.ports import container_port
from sensor_manager.plan.services import Selection, Wanted
from sensor_manager.plan.stand_ins import stand_ins


def forwarding(observed: Observed, selection: Selection, site: Site) -> Forwarding:
    """Return what to let through: to honeypots that run, and to catch-alls only once their namespace is prepared.

    A running container of an older revision keeps its ports until it is replaced.
    """
    running = {each.service: each for each in observed.containers if each.running}
    forwards: list[Forward] = []
    catch_alls: list[CatchAll] = []
    for name, wanted in sorted(selection.wanted.items()):
        container = running.get(name)
        if container is None:
            continue
        forwards += _forwards(wanted)
        if wanted.service.catch_all and container.prepared and container.contract == contract_hash(wanted.service):
            catch_alls.append(_catch_all(wanted, observed))
    return Forwarding(
        interface=site.interface,
        bridges=tuple(sorted(((each.place.bridge, each.place.pot) for each in selection.wanted.values()), key=str)),
        forwards=tuple(sorted(forwards, key=lambda each: (str(each.at or ""), each.protocol, each.port))),
        catch_alls=tuple(sorted(catch_alls, key=lambda each: str(each.at or ""))),
        host_network=site.host_network,
        management=site.management,
    )


def _catch_all(wanted: Wanted, observed: Observed) -> CatchAll:
    pot, at = wanted.place.pot, wanted.service.address
    return CatchAll(pot, at, () if at is not None else stand_ins(observed.addresses, pot))


def _forwards(wanted: Wanted) -> Iterator[Forward]:
    service, pot = wanted.service, wanted.place.pot
    for inner, public in service.ports.items():
        protocol, port = container_port(inner)
        yield Forward(protocol, public, pot, port, at=service.address)
    for each in service.port_ranges:
        yield Forward(each.protocol, each.first, pot, each.container_port, each.last, service.address)
