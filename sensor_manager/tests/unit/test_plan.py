"""The plan as a table; as a property see test_plan_properties.py."""

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest
from sensor_support.builders import SITE, desired, service
from sensor_support.model_sensor import ModelSensor

from sensor_manager.model import (
    Action,
    ApplyNetfilter,
    Attempts,
    CatchAll,
    Forwarding,
    Observed,
    Pot,
    PrepareNamespace,
)
from sensor_manager.plan.containers import plan
from sensor_manager.plan.contract import contract_hash, image_reference
from sensor_manager.plan.report import news_of, report_services
from sensor_wire.base import PortRange
from sensor_wire.v1.desired import DesiredService
from sensor_wire.v1.network import Network
from sensor_wire.v1.poll import PullProgress, ServiceState

COWRIE = service("cowrie", ports={"2222/tcp": 22})
THERE = "192.0.2.77"
TWENTIES = PortRange(protocol="tcp", first=20, last=29)
AT_THERE = service("cowrie", ports={"2222/tcp": 22}, address=THERE)
RECON = service("recon", "b", catch_all=True)


def settled(*services: DesiredService) -> ModelSensor:
    sensor = ModelSensor(Observed(now=100.0))
    sensor.settle(desired(*services))
    return sensor


def kinds(actions: Iterable[Action]) -> list[str]:
    return [type(each).__name__ for each in actions]


def test_order_of_a_first_start() -> None:
    sensor = ModelSensor(Observed(now=0))
    steps: list[list[str]] = []
    wanted = desired(RECON)
    while actions := plan(sensor.observed, wanted, SITE):
        steps.append(kinds(actions))
        for action in actions:
            sensor.carry_out(action)
    assert steps == [
        ["ApplyNetfilter", "PullImage"],
        ["CreateNetwork"],
        ["CreateContainer"],
        ["StartContainer"],
        ["PrepareNamespace"],
        ["ApplyNetfilter"],
    ]


def test_catch_all_gets_nothing_before_its_namespace_is_prepared() -> None:
    sensor = settled(RECON)
    (container,) = sensor.observed.containers
    unprepared = replace(sensor.observed, containers=(replace(container, prepared=False),))
    apply, prepare = plan(unprepared, desired(RECON), SITE)
    assert isinstance(apply, ApplyNetfilter)
    assert apply.forwarding.catch_alls == ()
    assert isinstance(prepare, PrepareNamespace)


def test_unwanted_service_goes_with_container_network_and_image_in_one_go() -> None:
    sensor = settled(COWRIE, RECON)
    actions = plan(sensor.observed, desired(RECON, generation=2), SITE)
    assert kinds(actions) == ["ApplyNetfilter", "RemoveContainer", "RemoveNetwork", "RemoveImage"]
    assert isinstance(actions[0], ApplyNetfilter)
    assert actions[0].forwarding.forwards == ()
    assert actions[0].forwarding.catch_alls != ()


def test_old_container_stays_until_the_new_image_is_there() -> None:
    sensor = settled(COWRIE)
    newer = service("cowrie", "c", ports={"2222/tcp": 22}, revision="2")
    assert kinds(plan(sensor.observed, desired(newer), SITE)) == ["PullImage"]
    pulling = replace(sensor.observed, pulling={image_reference(SITE, newer): PullProgress(done=1, total=3)})
    assert plan(pulling, desired(newer), SITE) == ()
    report = report_services(pulling, desired(newer), SITE).services[0]
    assert (report.state, report.progress) == (ServiceState.PULLING, PullProgress(done=1, total=3))
    ended = replace(sensor.observed.containers[0], running=False)
    assert kinds(plan(replace(pulling, containers=(ended,)), desired(newer), SITE)) == [
        "ApplyNetfilter",
        "StartContainer",
    ]
    pulled = replace(sensor.observed, images=sensor.observed.images | {image_reference(SITE, newer)})
    assert kinds(plan(pulled, desired(newer), SITE)) == ["RemoveContainer"]


