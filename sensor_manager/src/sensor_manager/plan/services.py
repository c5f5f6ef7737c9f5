"""Which of the desired services can be had together on one sensor."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sensor_manager.model import IpAddress, Observed, Site
from sensor_manager.plan.addresses import Place, allocate
from sensor_manager.plan.listeners import taken_by_the_machine
from sensor_manager.plan.ports import Claim, claims_of, clashes, contradicts_itself
from sensor_wire.v1.desired import Desired, DesiredService
from sensor_wire.v1.network import NetworkMode


@dataclass(frozen=True, slots=True)
class Wanted:
    """A service that shall run, and where."""

    service: DesiredService
    place: Place


@dataclass(frozen=True, slots=True)
class Selection:
    """The services that shall run, and why others cannot."""

    wanted: Mapping[str, Wanted]
    refused: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Taken:
    """What the services accepted so far have: ports, and catch-alls by address."""

    accepted: dict[str, DesiredService] = field(default_factory=dict)
    ports: dict[Claim, str] = field(default_factory=dict)
    catch_alls: dict[IpAddress | None, str] = field(default_factory=dict)

    def accept(self, service: DesiredService) -> None:
        self.accepted[service.name] = service
        self.ports.update(dict.fromkeys(claims_of(service), service.name))
        if service.catch_all:
            self.catch_alls[service.address] = service.name


def select(observed: Observed, desired: Desired | None, site: Site) -> Selection:
    """Refuse what contradicts itself, service by service, so that the rest runs. The order of names decides."""
    taken = _Taken()
    refused: dict[str, str] = {}
    services = sorted(desired.services if desired else (), key=lambda each: each.name)
    own_sets = {each.address for each in services if each.address is not None}
    for service in services:
        reason = (
            _objection(service, taken, site)
            or _wrong_address(service, desired)
            or taken_by_the_machine(service, observed.listeners, site, own_sets)
        )
        if reason is None:
            taken.accept(service)
        else:
            refused[service.name] = reason
    networks = [(network.service, network.subnet) for network in observed.networks]
    places = allocate(site.pool, taken.accepted, networks, site.pool6)
    refused |= dict.fromkeys(taken.accepted.keys() - places.keys(), f"no free network is left in {site.pool}")
    return Selection({name: Wanted(taken.accepted[name], place) for name, place in places.items()}, refused)


def _wrong_address(service: DesiredService, desired: Desired | None) -> str | None:
    """An interface that is left alone may have any address."""
    network = desired.network if desired is not None else None
    if service.address is None or network is None or network.mode is NetworkMode.UNCONFIGURED:
        return None
    if service.address in {network.address, *(each.ip for each in network.additional)}:
        return None
    return f"the sensor does not have the address {service.address}; give it to the sensor or choose another"


def _objection(service: DesiredService, taken: _Taken, site: Site) -> str | None:
    """Say why the service cannot run beside those that are accepted; None when it can."""
    claims = claims_of(service)
    other = taken.catch_alls.get(service.address) if service.catch_all else None
    clash = next(clashes(claims, taken.ports), None)
    reason: str | None = None
    if service.name in taken.accepted:
        reason = "the service is desired twice; one of the two runs"
    elif service.raw:
        reason = "raw network access is not supported by this sensor; choose another service"
    elif service.address is not None and service.address in site.management:
        reason = f"{service.address} is for the management of the machine; choose another address"
    elif other is not None:
        reason = f"{other} is the catch-all already; take {other} or {service.name} away"
    elif clash is not None:
        by = taken.ports[clash]
        reason = f"{clash} is used by {by} already; change {by} or {service.name}"
    elif contradicts_itself(claims):
        reason = "two of its ports lead to the same port of the sensor; change the port map"
    return reason
