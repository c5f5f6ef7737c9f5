"""The time by the server's authenticated answers, for a machine whose own clock may be years off."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import structlog
from pydantic import BaseModel, Field, ValidationError

from sensor_manager.files import write_durably
from sensor_manager.plan.clock import KnownTime, certificate_fault, learn
from sensor_manager.stamp import Stamp, read_stamp

FLOOR_STEP = 86400.0
"""Seconds by which the floor rises before it is written again."""
MAX_OFFSET = 1e9
"""Seconds; the contract's bound. A clock that begins in 1970 is further off, and is said to be by so much."""
LATEST = 253402300799.0
"""The last second of the calendar."""

log = structlog.get_logger(__name__)


class ServerClock:
    """Safe for use by many threads.

    Args:
        path: where what is known survives a restart.
        on_known: called with the boot and when it began (seconds since 1970), as soon as that is known or has changed.
        stamp: reads this machine's clocks.
    """

    def __init__(
        self,
        path: Path,
        *,
        on_known: Callable[[str, float], None] = lambda _, __: None,
        stamp: Callable[[], Stamp] = read_stamp,
    ) -> None:
        self._path = path
        self._on_known = on_known
        self._stamp = stamp
        self._lock = threading.Lock()
        self._certificate_end = LATEST
        self._known = self._kept = _load(path)

    def now(self) -> datetime | None:
        """Return the time; None while the server has not answered in this boot of the machine."""
        stamp = self._stamp()
        moment = self._known.at(stamp.boot, stamp.uptime)
        return None if moment is None else datetime.fromtimestamp(moment, UTC)

    def at_least(self) -> datetime:
        """Return the time, or while it is not known the latest one that has passed in any case."""
        return self.now() or datetime.fromtimestamp(self._known.floor, UTC)

    def offset(self) -> float | None:
        """Return how many seconds the settable clock is ahead, as far as a report can say; None while not known."""
        stamp = self._stamp()
        moment = self._known.at(stamp.boot, stamp.uptime)
        return None if moment is None else min(max(stamp.wall - moment, -MAX_OFFSET), MAX_OFFSET)

    def fault(self, begin: datetime, end: datetime) -> str | None:
        """Return why a server's certificate that holds from then to then must not be trusted, or None."""
        now = self.now()
        fault = certificate_fault(
            begin.timestamp(),
            end.timestamp(),
            now=None if now is None else now.timestamp(),
            floor=self._known.floor,
        )
        if fault is None:
            self._certificate_end = end.timestamp()
        return fault

    def answered(self, date: str | None) -> None:
        """Learn from the `Date` of an answer that has come over an authenticated connection."""
        stamp = self._stamp()
        try:
            server = parsedate_to_datetime(date or "").timestamp()
        except (ValueError, OverflowError):
            return
        with self._lock:
            before = self._known
            self._known = learn(before, stamp.boot, stamp.uptime, server, self._certificate_end)
            changed = (before.boot, before.started) != (self._known.boot, self._known.started)
            if changed or self._known.floor - self._kept.floor > FLOOR_STEP:
                self._keep()
        if changed:
            log.info("the server's time is known", clock_ahead=round(stamp.wall - server))
            self._on_known(self._known.boot, self._known.started)

    def _keep(self) -> None:
        kept = _Kept(boot=self._known.boot, started=self._known.started, floor=self._known.floor)
        try:
            write_durably(self._path, kept.model_dump_json())
        except OSError as error:
            log.warning("the known time is not kept", path=str(self._path), reason=str(error))
            return
        self._kept = self._known


class _Kept(BaseModel):
    boot: str
    started: float = Field(ge=-LATEST, le=LATEST)
    floor: float = Field(ge=0, le=LATEST)


def _load(path: Path) -> KnownTime:
    try:
        kept = _Kept.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return KnownTime()
    except (ValidationError, OSError) as error:
        log.warning("the kept time cannot be used", path=str(path), reason=str(error))
        return KnownTime()
    return KnownTime(kept.boot, kept.started, kept.floor)