def test_shared_image_stays_while_one_service_wants_it() -> None:
    one, two = service("one", repository="shared"), service("two", repository="shared")
    sensor = settled(one, two)
    assert "RemoveImage" not in kinds(plan(sensor.observed, desired(one), SITE))


@pytest.mark.parametrize(("now", "expected"), [(99.0, []), (100.0, ["StartContainer"])])
def test_ended_container_waits_for_its_time(now: float, expected: list[str]) -> None:
    sensor = settled(COWRIE)
    ended = replace(sensor.observed.containers[0], running=False, exit_code=3)
    attempts = {contract_hash(COWRIE): Attempts(count=2, retry_at=100.0)}
    observed = replace(sensor.observed, containers=(ended,), attempts=attempts, now=now)
    assert [kind for kind in kinds(plan(observed, desired(COWRIE), SITE)) if kind != "ApplyNetfilter"] == expected
    report = report_services(observed, desired(COWRIE), SITE)
    assert report.services[0].state is ServiceState.FAILED
    assert "code 3" in (report.services[0].error or "")
    assert not report.complete


def test_new_contract_does_not_wait_for_the_old_ones_failures() -> None:
    attempts = {"old": Attempts(count=9, retry_at=1000.0, error="broken")}
    observed = Observed(now=0, attempts=attempts)
    assert "PullImage" in kinds(plan(observed, desired(COWRIE), SITE))
    assert report_services(observed, desired(COWRIE), SITE).services[0].error is None


def test_without_netfilter_everything_is_stopped_then_it_is_tried_again() -> None:
    sensor = settled(COWRIE, RECON)
    broken = replace(sensor.observed, netfilter_error="nft is missing", netfilter=None)
    actions = plan(broken, desired(COWRIE, RECON), SITE)
    assert kinds(actions) == ["StopContainer", "StopContainer"]
    reports = report_services(broken, desired(COWRIE, RECON), SITE).services
    assert {(each.state, each.error) for each in reports} == {(ServiceState.FAILED, "nft is missing")}
    stopped = replace(broken, containers=tuple(replace(each, running=False) for each in broken.containers))
    assert kinds(plan(stopped, desired(COWRIE, RECON), SITE)) == ["ApplyNetfilter"]


def test_tampered_rules_are_replaced() -> None:
    sensor = settled(COWRIE)
    assert kinds(plan(replace(sensor.observed, netfilter=None), desired(COWRIE), SITE)) == ["ApplyNetfilter"]


def test_before_the_first_desired_state_nothing_is_removed() -> None:
    sensor = settled(COWRIE)
    assert [kind for kind in kinds(plan(sensor.observed, None, SITE)) if kind != "ApplyNetfilter"] == []


@pytest.mark.parametrize(
    ("services", "runs", "refused"),
    [
        ([COWRIE, service("telnet", ports={"23/tcp": 22})], ["cowrie"], "telnet"),
        ([RECON, service("zeek", catch_all=True)], ["recon"], "zeek"),
        ([COWRIE, service("honeyd", raw=True)], ["cowrie"], "honeyd"),
        ([COWRIE, service("double", ports={"1/tcp": 9, "2/tcp": 9})], ["cowrie"], "double"),
        ([COWRIE, service("many", port_ranges=[TWENTIES])], ["cowrie"], "many"),
        ([service("a", port_ranges=[TWENTIES]), service("b", port_ranges=[TWENTIES])], ["a"], "b"),
        ([COWRIE, service("many", ports={"9/tcp": 25}, port_ranges=[TWENTIES], address=THERE)], ["cowrie"], "many"),
        ([AT_THERE, service("telnet", ports={"23/tcp": 22}, address=THERE)], ["cowrie"], "telnet"),
    ],
)
def test_contradictions_stop_one_service_only(services: list[DesiredService], runs: list[str], refused: str) -> None:
    sensor = settled(*services)
    assert [each.service for each in sensor.observed.containers] == runs
    report = report_services(sensor.observed, desired(*services), SITE)
    states = {each.name: each.state for each in report.services}
    assert states == dict.fromkeys(runs, ServiceState.RUNNING) | {refused: ServiceState.FAILED}
    assert not report.complete
    reason = next(each.error for each in report.services if each.name == refused) or ""
    assert {refused, *runs} & set(reason.replace(";", "").split()) in ({refused, *runs}, set())


