"""A change of the way to the server is a trial: it stays only if the server is reached that way. Pure."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from sensor_manager.plan import dot1x
from sensor_wire.sensor_config import SensorConfig
from sensor_wire.v1.desired import Desired
from sensor_wire.v1.network import Network, NetworkMode, Proxy, ServerEndpoint

TRIAL_SECONDS = 180.0
"""Enough for a slow DHCP server and several polls with their pauses."""
MAX_STARTS = 3
"""A sensor that is restarted again and again while it tries something does not try it for ever."""


class Connection(BaseModel):
    """All on which it depends whether the server is reached; None: as the machine and its configuration have it."""

    model_config = ConfigDict(frozen=True)

    network: Network | None = None
    server: ServerEndpoint | None = None
    proxy: Proxy | None = None


class Trials(BaseModel):
    """What survives a restart.

    Attributes:
        confirmed: the last one with which the server answered.
        trying: one of which that is not known yet.
        starts: how often the manager has started while trying it.
        undone: the last one with which it did not; it is not tried again.
        reason: why not.
        found: what the interface had before anything was tried on it; it comes back with an undone trial.
        configured: what the configuration says; another one starts afresh.
    """

    model_config = ConfigDict(frozen=True)

    confirmed: Connection = Connection()
    trying: Connection | None = None
    starts: int = 0
    undone: Connection | None = None
    reason: str | None = None
    found: Network | None = None
    configured: Connection = Connection()

    @property
    def current(self) -> Connection:
        """What is to be in force now."""
        if self.trying is not None:
            return self.trying
        if self.undone is not None and left_alone(self.confirmed):
            return self.confirmed.model_copy(update={"network": self.found})
        return self.confirmed


@dataclass(frozen=True, slots=True)
class Clock:
    """When the trial began and when the server last answered, monotonic seconds; None: not in this run."""

    now: float
    since: float | None = None
    answered: float | None = None


def server_url(config: SensorConfig, connection: Connection) -> str:
    """Return where the server is: what it has said of itself counts more than the configuration."""
    server = connection.server
    if server is None:
        return config.server_url
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"https://{host}:{server.port}"


def connection_of(desired: Desired) -> Connection:
    """Return what a desired state says about the way to the server."""
    return Connection(network=desired.network, server=desired.server, proxy=desired.proxy)


def left_alone(connection: Connection) -> bool:
    """Tell whether this connection leaves the interface as it is."""
    return connection.network is None or connection.network.mode is NetworkMode.UNCONFIGURED


def fault(connection: Connection) -> str | None:
    """Say why this cannot even be tried; None when it can."""
    network = connection.network
    if network is not None and network.dot1x is not None and (reason := dot1x.fault(network.dot1x)) is not None:
        return reason
    if network is None or network.mode is not NetworkMode.STATIC:
        return None
    if network.address is None or network.prefix is None:
        return "static mode needs an address and a prefix"
    if network.prefix > network.address.max_prefixlen:
        return f"an address of IPv{network.address.version} has no prefix of {network.prefix}"
    if network.gateway is not None and network.gateway.version != network.address.version:
        return "address and gateway are of different families"
    return None


def configured_by(config: SensorConfig) -> Connection:
    """Return what the configuration says about the way to the server it names."""
    return Connection(network=config.network, proxy=config.proxy)


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
        if clock.answered is not None and clock.answered > clock.since:
            return _with(trials, confirmed=trials.trying)
        if clock.now - clock.since >= TRIAL_SECONDS:
            return _undo(trials, f"the server did not answer within {TRIAL_SECONDS:.0f} s")
    if trials.trying is None and wanted not in (trials.confirmed, trials.undone):
        return _with(trials, trying=wanted)
    if trials.trying is None and wanted == trials.confirmed and trials.undone is not None:
        return _with(trials)  # the server has taken it back
    return trials


def _undo(trials: Trials, reason: str) -> Trials:
    return _with(trials, undone=trials.trying, reason=reason)


def _with(trials: Trials, **values: Any) -> Trials:
    """What stays whatever becomes of a trial, and these values."""
    kept = {"confirmed": trials.confirmed, "found": trials.found, "configured": trials.configured}
    return Trials.model_validate(kept | values)
