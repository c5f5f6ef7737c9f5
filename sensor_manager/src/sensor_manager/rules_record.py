"""How it went with the sensor's netfilter rules: why none are in force, and how often somebody has changed them."""

from datetime import UTC, datetime

import structlog

from sensor_manager.model import ApplyNetfilter
from sensor_wire.v1.poll import NetfilterReport

log = structlog.get_logger(__name__)


class RulesRecord:
    """Written by one thread; may be read by all."""

    def __init__(self) -> None:
        self.error: str | None = None
        """Why no honeypot may run, or None."""
        self.repairs: NetfilterReport | None = None
        """How often somebody else's change was put right; None while nobody has changed any."""
        self._meddled_with = False

    def look(self, *, in_force: bool, applied_before: bool) -> None:
        """Take in whether rules of ours were found, and whether any have been applied since the machine started."""
        self._meddled_with = not in_force and applied_before

    def note_applied(self, action: ApplyNetfilter) -> None:
        """Take in that rules have come in force."""
        if self._meddled_with and self.error is None:
            before = self.repairs.repairs if self.repairs else 0
            self.repairs = NetfilterReport(repairs=before + 1, repaired_at=datetime.now(UTC))
            log.warning("somebody has changed the netfilter rules; they are put right", repairs=before + 1)
        self.error = None
        log.info(
            "netfilter applied",
            forwards=len(action.forwarding.forwards),
            catch_alls=[str(each.at or "all") for each in action.forwarding.catch_alls],
        )

    def note_failure(self, reason: str) -> bool:
        """Take in that rules could not be applied; tell whether that is new."""
        first, self.error = self.error is None, reason
        return first
