"""Observe, plan, act: with an engine in memory on which everything can go wrong for one service."""

from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sensor_support.builders import SITE, desired, service

from sensor_manager.effects.errors import EffectError
from sensor_manager.effects.executor import Means
from sensor_manager.effects.images import ImagePuller
from sensor_manager.model import ContainerSpec, CreateNetwork, PullImage
from sensor_manager.platforms.in_memory import MemoryEngine, MemoryNetfilter
from sensor_manager.reconciler import Reconciler
from sensor_wire.v1.desired import DesiredService
from sensor_wire.v1.poll import ServiceReport, ServiceState

DOINGS = ["pull", "network", "container", "start", "remove container", "remove network"]
COWRIE = service("cowrie", "a", ports={"2222/tcp": 22})
RECON = service("recon", "b", catch_all=True)
WEB = service("web", "c", ports={"80/tcp": 80})
SERVICES = (COWRIE, RECON, WEB)


class BrokenEngine(MemoryEngine):
    """Fails in what it does for one service."""

    def __init__(self) -> None:
        super().__init__()
        self.broken = ""
        self.failing: set[str] = set()

    def pull(self, reference: str) -> Iterator[Mapping[str, Any]]:
        self._fail("pull", reference.partition("@")[0].rpartition("/")[2])
        yield from super().pull(reference)

    def create_network(self, network: CreateNetwork) -> None:
        self._fail("network", network.service)
        super().create_network(network)

    def create_container(self, spec: ContainerSpec) -> None:
        self._fail("container", spec.service)
        super().create_container(spec)

    def start(self, identifier: str) -> None:
        self._fail("start", self._container(identifier).service)
        super().start(identifier)

    def remove_container(self, identifier: str) -> None:
        self._fail("remove container", self._container(identifier).service)
        super().remove_container(identifier)

    def remove_network(self, identifier: str) -> None:
        self._fail("remove network", self._networks[identifier].service)
        super().remove_network(identifier)

    def end(self, name: str) -> None:
        """Let a service's container end by itself."""
        for each in self.containers():
            if each.service == name and each.running:
                self.stop(each.id)

    def _fail(self, doing: str, name: str) -> None:
        if name == self.broken and doing in self.failing:
            raise EffectError(f"{doing} of {name} fails as asked")


class OpenNetfilter(MemoryNetfilter):
    """Rules that others can change."""

    def meddle(self) -> None:
        self._changed = True

    def __init__(self) -> None:
        super().__init__()
        self._changed = False

    def apply(self, rules: str, namespace: str | None = None) -> None:
        self._changed = False
        super().apply(rules, namespace)

    def current(self, namespace: str | None = None) -> str | None:
        return None if self._changed else super().current(namespace)


class InlinePuller(ImagePuller):
    """Pulls at once instead of in a thread."""

    def begin(self, request: PullImage) -> None:
        self._pulling[request.image] = None
        self._run(request)


class Bench:
    """A reconciler on a clock of its own."""

    def __init__(self) -> None:
        self.engine = BrokenEngine()
        self.now = 0.0
        self.unserved: dict[str, str] = {}
        self.netfilter = OpenNetfilter()
        means = Means(self.engine, self.netfilter, InlinePuller(self._fetch, lambda: None))
        self.reconciler = Reconciler(means, lambda _: self.unserved, SITE, lambda: self.now)

    def want(self, *services: DesiredService, generation: int = 1) -> None:
        self.reconciler.set_desired(desired(*services, generation=generation))

    def cycle(self, times: int = 1) -> None:
        for _ in range(times):
            retry_at = self.reconciler.cycle(())
            self.now = max(self.now + 5, min(retry_at or 0, self.now + 300))

    def repairs(self) -> int:
        repairs = self.reconciler.rules.repairs
        return repairs.repairs if repairs else 0

    def _fetch(self, image: str, _: object) -> None:
        assert list(self.engine.pull(image))

    def step(self, times: int = 1) -> None:
        for _ in range(times):
            self.reconciler.cycle(())
            self.now += 5

    def states(self) -> dict[str, ServiceReport]:
        return {each.name: each for each in self.reconciler.published.report()[1].services}


