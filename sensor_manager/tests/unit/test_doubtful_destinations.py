"""Where translation hides what was addressed, the kernel is asked, and nowhere else."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from sensor_support.builders import desired, event, service

from sensor_manager.model import IpAddress, Observed, Site
from sensor_manager.plan.destination import Exposure, Flow, as_outside, doubtful, exposure
from sensor_manager.plan.services import select
from sensor_manager.site import SERVICE_POOL, SERVICE_POOL6
from sensor_wire.base import PortRange
from sensor_wire.v1.desired import DesiredService
from sensor_wire.v1.event import Endpoint, Event, Protocol

MAIN, SECOND = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
MAIN6, SECOND6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")
SITE = Site("server:1", "eth0", SERVICE_POOL, SERVICE_POOL6)
ALL: tuple[IpAddress, ...] = (MAIN, SECOND, MAIN6, SECOND6)
RANGE = PortRange(protocol="udp", first=5060, last=5080, container_port=5060)
MAPPED = service("pot", ports={"2222/tcp": 22}, port_ranges=[RANGE])
CATCH_ALL = service("pot", ports={"2222/tcp": 22}, catch_all=True)
ATTACKER, ATTACKER6 = IPv4Address("198.51.100.9"), IPv6Address("2001:db8:9::9")


def reached(one: DesiredService, addresses: tuple[IpAddress, ...]) -> Exposure:
    return exposure(select(Observed(now=0), desired(one), SITE).wanted["pot"], addresses)


def told(exposed: Exposure, port: int | None, protocol: str = "tcp", *, six: bool = False) -> Event:
    """An event as a honeypot tells it, who sees its own address."""
    assert exposed.pot is not None
    own = exposed.pot.address6 if six else exposed.pot.address
    source = Endpoint.model_validate({"ip": ATTACKER6 if six else ATTACKER, "port": None if port is None else 40000})
    destination = Endpoint.model_validate({"ip": own, "port": port})
    return event(protocol=Protocol(protocol), source=source, destination=destination)


@pytest.mark.parametrize(
    ("one", "addresses", "port", "protocol", "asks"),
    [
        (MAPPED, ALL, 2222, "tcp", True),
        (MAPPED, (MAIN, MAIN6), 2222, "tcp", False),
        (MAPPED, (), 2222, "tcp", False),
        (MAPPED, (MAIN, MAIN6), 5060, "udp", True),
        (MAPPED, (MAIN, MAIN6), 5060, "tcp", False),
        (MAPPED, ALL, None, "icmp", False),
        (MAPPED.model_copy(update={"address": SECOND}), ALL, 2222, "tcp", False),
        (MAPPED.model_copy(update={"address": SECOND}), ALL, 5060, "udp", True),
        (CATCH_ALL, ALL, 2222, "tcp", True),
        (CATCH_ALL, ALL, 4711, "tcp", False),
    ],
)
def test_who_asks(
    one: DesiredService, addresses: tuple[IpAddress, ...], port: int | None, protocol: str, *, asks: bool
) -> None:
    exposed = reached(one, addresses)
    for six in (False, True):
        flow = doubtful(told(exposed, port, protocol, six=six), exposed)
        assert (flow is not None) == asks
    assert exposed.pot is not None
    assert flow is None or flow == Flow(protocol, exposed.pot.address6 or MAIN, port or 0, ATTACKER6, 40000)


def test_what_was_not_translated_is_not_asked_about() -> None:
    exposed = reached(MAPPED, ALL)
    known = told(exposed, 2222).model_copy(update={"destination": Endpoint(ip=SECOND, port=22)})
    assert doubtful(known, exposed) is None
    assert doubtful(told(exposed, 2222), Exposure(ALL)) is None, "nobody knows where the honeypot is"
    unspecified = told(exposed, 2222).model_copy(update={"destination": Endpoint(ip="0.0.0.0", port=2222)})
    assert doubtful(unspecified, exposed) == doubtful(told(exposed, 2222), exposed)


@pytest.mark.parametrize(
    ("answer", "destination"),
    [
        (Endpoint(ip=SECOND, port=22), (SECOND, 22)),
        (None, (MAIN, 22)),
        (Endpoint(ip="203.0.113.9", port=22), (MAIN, 22)),
    ],
)
def test_the_kernels_answer_counts_if_it_is_the_sensors_address(
    answer: Endpoint | None, destination: tuple[IpAddress, int]
) -> None:
    exposed = reached(MAPPED, ALL)
    found = as_outside(told(exposed, 2222), exposed, answer).destination
    assert (found.ip, found.port) == destination
