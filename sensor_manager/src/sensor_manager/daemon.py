"""The daemon: its parts, and the loop that keeps them going."""

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from socket import socket

import structlog

from sensor_manager import __version__
from sensor_manager.connection import ConnectionKeeper
from sensor_manager.effects.capture import open_capture_sockets
from sensor_manager.effects.cntlm import Cntlm
from sensor_manager.effects.errors import EffectError
from sensor_manager.effects.executor import Means
from sensor_manager.effects.images import ImagePuller
from sensor_manager.fetching import ImageFetcher
from sensor_manager.heartbeat import Heartbeat, write_heartbeat
from sensor_manager.log import configure_logging
from sensor_manager.model import IpAddress, Phase
from sensor_manager.plan.proxy import ProxyPlace, engine_url, needs_tunnel, place
from sensor_manager.plan.report import trouble_of
from sensor_manager.plan.service_identity import service_identity
from sensor_manager.plan.way import configured_by, connection_of
from sensor_manager.platforms import PLATFORMS
from sensor_manager.platforms.base import Phases
from sensor_manager.reach import Reach
from sensor_manager.reconciler import Reconciler
from sensor_manager.reporting import Reporter
from sensor_manager.seed import load_seed
from sensor_manager.selfcheck import SelfCheck, Told
from sensor_manager.server.client import ServerClient
from sensor_manager.server.clock import ServerClock
from sensor_manager.server.config import ConfigError, load_config
from sensor_manager.server.contact import ServerContact
from sensor_manager.server.credentials import Credentials
from sensor_manager.server.directions import Directions
from sensor_manager.server.errors import ServerError
from sensor_manager.settings import Settings
from sensor_manager.site import remembered_site_of
from sensor_manager.spool.collector import Collector
from sensor_manager.spool.dialogue import Dialogue
from sensor_manager.spool.store import SpoolStore, SpoolUnavailableError
from sensor_manager.spool.uploader import Uploader
from sensor_manager.status import write_settings, write_status
from sensor_wire.honeypot.socket import CaptureRequest
from sensor_wire.v1.desired import Desired
from sensor_wire.v1.poll import CheckReport

CYCLE_INTERVAL = 5.0
MIN_CYCLE_GAP = 0.2
STATE_MODE = 0o700
RUNTIME_MODE = 0o711
JOIN_TIMEOUT = 5.0

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
        write_settings(settings)
        daemon = Daemon(settings)
    except (ConfigError, SpoolUnavailableError, OSError) as error:
        log.error("the manager cannot start", reason=str(error))  # noqa: TRY400 - the message says it all
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: daemon.stop())
    daemon.run()
    return 0


