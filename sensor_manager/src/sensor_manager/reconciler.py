"""Observe, plan, act, until nothing is left to do."""

import random
import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from ipaddress import IPv4Address

import structlog

from sensor_manager.effects.capture import LISTENER_PORT
from sensor_manager.effects.docker_engine import DockerEngine
from sensor_manager.effects.errors import EffectError
from sensor_manager.effects.executor import Executor
from sensor_manager.effects.images import ImagePuller
from sensor_manager.effects.nftables import Nftables
from sensor_manager.model import Action, ApplyNetfilter, Attempts, Observed, ObservedContainer, Site, StartContainer
from sensor_manager.plan.attempts import STABLE_AFTER, after_failure, after_start, after_success
from sensor_manager.plan.containers import current_container, plan
from sensor_manager.plan.destination import Exposure
from sensor_manager.plan.netfilter import render_catch_all
from sensor_manager.plan.report import ServicesReport, report_services
from sensor_manager.plan.services import select
from sensor_manager.spool.collector import Collector
from sensor_manager.spool.dialogue import CaptureUnavailableError
from sensor_wire.v1.desired import Desired

MAX_ROUNDS = 50
"""Looks and plans within one cycle; a sane plan needs about six."""

log = structlog.get_logger(__name__)


class Reconciler:
    """Keeps the sensor as desired. `cycle` is for one thread; what it learns may be read by all."""

    def __init__(
        self, engine: DockerEngine, nftables: Nftables, puller: ImagePuller, collector: Collector, site: Site
    ) -> None:
        self._engine = engine
        self._nftables = nftables
        self._puller = puller
        self._collector = collector
        self._site = site
        self._executor = Executor(engine, nftables, puller)
        self._attempts: dict[str, Attempts] = {}
        self._running_since: dict[str, float] = {}
        self._netfilter_error: str | None = None
        self._lock = threading.Lock()
        self._desired: Desired | None = None
        self._exposures: dict[str, Exposure] = {}
        self._sandboxes: dict[str, str] = {}
        self._report = ServicesReport((), complete=False)
        self._generation = 0

    def set_desired(self, desired: Desired) -> None:
        """Take over a new desired state; the next cycle works towards it."""
        with self._lock:
            self._desired = desired

    def exposure(self, service: str) -> Exposure:
        """Return how the service is reached at this moment."""
        return self._exposures.get(service, Exposure())

    def sandbox(self, service: str) -> str:
        """Return the prepared network namespace of a catch-all service.

        Raises:
            CaptureUnavailableError: it is none, or not prepared yet.
        """
        desired = self._desired
        if not any(each.name == service and each.catch_all for each in (desired.services if desired else ())):
            raise CaptureUnavailableError(f"{service} is no catch-all service", temporary=False)
        sandbox = self._sandboxes.get(service)
        if sandbox is None:
            raise CaptureUnavailableError("the network namespace is being prepared; ask again", temporary=True)
        return sandbox

    def report(self) -> tuple[int, ServicesReport]:
        """Return the generation that is applied in full, and the state of all services."""
        with self._lock:
            return self._generation, self._report

    @property
    def netfilter_error(self) -> str | None:
        """Why no honeypot may run, or None."""
        return self._netfilter_error

    def cycle(self, sensor_address: IPv4Address | None) -> float | None:
        """Work towards the desired state as far as possible now.

        Returns:
            The monotonic time at which something is to be tried again; None when nothing is.

        Raises:
            EffectError: the sensor cannot be observed.
        """
        desired = self._desired
        for _ in range(MAX_ROUNDS):
            observed = self._observe(desired)
            self._publish(observed, desired, sensor_address)
            actions = plan(observed, desired, self._site)
            if not actions or not self._execute(actions):
                break
            if self._desired is not desired:
                return observed.now
        return min((each.retry_at for each in self._attempts.values() if each.retry_at > observed.now), default=None)

    def _observe(self, desired: Desired | None) -> Observed:
        now = time.monotonic()
        self._note_pulls(now)
        catch_alls = {each.name for each in (desired.services if desired else ()) if each.catch_all}
        containers = tuple(
            replace(each, prepared=self._prepared(each.sandbox))
            if each.running and each.service in catch_alls
            else each
            for each in self._engine.containers()
        )
        self._nftables.forget_namespaces({each.sandbox for each in containers if each.sandbox})
        self._note_stable(containers, now)
        return Observed(
            now=now,
            containers=containers,
            networks=self._engine.networks(),
            images=self._engine.images(self._site.registry),
            pulling=self._puller.pulling(),
            netfilter=self._nftables.current(),
            netfilter_error=self._netfilter_error,
            attempts=dict(self._attempts),
        )

    def _prepared(self, sandbox: str) -> bool:
        return self._nftables.current(sandbox) == render_catch_all(LISTENER_PORT)

    def _note_pulls(self, now: float) -> None:
        for result in self._puller.results():
            service, contract = result.request.service, result.request.contract
            before = self._attempts.get(service)
            if result.error is None:
                log.info("image arrived", service=service, image=result.request.image)
                self._attempts[service] = after_success(before, contract)
            else:
                log.warning("image not pulled", service=service, reason=result.error)
                self._attempts[service] = after_failure(before, contract, now, random.random(), result.error)

    def _note_stable(self, containers: Iterable[ObservedContainer], now: float) -> None:
        running = {each.sandbox: each for each in containers if each.running}
        self._running_since = {sandbox: self._running_since.get(sandbox, now) for sandbox in running}
        for sandbox, container in running.items():
            attempts = self._attempts.get(container.service)
            if attempts is not None and attempts.count and now - self._running_since[sandbox] >= STABLE_AFTER:
                self._attempts[container.service] = after_success(attempts, container.contract)

    def _publish(self, observed: Observed, desired: Desired | None, sensor_address: IPv4Address | None) -> None:
        """Let collector and report see what is now, before anything is started that needs its socket."""
        selection = select(observed, desired, self._site)
        self._exposures = {
            name: Exposure(sensor_address, wanted.place.address, wanted.service.ports)
            for name, wanted in selection.wanted.items()
        }
        prepared = {name: current_container(observed, wanted) for name, wanted in selection.wanted.items()}
        self._sandboxes = {name: each.sandbox for name, each in prepared.items() if each is not None and each.prepared}
        self._collector.serve(selection.wanted.keys() | {each.service for each in observed.containers})
        report = report_services(observed, desired, self._site)
        with self._lock:
            self._report = report
            if desired is not None and report.complete:
                self._generation = desired.generation

    def _execute(self, actions: Iterable[Action]) -> bool:
        """Carry out the actions; one service's failure skips the rest of that service only.

        Returns:
            Whether another look is worth while: something has changed, and netfilter is in force.
        """
        failed: set[str] = set()
        progress = False
        for action in actions:
            service = getattr(action, "service", "")
            if service and service in failed:
                continue
            try:
                self._executor.execute(action)
            except EffectError as error:
                log.warning("action failed", action=type(action).__name__, service=service or None, reason=str(error))
                if isinstance(action, ApplyNetfilter):
                    first, self._netfilter_error = self._netfilter_error is None, str(error)
                    return first  # the next look stops what runs
                failed.add(service)
                self._note_failure(action, str(error))
                continue
            progress = True
            self._note_success(action)
        return progress

    def _note_failure(self, action: Action, reason: str) -> None:
        service, contract = getattr(action, "service", None), getattr(action, "contract", None)
        if service is not None and contract is not None:
            before = self._attempts.get(service)
            self._attempts[service] = after_failure(before, contract, time.monotonic(), random.random(), reason)

    def _note_success(self, action: Action) -> None:
        name = type(action).__name__
        if isinstance(action, ApplyNetfilter):
            self._netfilter_error = None
            log.info(
                "netfilter applied",
                forwards=len(action.forwarding.forwards),
                catch_all=str(action.forwarding.catch_all),
            )
            return
        log.info("action done", action=name, service=getattr(action, "service", None))
        if isinstance(action, StartContainer):
            before, now = self._attempts.get(action.service), time.monotonic()
            self._attempts[action.service] = after_start(
                before, action.contract, now, random.random(), again=action.again
            )
