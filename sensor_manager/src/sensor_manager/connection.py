"""Keeps the way to the server: applies what is wanted, and goes back when the server is lost by it."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from sensor_manager.effects.errors import EffectError
from sensor_manager.effects.ports import Link
from sensor_manager.files import write_durably
from sensor_manager.interface_keeper import NOT_AUTHORIZED, InterfaceKeeper
from sensor_manager.kept_trials import described, load_trials
from sensor_manager.model import IpAddress
from sensor_manager.plan.trial import Clock, Trials, after_start, has_answered, next_trials
from sensor_manager.plan.way import Connection, fault, left_alone, server_url
from sensor_wire.sensor_config import SensorConfig
from sensor_wire.v1.poll import ConnectionReport, ConnectionState

log = structlog.get_logger(__name__)


class ConnectionKeeper:
    """Applies a connection as a trial, and undoes what does not lead to the server. `cycle` is for one thread.

    Args:
        link: the interface and files of names.
        kept: file that keeps confirmed and tried connections over restarts.
        configured: what holds until the server says more.
        on_change: called when the way to the server has become another: somebody should try it at once.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        link: Link,
        kept: Path,
        configured: Connection,
        *,
        on_change: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._interface = InterfaceKeeper(link)
        self._kept = kept
        self._on_change = on_change
        self._clock = clock
        self._lock = threading.Lock()
        self._answered: float | None = None
        self._since: float | None = None
        self._fault: str | None = None
        self._in_force: float | None = None
        self._on_disk = load_trials(kept)
        self._trials = after_start(self._on_disk, configured)
        # Until the server says more, it wants what it wanted last.
        self._wanted = self._trials.trying or self._trials.undone or self._trials.confirmed
        if self._is_open(self._trials):
            self._since = clock()
        self._save()

    @property
    def current(self) -> Connection:
        """The connection in force, or on trial."""
        return self._trials.current

    def url(self, config: SensorConfig) -> str:
        """Where the server is by the connection in force."""
        return server_url(config, self._trials.current)

    def want(self, connection: Connection) -> None:
        """Take over what the server asks for; the next cycle tries it."""
        self._fault = fault(connection)
        if self._fault is None:
            with self._lock:
                self._wanted = connection

    def note_answer(self) -> None:
        """The server has answered just now, on the connection in force."""
        self._answered = self._clock()

    def cycle(self) -> None:
        """Decide about a trial and bring the interface to where it shall be, as far as possible now."""
        with self._lock:
            wanted = self._wanted
        before = self._trials
        clock = Clock(self._clock(), self._since, self._answered, self._in_force, self._interface.error)
        self._trials = next_trials(before, wanted, clock)
        if self._trials.trying is None and has_answered(clock):
            self._since = None  # the server is there: what was undone was tried in earnest
        begins = self._trials.trying is not None and before.trying is None
        if begins and left_alone(before.current):
            self._remember_found()
        changed = self._trials.current != before.current
        if self._trials != before:
            self._tell(before)
        self._save()
        self._interface.bring_to(self._trials.current)
        # A port that lets everybody in proves nothing against 802.1X, and the server is reached by what is in force.
        if self._interface.error not in {None, NOT_AUTHORIZED}:
            self._in_force = None
        elif changed or self._in_force is None:
            self._in_force = self._clock()
        if changed:
            # From here on, for an answer that was under way meanwhile proves nothing.
            self._since = self._clock() if self._is_open(self._trials) else None
            self._on_change()

    @property
    def further_addresses(self) -> tuple[IpAddress, ...]:
        """The further addresses that the interface had when it was last looked at."""
        return self._interface.further_addresses

    def report(self) -> ConnectionReport:
        """Describe it for the server."""
        trials = self._trials
        state = ConnectionState.TRYING if trials.trying is not None else ConnectionState.CONFIRMED
        if trials.undone is not None:
            state = ConnectionState.UNDONE
        reason = self._fault or trials.reason or self._interface.error
        return ConnectionReport(state=state, reason=reason[:256] if reason else None)

    @staticmethod
    def _is_open(trials: Trials) -> bool:
        """Whether an answer of the server, or that none comes, means something."""
        return trials.trying is not None or trials.undone is not None

    def _remember_found(self) -> None:
        try:
            found = self._interface.found()
        except EffectError:  # told when it is to be changed
            return
        self._trials = self._trials.model_copy(update={"found": found})

    def _tell(self, before: Trials) -> None:
        if self._trials.trying is not None:
            log.info("trying another connection", **described(self._trials.trying))
        elif self._trials.undone is not None and before.trying is not None:
            log.warning("the connection is undone", reason=self._trials.reason, **described(self._trials.confirmed))
        elif before.trying is not None:
            log.info("the connection is confirmed", **described(self._trials.confirmed))

    def _save(self) -> None:
        """Bring it to disk if that has something else; a full one hinders nothing, the next cycle tries again."""
        if self._trials == self._on_disk:
            return
        try:
            write_durably(self._kept, self._trials.model_dump_json())
        except OSError as error:
            log.warning("the state of the connection is not kept yet", reason=str(error))
            return
        self._on_disk = self._trials