class Daemon:
    """All parts of the manager, wired together."""

    def __init__(self, settings: Settings) -> None:
        config = load_config(settings.config)
        self._settings = settings
        self._config = config
        self._platform = PLATFORMS[settings.platform]()
        self._phases = Phases(self._platform)
        self._wake = threading.Event()
        self._stopping = False
        self._store = SpoolStore(settings.spool, on_append=self._events_wait)
        engine = self._platform.engine(settings)
        fetcher = ImageFetcher(engine, self._connect, self._platform.architecture)
        puller = ImagePuller(fetcher.fetch, on_end=self._wake.set)
        identity = partial(service_identity, load_seed(settings.seed))
        self._collector = Collector(
            settings.services, self._platform.honeypot_uid, self._dialogue, identity, self._reached_by
        )
        means = Means(engine, self._platform.netfilter(settings), puller)
        link = self._platform.link(settings)
        way = configured_by(config)
        self._connection = ConnectionKeeper(link, settings.connection, way, on_change=self._go_another_way)
        site = remembered_site_of(settings, self._connection.url(config))
        self._reconciler = Reconciler(means, self._collector.serve, site)
        self._selfcheck = SelfCheck(settings, config, self._platform, engine)
        self._reach = Reach(self._check)
        self._cntlm = Cntlm(settings.cntlm)
        self._clock = ServerClock(settings.clock, on_known=self._time_is_known)
        self._reporter = Reporter(
            settings,
            config,
            self._platform,
            self._reconciler,
            self._store,
            self._reach,
            self._connection,
            self._clock,
        )
        directions = Directions(self._connection.url, self._proxy)
        self._contact = ServerContact(
            settings,
            Credentials(settings, config, self._clock, directions=directions, during=self._talking),
            report=self._reporter.report,
            on_desired=self._take_desired,
            during=self._talking,
        )
        self._uploader = Uploader(self._store, self._contact.connect)
        if self._contact.last_desired is not None:
            self._take_desired(self._contact.last_desired)

    def stop(self) -> None:
        """End the loop soon; safe in a signal handler."""
        self._stopping = True
        self._wake.set()

    def run(self) -> None:
        """Loop until `stop`."""
        log.info("manager started", version=__version__, platform=self._platform.name)
        self._uploader.start()
        self._contact.start()
        progress_at = time.monotonic()
        while not self._stopping:
            self._wake.clear()
            delay, error = self._cycle()
            self._leave_status()
            now = time.monotonic()
            if error is None:
                progress_at = now
            write_heartbeat(self._settings.heartbeat, Heartbeat(cycle_at=now, progress_at=progress_at, error=error))
            self._wake.wait(delay)
        self._contact.stop()
        self._uploader.stop()
        self._collector.close()
        self._uploader.join(JOIN_TIMEOUT)
        self._cntlm.close()
        self._platform.close()
        self._store.close()
        log.info("manager stopped; honeypots go on")

    def _connect(self) -> ServerClient:
        return self._contact.connect()

    def _events_wait(self) -> None:
        self._uploader.wake()

    @contextmanager
    def _talking(self, phase: Phase) -> Iterator[None]:
        problem: str | None = None
        try:
            with self._phases.during(phase):
                yield
        except Exception as error:
            problem = str(error) or repr(error)
            raise
        finally:
            if problem is None and phase is Phase.POLL:
                self._connection.note_answer()
                self._uploader.server_is_back()
                self._tell_time()
            self._reach.note(phase, problem)

    def _check(self, refusal: str | None) -> CheckReport:
        told = Told(refusal, self._connection.report(), self._reconciler.netfilter_error)
        url, proxy = self._connection.url(self._config), self._connection.current.proxy
        return self._selfcheck.run(url, proxy, self._cntlm.url, told)

    def _proxy(self) -> ProxyPlace | None:
        proxy = self._connection.current.proxy
        if proxy is None:
            return None
        try:
            return place(proxy, self._cntlm.tunnel(proxy) if needs_tunnel(proxy) else None)
        except EffectError as error:
            raise ServerError(str(error)) from error

    def _tell_time(self) -> None:
        now = self._clock.now()
        if now is not None:
            self._platform.take_time(now)

    def _time_is_known(self, boot: str, started: float) -> None:
        try:
            self._store.note_boot(boot, started)
        except SpoolUnavailableError as error:
            log.warning("times of events are not corrected yet", reason=str(error))

    def _take_desired(self, desired: Desired) -> None:
        self._connection.want(connection_of(desired))
        self._reconciler.set_desired(desired)
        self._wake.set()

    def _go_another_way(self) -> None:
        self._reconciler.set_site(remembered_site_of(self._settings, self._connection.url(self._config)))
        self._contact.try_now()

    def _cycle(self) -> tuple[float, str | None]:
        """Run one cycle; returns the seconds until the next one, and why this one failed."""
        before = self._reporter.news()
        error: str | None = None
        retry_at: float | None = None
        try:
            addresses = self._addresses()
            self._platform.use_proxy(self._settings, engine_url(self._connection.current.proxy, self._cntlm.url))
            self._phases.begin(Phase.SERVICES)
            retry_at = self._reconciler.cycle(addresses)
        except EffectError as failure:
            log.warning("cycle failed", reason=str(failure))
            error = str(failure)
        except Exception as failure:
            log.exception("cycle failed")
            error = repr(failure)
        news = self._reporter.news()
        self._phases.end(Phase.SERVICES, error or trouble_of(news[1]))
        if news != before:
            self._contact.tell_news()
        left = CYCLE_INTERVAL if retry_at is None else retry_at - time.monotonic()
        return min(max(left, MIN_CYCLE_GAP), CYCLE_INTERVAL), error

    def _addresses(self) -> tuple[IpAddress, ...]:
        interface = self._settings.interface
        self._phases.begin(Phase.NETWORK)
        self._connection.cycle()
        addresses = self._platform.addresses(interface)
        self._phases.end(Phase.NETWORK, None if addresses else f"{interface} has no address")
        return addresses

    def _leave_status(self) -> None:
        status = self._reporter.status(self._contact.last_desired)
        try:
            write_status(self._settings.status, status)
        except OSError as error:
            log.warning("status not written", reason=str(error))

    def _dialogue(self, service: str) -> Dialogue:
        return Dialogue(service, self._store, lambda: self._reconciler.exposure(service), self._capture)

    def _reached_by(self, service: str) -> Sequence[IpAddress]:
        return self._reconciler.exposure(service).sensor_addresses

    def _capture(self, service: str, request: CaptureRequest) -> Sequence[socket]:
        six = request.ipv6 and self._reconciler.ipv6
        return open_capture_sockets(self._reconciler.sandbox(service), ipv6=six)
