"""The daemon: the loop that keeps the manager's parts going, and its signs of life."""

import signal
import threading
import time

import structlog

from sensor_manager import __version__
from sensor_manager.effects.errors import EffectError
from sensor_manager.heartbeat import Heartbeat, write_heartbeat
from sensor_manager.log import configure_logging
from sensor_manager.model import IpAddress, Phase
from sensor_manager.parts import Parts
from sensor_manager.plan.proxy import engine_url
from sensor_manager.plan.report import trouble_of
from sensor_manager.server.config import ConfigError
from sensor_manager.settings import Settings
from sensor_manager.spool.store import SpoolUnavailableError
from sensor_manager.status import write_settings, write_status

CYCLE_INTERVAL = 5.0
MIN_CYCLE_GAP = 0.2
STATE_MODE = 0o700
RUNTIME_MODE = 0o711

log = structlog.get_logger(__name__)


def run(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; honeypots go on without the daemon.

    Returns:
        The exit code: 0 after a signal, 1 when the daemon cannot start at all.
    """
    try:
        settings.state.mkdir(mode=STATE_MODE, parents=True, exist_ok=True)
        settings.runtime.mkdir(mode=RUNTIME_MODE, parents=True, exist_ok=True)
        configure_logging(settings.runtime)
        daemon = Daemon(settings)
    except (ConfigError, SpoolUnavailableError, OSError) as error:
        log.error("the manager cannot start", reason=str(error))  # noqa: TRY400 - the message says it all
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: daemon.stop())
    daemon.run()
    return 0


class Daemon:
    """The loop; its parts are in `parts`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._wake = threading.Event()
        self._stopping = False
        self._settings_left = False
        self._parts = Parts(settings, self._wake)

    def stop(self) -> None:
        """End the loop soon; safe in a signal handler."""
        self._stopping = True
        self._wake.set()

    def run(self) -> None:
        """Loop until `stop`."""
        log.info("manager started", version=__version__, platform=self._parts.platform.name)
        self._parts.start()
        progress_at = time.monotonic()
        while not self._stopping:
            self._wake.clear()
            delay, error = self._cycle()
            now = time.monotonic()
            if error is None:
                progress_at = now
            self._leave_signs(Heartbeat(cycle_at=now, progress_at=progress_at, error=error))
            self._wake.wait(delay)
        self._parts.close()
        log.info("manager stopped; honeypots go on")

    def _cycle(self) -> tuple[float, str | None]:
        """Run one cycle; returns the seconds until the next one, and why this one failed."""
        before = self._parts.reporter.news()
        error: str | None = None
        retry_at: float | None = None
        try:
            addresses = self._addresses()
            self._lead_engine()
            self._parts.phases.begin(Phase.SERVICES)
            retry_at = self._parts.reconciler.cycle(addresses)
        except EffectError as failure:
            log.warning("cycle failed", reason=str(failure))
            error = str(failure)
        except Exception as failure:
            log.exception("cycle failed")
            error = repr(failure)
        news = self._parts.reporter.news()
        self._parts.phases.end(Phase.SERVICES, error or trouble_of(news[1]))
        if news != before:
            self._parts.contact.tell_news()
        left = CYCLE_INTERVAL if retry_at is None else retry_at - time.monotonic()
        return min(max(left, MIN_CYCLE_GAP), CYCLE_INTERVAL), error

    def _addresses(self) -> tuple[IpAddress, ...]:
        interface = self._settings.interface
        self._parts.phases.begin(Phase.NETWORK)
        self._parts.connection.cycle()
        addresses = self._parts.platform.addresses(interface)
        self._parts.phases.end(Phase.NETWORK, None if addresses else f"{interface} has no address")
        return addresses

    def _lead_engine(self) -> None:
        """Have the engine use the proxy; without it images do not come, and what is there can be run all the same."""
        proxy = self._parts.connection.current.proxy
        try:
            with self._parts.scratch.trying("the proxy of the engine"):
                self._parts.platform.use_proxy(self._settings, engine_url(proxy, self._parts.cntlm.url))
        except EffectError as error:
            log.warning("the engine does not use the proxy yet", reason=str(error))

    def _leave_signs(self, beat: Heartbeat) -> None:
        scratch = self._parts.scratch
        with scratch.trying("the sign of life"):
            write_heartbeat(self._settings.heartbeat, beat)
        with scratch.trying("the settings for those who look"):
            if not self._settings_left:
                write_settings(self._settings)
                self._settings_left = True
        with scratch.trying("the status for those who look"):
            write_status(self._settings.status, self._parts.reporter.status(self._parts.contact.last_desired))
