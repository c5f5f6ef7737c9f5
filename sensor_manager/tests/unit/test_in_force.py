"""A service is said to run once the rules that lead to it are in force, not a moment before."""

from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from sensor_support.builders import SITE, desired, service
from sensor_support.model_sensor import ModelSensor

from sensor_manager.model import Observed
from sensor_manager.plan.containers import plan
from sensor_manager.plan.report import report_services
from sensor_wire.base import PortRange
from sensor_wire.v1.desired import Desired, DesiredService
from sensor_wire.v1.poll import ServiceState

RUNNING, STARTING = ServiceState.RUNNING, ServiceState.STARTING
COWRIE = service("cowrie", ports={"2222/tcp": 22})
RANGED = service("cowrie", ports={"2222/tcp": 22}, port_ranges=[PortRange(protocol="tcp", first=50100, last=50131)])
WEB = service("web", "c", ports={"8080/tcp": 80})
RECON = service("recon", "b", catch_all=True)


def states(observed: Observed, wanted: Desired) -> dict[str, ServiceState]:
    return {each.name: each.state for each in report_services(observed, wanted, SITE).services}


def at(address: str, each: DesiredService = COWRIE) -> DesiredService:
    return each.model_copy(update={"address": IPv4Address(address)})


@pytest.mark.parametrize("wanted", [COWRIE, RECON, RANGED, at("192.0.2.7")])
def test_on_the_way_up_it_runs_before_it_is_reached_and_is_said_to_start(wanted: DesiredService) -> None:
    sensor = ModelSensor(Observed(now=0))
    ready = False
    while actions := plan(sensor.observed, desired(wanted), SITE):
        assert states(sensor.observed, desired(wanted)) != {wanted.name: RUNNING}
        assert not report_services(sensor.observed, desired(wanted), SITE).complete
        ready = any(each.running and each.prepared is wanted.catch_all for each in sensor.observed.containers)
        for action in actions:
            sensor.carry_out(action)
    assert ready, "the last step was netfilter's"
    assert states(sensor.observed, desired(wanted)) == {wanted.name: RUNNING}
    assert report_services(sensor.observed, desired(wanted), SITE).complete


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((COWRIE, RECON), (RANGED, RECON)),
        ((COWRIE, RECON), (at("192.0.2.7"), RECON)),
        ((at("192.0.2.7"), RECON), (at("192.0.2.8"), RECON)),
        ((at("192.0.2.7"), RECON), (COWRIE, RECON)),
    ],
)
def test_of_running_ones_only_those_that_are_reached_otherwise_wait(
    before: tuple[DesiredService, ...], after: tuple[DesiredService, ...]
) -> None:
    sensor = ModelSensor(Observed(now=0))
    sensor.settle(desired(WEB, *before))
    wanted = desired(WEB, *after, generation=2)
    (apply,) = plan(sensor.observed, wanted, SITE)
    found = states(sensor.observed, wanted)
    assert (found["cowrie"], found["web"]) == (STARTING, RUNNING)
    sensor.carry_out(apply)
    assert set(states(sensor.observed, wanted).values()) == {RUNNING}


def test_a_change_that_closes_a_port_is_applied_when_it_is_closed() -> None:
    sensor = ModelSensor(Observed(now=0))
    sensor.settle(desired(RANGED))
    wanted = desired(COWRIE, generation=2)
    assert states(sensor.observed, wanted) == {"cowrie": RUNNING}
    assert not report_services(sensor.observed, wanted, SITE).complete


def test_while_somebody_has_changed_the_rules_nothing_is_reached_for_sure() -> None:
    sensor = ModelSensor(Observed(now=0))
    sensor.settle(desired(COWRIE))
    assert states(replace(sensor.observed, netfilter=None), desired(COWRIE)) == {"cowrie": STARTING}
