"""Which addresses stand for which, and who gets them."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address

from sensor_support.builders import SITE, desired, event, service
from sensor_support.model_sensor import ModelSensor

from sensor_manager.model import ApplyNetfilter, CatchAll, Forwarding, IpAddress, Observed, Pot
from sensor_manager.plan.containers import plan
from sensor_manager.plan.destination import as_outside, exposure
from sensor_manager.plan.services import select
from sensor_manager.plan.stand_ins import MOST, STAND_INS, STAND_INS6, stand_ins
from sensor_wire.v1.event import Endpoint

POT = Pot(IPv4Address("10.10.10.2"), IPv6Address("fd68:6f6e:6579::2"))
MAIN, SECOND, THIRD = map(IPv4Address, ("192.0.2.1", "192.0.2.2", "192.0.2.3"))
MAIN6, SECOND6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")
ADDRESSES: tuple[IpAddress, ...] = (MAIN, SECOND, THIRD, MAIN6, SECOND6)
RECON = service("recon", "b", catch_all=True)


def test_main_addresses_need_none_and_no_two_share_one() -> None:
    found = dict(stand_ins(ADDRESSES, POT))
    assert found.keys() == {SECOND, THIRD, SECOND6}
    assert len({*found.values()}) == 3
    assert all(seen in (STAND_INS6 if own.version == 6 else STAND_INS) for own, seen in found.items())
    assert dict(stand_ins((*ADDRESSES, SECOND), POT)) == found, "told twice, it is one"


def test_honeypot_without_ipv6_and_sensors_of_one_address_have_none() -> None:
    assert {own.version for own, _ in stand_ins(ADDRESSES, Pot(POT.address))} == {4}
    assert stand_ins((MAIN, MAIN6), POT) == ()
    assert stand_ins((), POT) == ()


def test_more_addresses_than_stand_ins_are_told_with_the_main_one() -> None:
    many = tuple(ip_address(int(MAIN) + number) for number in range(300))
    assert len(stand_ins(many, POT)) == MOST


def _forwarding(*services: object, addresses: tuple[IpAddress, ...] = ADDRESSES) -> Forwarding:
    wanted = desired(*services)  # type: ignore[arg-type] # services of the builders
    sensor = ModelSensor(Observed(now=100.0))
    sensor.settle(wanted)
    (action,) = plan(replace(sensor.observed, addresses=addresses), wanted, SITE) or (None,)
    assert isinstance(action, ApplyNetfilter)
    return action.forwarding


def test_catch_all_of_all_addresses_gets_them_and_one_of_a_single_address_does_not() -> None:
    (catch_all,) = _forwarding(RECON).catch_alls
    assert catch_all.stand_ins == stand_ins(ADDRESSES, catch_all.pot)
    at_second = service("second", "c", catch_all=True, address=SECOND)
    found = _forwarding(RECON, at_second)
    assert CatchAll(found.bridges[1][1], SECOND) in found.catch_alls
    assert len(found.stand_ins) == 3


def test_event_names_the_address_that_was_meant() -> None:
    wanted = select(Observed(now=0), desired(RECON), SITE).wanted["recon"]
    reached = exposure(wanted, ADDRESSES)
    for own, seen in stand_ins(ADDRESSES, wanted.place.pot):
        told = as_outside(event(destination=Endpoint(ip=seen, port=4711)), reached)
        assert told.destination == Endpoint(ip=own, port=4711)