def test_each_address_has_its_own_set_and_its_own_catch_all() -> None:
    other = service("kippo", "c", ports={"2222/tcp": 22}, address=THERE)
    services = (COWRIE, other, RECON, service("zeek", "d", catch_all=True, address=THERE))
    sensor = settled(*services)
    assert len(sensor.observed.containers) == 4
    (apply,) = plan(replace(sensor.observed, netfilter=None), desired(*services), SITE)
    assert isinstance(apply, ApplyNetfilter)
    assert [(each.port, each.at and str(each.at)) for each in apply.forwarding.forwards] == [(22, None), (22, THERE)]
    assert [each.at and str(each.at) for each in apply.forwarding.catch_alls] == [None, THERE]


def test_moving_to_another_address_is_a_matter_of_rules_alone() -> None:
    sensor = settled(COWRIE)
    assert kinds(plan(sensor.observed, desired(AT_THERE), SITE)) == ["ApplyNetfilter"]


@pytest.mark.parametrize(
    ("further", "state"), [([f"{THERE}/24"], ServiceState.RUNNING), (["192.0.2.78/24"], ServiceState.FAILED)]
)
def test_service_of_an_address_that_the_sensor_does_not_have_is_refused(
    further: list[str], state: ServiceState
) -> None:
    network = Network.model_validate({"mode": "dhcp", "additional": further})
    wanted = desired(AT_THERE).model_copy(update={"network": network})
    sensor = ModelSensor(Observed(now=0))
    sensor.settle(wanted)
    (report,) = report_services(sensor.observed, wanted, SITE).services
    assert report.state is state
    assert state is ServiceState.RUNNING or THERE in (report.error or "")


def test_same_port_of_different_protocols_is_no_contradiction() -> None:
    sensor = settled(service("one", ports={"53/tcp": 53}), service("two", ports={"53/udp": 53}))
    assert len(sensor.observed.containers) == 2


COWRIE_POT = Pot(IPv4Address("10.10.10.2"), IPv6Address("fd68:6f6e:6579::2"))
RECON_POT = Pot(IPv4Address("10.10.10.6"), IPv6Address("fd68:6f6e:6579:1::2"))


def test_forwarding_names_the_honeypots_own_address() -> None:
    sensor = settled(COWRIE, RECON)
    (apply,) = plan(replace(sensor.observed, netfilter=None), desired(COWRIE, RECON), SITE)
    assert isinstance(apply, ApplyNetfilter)
    assert apply.forwarding == Forwarding(
        interface="eth0",
        bridges=(("hs-pot0", COWRIE_POT), ("hs-pot1", RECON_POT)),
        forwards=apply.forwarding.forwards,
        catch_alls=(CatchAll(RECON_POT),),
    )
    assert [(each.port, str(each.pot.address), each.container_port) for each in apply.forwarding.forwards] == [
        (22, "10.10.10.2", 2222)
    ]


def test_crash_loop_is_a_verdict_that_a_running_moment_does_not_lift() -> None:
    sensor = settled(COWRIE)
    attempts = Attempts(count=4, restarts=3, ending="it ended with code 3", log=("out of cheese",))
    looping = replace(sensor.observed, attempts={contract_hash(COWRIE): attempts})
    report = report_services(looping, desired(COWRIE), SITE)
    (service_report,) = report.services
    assert (service_report.state, service_report.crash_loop) == (ServiceState.FAILED, True)
    assert service_report.log == ["out of cheese"]
    assert "code 3, again and again (3 restarts)" in (service_report.error or "")
    assert not report.complete


def test_news_of_a_pull_are_quarters() -> None:
    sensor = ModelSensor(Observed(now=0))

    def news(done: int) -> object:
        pulling = {image_reference(SITE, COWRIE): PullProgress(done=done, total=1000)}
        return news_of(report_services(replace(sensor.observed, pulling=pulling), desired(COWRIE), SITE))

    assert news(1) == news(249) != news(250) == news(499)
