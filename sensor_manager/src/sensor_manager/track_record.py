"""What has been tried under each contract, and how it went."""

import random
from collections.abc import Callable, Iterable, Mapping

import structlog

from sensor_manager.effects.errors import EffectError
from sensor_manager.effects.images import PullResult
from sensor_manager.model import Action, Attempts, ObservedContainer, StartContainer
from sensor_manager.plan.attempts import STABLE_AFTER, after_end, after_failure, after_start, after_success
from sensor_manager.plan.report import ending_of

log = structlog.get_logger(__name__)


class TrackRecord:
    """Attempts by contract; lives as long as the manager, for one thread.

    Args:
        last_lines: reads the end of a container's log by its id; raises `EffectError`.
        clock: monotonic time in seconds.
    """

    def __init__(self, last_lines: Callable[[str], tuple[str, ...]], clock: Callable[[], float]) -> None:
        self._last_lines = last_lines
        self._clock = clock
        self._attempts: dict[str, Attempts] = {}
        self._running_since: dict[str, float] = {}
        self._ends: dict[str, str] = {}

    def attempts(self) -> Mapping[str, Attempts]:
        """Return a copy of all."""
        return dict(self._attempts)

    def next_try(self, now: float) -> float | None:
        """Return the earliest time in the future at which something is to be tried again."""
        return min((each.retry_at for each in self._attempts.values() if each.retry_at > now), default=None)

    def note_pulls(self, results: Iterable[PullResult], now: float) -> None:
        """Take in the pulls that have ended."""
        for result in results:
            service, contract = result.request.service, result.request.contract
            before = self._attempts.get(contract)
            if result.error is None:
                log.info("image arrived", service=service, image=result.request.image)
                self._attempts[contract] = after_success(before)
            else:
                log.warning("image not pulled", service=service, reason=result.error)
                self._attempts[contract] = after_failure(before, now, random.random(), result.error)

    def note_containers(self, containers: Iterable[ObservedContainer], now: float) -> None:
        """Take in who has ended since the last look, and who has run for long enough."""
        containers = tuple(containers)
        self._note_ends({each.id: each for each in containers if each.started and not each.running})
        running = {each.sandbox: each for each in containers if each.running}
        self._running_since = {sandbox: self._running_since.get(sandbox, now) for sandbox in running}
        for sandbox, container in running.items():
            attempts = self._attempts.get(container.contract)
            if attempts is not None and attempts.count and now - self._running_since[sandbox] >= STABLE_AFTER:
                self._attempts[container.contract] = after_success(attempts)

    def note_done(self, action: Action) -> None:
        """Take in an action that worked."""
        if isinstance(action, StartContainer):
            before = self._attempts.get(action.contract)
            self._attempts[action.contract] = after_start(before, self._clock(), random.random(), again=action.again)

    def note_failure(self, action: Action, reason: str) -> None:
        """Take in an action that did not work."""
        contract = getattr(action, "contract", None)
        if contract is not None:
            before = self._attempts.get(contract)
            self._attempts[contract] = after_failure(before, self._clock(), random.random(), reason)

    def forget_all_but(self, contracts: Iterable[str]) -> None:
        """Drop what concerns contracts that nobody wants and no container has."""
        self._attempts = {contract: self._attempts[contract] for contract in self._attempts.keys() & set(contracts)}

    def _note_ends(self, ended: Mapping[str, ObservedContainer]) -> None:
        for identifier, container in ended.items():
            if self._ends.get(identifier) == container.ended:
                continue
            ending, lines = ending_of(container), self._read(identifier)
            log.warning("a honeypot ended", service=container.service, reason=ending, last_lines=lines)
            self._attempts[container.contract] = after_end(self._attempts.get(container.contract), ending, lines)
        self._ends = {identifier: container.ended for identifier, container in ended.items()}

    def _read(self, identifier: str) -> tuple[str, ...]:
        try:
            return self._last_lines(identifier)
        except EffectError as error:
            return (str(error)[:100],)
