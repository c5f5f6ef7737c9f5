"""Observe, plan, act, until nothing is left to do."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import structlog

from sensor_manager.effects.errors import EffectError
from sensor_manager.effects.executor import Executor, Means
from sensor_manager.model import Action, ApplyNetfilter, Attempts, IpAddress, Observed, Site, StartContainer
from sensor_manager.observing import look
from sensor_manager.plan.containers import plan
from sensor_manager.plan.contract import contract_hash
from sensor_manager.published import Published
from sensor_manager.rules_record import RulesRecord
from sensor_manager.spool.dialogue import CaptureUnavailableError
from sensor_manager.track_record import TrackRecord
from sensor_wire.v1.desired import Desired

MAX_ROUNDS = 50
"""Looks and plans within one cycle; a sane plan needs about six."""

log = structlog.get_logger(__name__)


class Reconciler:
    """Keeps the sensor as desired. `cycle` is for one thread; what it learns may be read by all.

    Args:
        means: what carries out actions, and is observed.
        serve: called with the names of all services whose socket must be there; says why some are not to be had.
        site: facts of the sensor.
        clock: monotonic time in seconds.
    """

    def __init__(
        self,
        means: Means,
        serve: Callable[[Collection[str]], Mapping[str, str]],
        site: Site,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = means.engine
        self._netfilter = means.netfilter
        self._puller = means.puller
        self._serve = serve
        self._unserved: Mapping[str, str] = {}
        self._site = site
        self._clock = clock
        self._executor = Executor(means)
        self._record = TrackRecord(means.engine.last_lines, clock)
        self.rules = RulesRecord()
        self._desired: Desired | None = None
        self.published = Published()

    def set_site(self, site: Site) -> None:
        """Take over other facts of the sensor; the next cycle works with them."""
        self._site = site

    @property
    def ipv6(self) -> bool:
        """Whether honeypots are reached by IPv6."""
        return self._site.pool6 is not None

    def set_desired(self, desired: Desired) -> None:
        """Take over a new desired state; the next cycle works towards it."""
        self._desired = desired

    def sandbox(self, service: str) -> str:
        """Return the prepared network namespace of a catch-all service.

        Raises:
            CaptureUnavailableError: it is none, or not prepared yet.
        """
        desired = self._desired
        if not any(each.name == service and each.catch_all for each in (desired.services if desired else ())):
            raise CaptureUnavailableError(f"{service} is no catch-all service", temporary=False)
        sandbox = self.published.sandbox(service)
        if sandbox is None:
            raise CaptureUnavailableError("the network namespace is being prepared; ask again", temporary=True)
        return sandbox

    def attempts(self) -> Mapping[str, Attempts]:
        """Return what has been tried, by contract."""
        return self._record.attempts()

    def cycle(self, sensor_addresses: Sequence[IpAddress]) -> float | None:
        """Work towards the desired state as far as possible now.

        Returns:
            The monotonic time at which something is to be tried again; None when nothing is.

        Raises:
            EffectError: the sensor cannot be observed.
        """
        desired = self._desired
        for _ in range(MAX_ROUNDS):
            observed = replace(self._observe(desired), addresses=tuple(sensor_addresses))
            self._unserved = self._serve(self.published.publish(observed, desired, self._site))
            actions = plan(observed, desired, self._site)
            if not actions or not self._execute(actions):
                break
            if self._desired is not desired:
                return observed.now
        return self._record.next_try(observed.now)

    def _observe(self, desired: Desired | None) -> Observed:
        now = self._clock()
        self._record.note_pulls(self._puller.results(), now)
        seen = look(self._engine, self._netfilter, desired, self._site, now)
        self.rules.look(in_force=seen.netfilter is not None, applied_before=self._netfilter.applied_before())
        self._netfilter.forget_namespaces({each.sandbox for each in seen.containers if each.sandbox})
        self._record.note_containers(seen.containers, now)
        wanted = {contract_hash(each) for each in (desired.services if desired else ())}
        self._record.forget_all_but(wanted | {each.contract for each in seen.containers})
        return replace(
            seen,
            pulling=self._puller.pulling(),
            netfilter_error=self.rules.error,
            attempts=self._record.attempts(),
        )

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
                self._refuse_unserved(action)
                self._executor.execute(action)
            except EffectError as error:
                log.warning("action failed", action=type(action).__name__, service=service or None, reason=str(error))
                if isinstance(action, ApplyNetfilter):
                    return self.rules.note_failure(str(error))  # the next look stops what runs
                failed.add(service)
                self._record.note_failure(action, str(error))
                continue
            progress = True
            self._note_success(action)
        return progress

    def _refuse_unserved(self, action: Action) -> None:
        """A honeypot that lacks what it is told beside its socket would show keys that it never shows again."""
        if isinstance(action, StartContainer) and action.service in self._unserved:
            raise EffectError(self._unserved[action.service])

    def _note_success(self, action: Action) -> None:
        if isinstance(action, ApplyNetfilter):
            self.rules.note_applied(action)
            return
        log.info("action done", action=type(action).__name__, service=getattr(action, "service", None))
        self._record.note_done(action)
