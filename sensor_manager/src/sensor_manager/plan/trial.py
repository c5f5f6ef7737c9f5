"""A change of the way to the server is a trial: it stays only if the server is reached that way. Pure."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from sensor_manager.plan.way import Connection, left_alone
from sensor_wire.v1.network import Network

TRIAL_SECONDS = 180.0
"""Enough for a slow DHCP server and several polls with their pauses."""
AWAY_SECONDS = 60.0
"""Without an answer for so long after a trial was undone, the server was away, and the trial has proved nothing."""
MAX_RETRIES = 3
"""A trial that has proved nothing is repeated when the server is back, but not for ever."""
MAX_STARTS = 3
"""A sensor that is restarted again and again while it tries something does not try it for ever."""


class Trials(BaseModel):
    """What survives a restart.

    Attributes:
        confirmed: the last one with which the server answered.
        trying: one of which that is not known yet.
        starts: how often the manager has started while trying it.
        undone: the last one with which it did not; it is not tried again unless the server itself was away.
        retries: how often it has been tried again.
        reason: why not.
        found: what the interface had before anything was tried on it; it comes back with an undone trial.
        configured: what the configuration says; another one starts afresh.
    """

    model_config = ConfigDict(frozen=True)

    confirmed: Connection = Connection()
    trying: Connection | None = None
    starts: int = 0
    undone: Connection | None = None
    retries: int = 0
    reason: str | None = None
    found: Network | None = None
    configured: Connection = Connection()

    @property
    def current(self) -> Connection:
        """What is to be in force now."""
        if self.trying is not None:
            return self.trying
        if self.undone is None or not left_alone(self.confirmed):
            return self.confirmed
        back, own = self.found, self.confirmed.network
        if own is not None and own.dot1x is not None:  # which is in force whoever gives the interface its addresses
            back = (back or Network()).model_copy(update={"dot1x": own.dot1x})
        return self.confirmed.model_copy(update={"network": back})


@dataclass(frozen=True, slots=True)
class Clock:
    """Monotonic seconds; None: not in this run.

    Attributes:
        since: when the trial began or was undone; None as well once it is clear that the server was there then.
        answered: when the server last answered.
        in_force: since when the interface is as the connection asks for, a lease included; None: it is not.
        hindrance: what is wrong with it now.
    """

    now: float
    since: float | None = None
    answered: float | None = None
    in_force: float | None = None
    hindrance: str | None = None


def after_start(trials: Trials, configured: Connection) -> Trials:
    """What a restart changes: a trial goes on, but not for ever, and another configuration counts more than all before.

    What the configuration says is no trial: there is nothing to go back to, and the server may be away for days.
    """
    if configured != trials.configured:
        return Trials(confirmed=configured, configured=configured, found=trials.found)
    if trials.trying is None:
        return trials
    if trials.starts + 1 >= MAX_STARTS:
        return _undo(trials, f"the sensor was restarted {trials.starts + 1} times while trying it")
    return trials.model_copy(update={"starts": trials.starts + 1})


def next_trials(trials: Trials, wanted: Connection, clock: Clock) -> Trials:
    """Confirm, undo or begin a trial, or leave all as it is.

    Args:
        trials: what is in force and what has been tried.
        wanted: what the server last asked for.
        clock: the trial's times.
    """
    if trials.trying is not None and clock.since is not None:
        # An answer by what the interface had before proves nothing.
        if has_answered(clock) and clock.in_force is not None and (clock.answered or 0) > clock.in_force:
            return _with(trials, confirmed=trials.trying)
        if clock.now - clock.since >= TRIAL_SECONDS:
            seconds = f"{TRIAL_SECONDS:.0f} s"
            silent = f"the server did not answer within {seconds}"
            return _undo(trials, f"{clock.hindrance} (tried for {seconds})" if clock.hindrance else silent)
    if trials.trying is None and wanted not in (trials.confirmed, trials.undone):
        return _with(trials, trying=wanted)
    if trials.trying is None and wanted == trials.undone and was_away(clock) and trials.retries < MAX_RETRIES:
        return _with(trials, trying=wanted, retries=trials.retries + 1)
    if trials.trying is None and wanted == trials.confirmed and trials.undone is not None:
        return _with(trials)  # the server has taken it back
    return trials


def was_away(clock: Clock) -> bool:
    """Tell whether the server, which now answers, did not do so after a trial was undone: it was away."""
    return has_answered(clock) and clock.answered is not None and clock.answered - (clock.since or 0) >= AWAY_SECONDS


def has_answered(clock: Clock) -> bool:
    """Tell whether the server has answered since then."""
    return clock.since is not None and clock.answered is not None and clock.answered > clock.since


def _undo(trials: Trials, reason: str) -> Trials:
    return _with(trials, undone=trials.trying, reason=reason, retries=trials.retries)


def _with(trials: Trials, **values: Any) -> Trials:
    """What stays whatever becomes of a trial, and these values."""
    kept = {"confirmed": trials.confirmed, "found": trials.found, "configured": trials.configured}
    return Trials.model_validate(kept | values)