@given(broken=st.sampled_from(SERVICES), failing=st.sets(st.sampled_from(DOINGS), min_size=1), late=st.booleans())
def test_one_bad_service_never_hinders_the_others(broken: DesiredService, failing: set[str], *, late: bool) -> None:
    bench = Bench()
    bench.engine.broken = broken.name
    if late:
        bench.want(broken)
        bench.cycle(3)
    bench.engine.failing = failing
    newer = {each.name: each.model_copy(update={"revision": "2", "digest": f"sha256:{'d' * 64}"}) for each in SERVICES}
    bench.want(*newer.values(), generation=2)
    bench.cycle(4)
    others = {each.name: each for each in SERVICES if each is not broken}
    found = bench.states()
    assert {name: found[name].state for name in others} == dict.fromkeys(others, ServiceState.RUNNING)
    assert {found[name].revision for name in others} == {"2"}
    bench.engine.failing = set()
    bench.cycle(12)
    assert bench.reconciler.published.report()[0] == 2, "and once the fault is gone, all is as desired"


def test_who_cannot_be_ended_is_cut_off_reported_and_tried_again() -> None:
    bench = Bench()
    bench.want(COWRIE, RECON)
    bench.cycle(2)
    assert "dport 22 " in (bench.netfilter.current() or "")
    bench.engine.broken, bench.engine.failing = "cowrie", {"remove container"}
    bench.want(WEB, generation=2)
    bench.cycle(2)
    found = bench.states()
    assert {name: each.state for name, each in found.items()} == {
        "cowrie": ServiceState.STOPPING,
        "web": ServiceState.RUNNING,
    }
    assert "dport 22 " not in (bench.netfilter.current() or ""), "nobody gets to it any more"
    assert bench.reconciler.published.report()[0] == 1, "so not all is as desired"
    bench.engine.failing = set()
    bench.cycle()
    assert (set(bench.states()), len(bench.engine.networks())) == ({"web"}, 1)
    assert bench.reconciler.published.report()[0] == 2


def test_who_lacks_its_files_is_not_started_and_hinders_nobody() -> None:
    bench = Bench()
    bench.unserved = {"cowrie": "no room"}
    bench.want(COWRIE, WEB)
    bench.cycle(3)
    found = bench.states()
    assert (found["cowrie"].state, found["cowrie"].error) == (ServiceState.FAILED, "no room")
    assert found["web"].state is ServiceState.RUNNING
    bench.unserved = {"web": "no room"}
    bench.cycle(9)
    assert {each.state for each in bench.states().values()} == {ServiceState.RUNNING}, "who runs has all it needs"


def test_rules_changed_by_somebody_are_put_right_and_reported() -> None:
    bench = Bench()
    bench.want(COWRIE)
    bench.cycle(2)
    assert bench.repairs() == 0
    for times in (1, 2):
        bench.netfilter.meddle()
        bench.cycle()
        assert bench.netfilter.current() is not None
        assert bench.repairs() == times
    bench.want(COWRIE, WEB)
    bench.cycle(2)
    assert bench.repairs() == 2, "a change of ours is no repair"


def test_crash_loop_is_noticed_and_forgiven() -> None:
    bench = Bench()
    bench.want(COWRIE, WEB)
    bench.cycle()
    for restarts in range(6):
        verdict = bench.states()["cowrie"]
        assert verdict.crash_loop == (restarts >= 3)
        assert bench.states()["web"].state is ServiceState.RUNNING
        bench.engine.end("cowrie")
        while bench.states()["cowrie"].restarts == restarts:
            bench.step()
    assert bench.states()["cowrie"].restarts == 6
    assert bench.states()["cowrie"].state is ServiceState.FAILED
    bench.step(20)
    assert not bench.states()["cowrie"].crash_loop
    assert bench.states()["cowrie"].state is ServiceState.RUNNING
