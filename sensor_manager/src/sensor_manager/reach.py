"""Whether the server answers, and why not."""

import threading
import time
from collections.abc import Callable

import structlog

from sensor_manager.model import Phase
from sensor_wire.v1.poll import CheckReport

GAP_IN_TROUBLE = 60.0
GAP = 3600.0
"""Seconds between two self-checks while something is wrong, and while all is well."""

log = structlog.get_logger(__name__)


class Reach:
    """Notes how polls end, and has the self-check run when that may explain something. `note` is for one thread.

    Args:
        check: runs the self-check, in a thread of its own, for it may wait long; gets why the server has not given a
            usable answer, None when it has.
    """

    def __init__(self, check: Callable[[str | None], CheckReport]) -> None:
        self._check = check
        self._checked_at = -GAP
        self._checking = threading.Thread()
        self.answered_at: float | None = None
        self.refusal: str | None = None
        self.last_check: CheckReport | None = None

    def note(self, phase: Phase, problem: str | None) -> None:
        """Take in how a phase ended."""
        if phase is not Phase.POLL:
            return
        now = time.monotonic()
        self.refusal = problem
        if problem is None:
            self.answered_at = now
        well = problem is None and (self.last_check is None or all(each.ok for each in self.last_check.items))
        if self._checking.is_alive() or now - self._checked_at < (GAP if well else GAP_IN_TROUBLE):
            return
        self._checking = threading.Thread(target=self._run, args=(problem,), name="self-check", daemon=True)
        self._checking.start()

    def _run(self, problem: str | None) -> None:
        try:
            self.last_check = self._check(problem)
        except Exception:
            log.exception("the self-check failed")
            return
        finally:
            self._checked_at = time.monotonic()
        for each in self.last_check.items:
            if not each.ok:
                log.warning("self-check failed", item=each.name, detail=each.detail)
