"""The plan as a table, and as a property: carried out on a model of the engine it arrives, and then rests."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Network
from typing import assert_never

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sensor_support.builders import SITE, desired, service

from sensor_manager.model import (
    Action,
    ApplyNetfilter,
    Attempts,
    CreateContainer,
    CreateNetwork,
    Forwarding,
    Observed,
    ObservedContainer,
    ObservedNetwork,
    PrepareNamespace,
    PullImage,
    RemoveContainer,
    RemoveImage,
    RemoveNetwork,
    StartContainer,
    StopContainer,
)
from sensor_manager.plan.containers import plan
from sensor_manager.plan.contract import contract_hash, image_reference
from sensor_manager.plan.report import news_of, report_services
from sensor_wire.v1.desired import Desired, DesiredService
from sensor_wire.v1.poll import PullProgress, ServiceState

COWRIE = service("cowrie", ports={"2222/tcp": 22})
RECON = service("recon", "b", catch_all=True)


@dataclass
class ModelSensor:
    """An engine and a kernel that do what they are told, and refuse what real ones refuse."""

    observed: Observed
    removed: set[str] = field(default_factory=set)
    number: int = 0

    def settle(self, wanted: Desired, rounds: int = 60) -> None:
        for _ in range(rounds):
            actions = plan(self.observed, wanted, SITE)
            if not actions:
                return
            for action in actions:
                self.carry_out(action)
        raise AssertionError(f"still planning {actions}")

    def carry_out(self, action: Action) -> None:  # noqa: C901 - one case for each action
        seen = self.observed
        match action:
            case ApplyNetfilter(rules=rules):
                self.observed = replace(seen, netfilter=rules, netfilter_error=None)
            case PullImage(image=image):
                self.observed = replace(seen, images=seen.images | {image})
            case RemoveImage(image):
                assert image in seen.images
                assert all(each.image != image for each in seen.containers), "an image in use cannot be removed"
                self.observed = replace(seen, images=seen.images - {image})
            case CreateNetwork(service=name, subnet=subnet):
                assert not any(subnet.overlaps(each.subnet) for each in seen.networks)
                self.observed = replace(seen, networks=(*seen.networks, ObservedNetwork(self._new(), name, subnet)))
            case RemoveNetwork(service=name, id=identifier):
                assert not any(each.service == name for each in seen.containers), "a network in use cannot be removed"
                self.removed.add(identifier)
                self.observed = replace(seen, networks=tuple(each for each in seen.networks if each.id != identifier))
            case CreateContainer(spec=spec):
                assert spec.image in seen.images
                assert any(each.service == spec.service and spec.address in each.subnet for each in seen.networks)
                made = ObservedContainer(
                    id=self._new(),
                    service=spec.service,
                    contract=spec.contract,
                    revision=spec.revision,
                    image=spec.image,
                    running=False,
                    started=False,
                )
                self.observed = replace(seen, containers=(*seen.containers, made))
            case StartContainer(id=identifier):
                assert seen.netfilter is not None, "nothing starts without netfilter"
                self._change(identifier, running=True, started=True, sandbox=f"/netns/{identifier}", prepared=False)
            case PrepareNamespace(id=identifier):
                self._change(identifier, prepared=True)
            case StopContainer(id=identifier):
                self._change(identifier, running=False, prepared=False)
            case RemoveContainer(id=identifier):
                self.removed.add(identifier)
                self.observed = replace(
                    seen, containers=tuple(each for each in seen.containers if each.id != identifier)
                )
            case _:
                assert_never(action)

    def _new(self) -> str:
        self.number += 1
        return f"new{self.number}"

    def _change(self, identifier: str, **changes: object) -> None:
        containers = tuple(
            replace(each, **changes) if each.id == identifier else each  # type: ignore[arg-type] # fields by name
            for each in self.observed.containers
        )
        self.observed = replace(self.observed, containers=containers)


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
    assert apply.forwarding.catch_all is None
    assert isinstance(prepare, PrepareNamespace)


def test_unwanted_service_goes_with_container_network_and_image_in_one_go() -> None:
    sensor = settled(COWRIE, RECON)
    actions = plan(sensor.observed, desired(RECON, generation=2), SITE)
    assert kinds(actions) == ["ApplyNetfilter", "RemoveContainer", "RemoveNetwork", "RemoveImage"]
    assert isinstance(actions[0], ApplyNetfilter)
    assert actions[0].forwarding.forwards == ()
    assert actions[0].forwarding.catch_all is not None


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
    ],
)
def test_contradictions_stop_one_service_only(services: list[DesiredService], runs: list[str], refused: str) -> None:
    sensor = settled(*services)
    assert [each.service for each in sensor.observed.containers] == runs
    report = report_services(sensor.observed, desired(*services), SITE)
    states = {each.name: each.state for each in report.services}
    assert states == dict.fromkeys(runs, ServiceState.RUNNING) | {refused: ServiceState.FAILED}
    assert not report.complete


def test_same_port_of_different_protocols_is_no_contradiction() -> None:
    sensor = settled(service("one", ports={"53/tcp": 53}), service("two", ports={"53/udp": 53}))
    assert len(sensor.observed.containers) == 2


NAMES = st.sampled_from(["cowrie", "recon", "web", "smb"])
SERVICES = st.builds(
    service,
    NAMES,
    st.sampled_from("abc"),
    ports=st.dictionaries(st.sampled_from(["22/tcp", "53/udp", "80/tcp"]), st.sampled_from([22, 53, 80]), max_size=2),
    catch_all=st.booleans(),
    revision=st.sampled_from(["1", "2"]),
)
DESIRED = st.lists(SERVICES, max_size=4, unique_by=lambda each: each.name).map(lambda each: desired(*each))


@given(first=DESIRED, second=DESIRED, tampered=st.booleans())
def test_a_plan_arrives_and_then_rests(first: Desired, second: Desired, *, tampered: bool) -> None:
    sensor = ModelSensor(Observed(now=0))
    sensor.settle(first)
    if tampered:
        sensor.observed = replace(sensor.observed, netfilter=None)
    sensor.settle(second)
    reports = report_services(sensor.observed, second, SITE).services
    refused = {each.name for each in reports if each.state is ServiceState.FAILED}
    wanted = {each.name: each for each in second.services if each.name not in refused}
    assert {each.service: each.contract for each in sensor.observed.containers} == {
        name: contract_hash(each) for name, each in wanted.items()
    }
    assert all(each.running for each in sensor.observed.containers)
    assert sensor.observed.images == {image_reference(SITE, each) for each in wanted.values()}
    assert {each.service for each in sensor.observed.networks} == set(wanted)
    assert report_services(sensor.observed, second, SITE).complete == (not refused)


@given(wanted=DESIRED, running=st.booleans())
def test_what_is_wrong_or_doubled_is_put_right(wanted: Desired, *, running: bool) -> None:
    strays = tuple(
        ObservedContainer(f"old{number}", name, "other", "0", "elsewhere/x@sha256:0", running=running)
        for number, name in enumerate(["cowrie", "cowrie", "gone"])
    )
    networks = (
        ObservedNetwork("wide", "cowrie", IPv4Network("172.30.0.0/16")),
        ObservedNetwork("own", "gone", IPv4Network("10.10.10.0/30")),
    )
    sensor = ModelSensor(Observed(now=0, containers=strays, networks=networks))
    sensor.settle(wanted)
    assert sensor.removed >= {"old0", "old1", "old2", "own"}
    assert all(each.subnet.subnet_of(SITE.pool) for each in sensor.observed.networks)


def test_forwarding_names_the_honeypots_own_address() -> None:
    sensor = settled(COWRIE, RECON)
    (apply,) = plan(replace(sensor.observed, netfilter=None), desired(COWRIE, RECON), SITE)
    assert isinstance(apply, ApplyNetfilter)
    assert apply.forwarding == Forwarding(
        interface="eth0",
        bridges=(("hs-pot0", IPv4Address("10.10.10.2")), ("hs-pot1", IPv4Address("10.10.10.6"))),
        forwards=apply.forwarding.forwards,
        catch_all=IPv4Address("10.10.10.6"),
    )
    assert [(each.port, str(each.address), each.container_port) for each in apply.forwarding.forwards] == [
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
