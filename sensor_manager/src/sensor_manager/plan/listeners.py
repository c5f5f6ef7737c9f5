"""Port maps that programs of the machine itself are in the way of: a packet for which it has a socket stays with it."""

from collections.abc import Collection, Iterable

from sensor_manager.model import IpAddress, Listener, Site
from sensor_manager.plan.ports import Claim, claims_of
from sensor_manager.plan.translation import IPV4
from sensor_wire.v1.desired import DesiredService


def taken_by_the_machine(
    service: DesiredService, listeners: Iterable[Listener], site: Site, own_sets: Collection[IpAddress]
) -> str | None:
    """Say which port of the service the machine listens on itself; None when there is none.

    Args:
        service: what shall run.
        listeners: of the machine, at the interface's addresses.
        site: facts of the sensor.
        own_sets: addresses that have services of their own.
    """
    left_alone = {*own_sets, *site.management}
    claims = claims_of(service)
    for listener in listeners:
        claim = next((each for each in claims if _wanted(each, listener)), None)
        if claim is not None and _meet(service.address, listener.address, left_alone, six=site.pool6 is not None):
            return f"{listener} listens on {claim}; change the ports of {service.name}, or that program's"
    return None


def _wanted(claim: Claim, listener: Listener) -> bool:
    return claim.protocol == listener.protocol and claim.first <= listener.port <= claim.last


def _meet(wanted: IpAddress | None, taken: IpAddress | None, left_alone: Collection[IpAddress], *, six: bool) -> bool:
    """Tell whether what is sent to the wanted address (None: to all but these) gets to the listener at `taken`."""
    if taken is None:
        return True
    reached = taken.version == IPV4 or six
    if wanted is not None:
        return wanted == taken or (taken.is_unspecified and taken.version == wanted.version)
    return reached and taken not in left_alone and not taken.is_link_local
