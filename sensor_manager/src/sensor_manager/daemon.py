"""The daemon: its parts, and the loop that keeps them going."""

import signal
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import IPv4Network
from socket import socket

import structlog

from sensor_manager import __version__
from sensor_manager.effects.capture import open_capture_sockets
from sensor_manager.effects.docker_engine import DockerEngine
from sensor_manager.effects.errors import EffectError
from sensor_manager.effects.executor import Means
from sensor_manager.effects.images import ImagePuller
from sensor_manager.effects.nftables import Nftables
from sensor_manager.fetching import ImageFetcher
from sensor_manager.heartbeat import Heartbeat, write_heartbeat
from sensor_manager.log import configure_logging
from sensor_manager.model import Site
from sensor_manager.plan.report import ServicesReport, news_of
from sensor_manager.platforms import PLATFORMS
from sensor_manager.reconciler import Reconciler
from sensor_manager.server.client import ServerClient
from sensor_manager.server.contact import ConfigError, ServerContact, load_config, registry_of
from sensor_manager.server.identity import trusted
from sensor_manager.settings import HONEYPOT_UID, Settings
from sensor_manager.spool.collector import Collector
from sensor_manager.spool.dialogue import Dialogue
from sensor_manager.spool.store import SpoolStore, SpoolUnavailableError
from sensor_manager.spool.uploader import Uploader
from sensor_wire.v1.desired import Desired
from sensor_wire.v1.poll import Report

SERVICE_POOL = IPv4Network("10.10.10.0/24")
"""Addresses of the honeypots' networks, as in the documents."""
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
    configure_logging()
    settings.state.mkdir(mode=STATE_MODE, parents=True, exist_ok=True)
    settings.runtime.mkdir(mode=RUNTIME_MODE, parents=True, exist_ok=True)
    try:
        daemon = Daemon(settings)
    except (ConfigError, SpoolUnavailableError) as error:
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
        self._platform = PLATFORMS[settings.platform]()
        self._wake = threading.Event()
        self._stopping = False
        self._store = SpoolStore(settings.spool, on_append=self._events_wait)
        engine = DockerEngine(settings.docker, settings.services)
        fetcher = ImageFetcher(engine, self._connect, self._platform.architecture)
        puller = ImagePuller(fetcher.fetch, on_end=self._wake.set)
        self._collector = Collector(settings.services, HONEYPOT_UID, self._dialogue)
        site = Site(registry=registry_of(config), interface=settings.interface, pool=SERVICE_POOL)
        nftables = Nftables(settings.fingerprints)
        self._reconciler = Reconciler(Means(engine, nftables, puller), self._collector.serve, site)
        self._contact = ServerContact(
            settings,
            config,
            report=self._report,
            on_desired=self._take_desired,
            on_answer=self._server_answers,
        )
        self._uploader = Uploader(self._store, self._contact.connect)
        if self._contact.last_desired is not None:
            self._reconciler.set_desired(self._contact.last_desired)

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
            now = time.monotonic()
            if error is None:
                progress_at = now
            write_heartbeat(self._settings.heartbeat, Heartbeat(cycle_at=now, progress_at=progress_at, error=error))
            self._wake.wait(delay)
        self._contact.stop()
        self._uploader.stop()
        self._collector.close()
        self._uploader.join(JOIN_TIMEOUT)
        self._store.close()
        log.info("manager stopped; honeypots go on")

    def _connect(self) -> ServerClient:
        return self._contact.connect()

    def _events_wait(self) -> None:
        self._uploader.wake()

    def _server_answers(self) -> None:
        self._uploader.server_is_back()

    def _take_desired(self, desired: Desired) -> None:
        self._reconciler.set_desired(desired)
        self._wake.set()

    def _cycle(self) -> tuple[float, str | None]:
        """Run one cycle; returns the seconds until the next one, and why this one failed."""
        before = self._news()
        error: str | None = None
        retry_at: float | None = None
        try:
            retry_at = self._reconciler.cycle(self._platform.address(self._settings.interface))
        except EffectError as failure:
            log.warning("cycle failed", reason=str(failure))
            error = str(failure)
        except Exception as failure:
            log.exception("cycle failed")
            error = repr(failure)
        if self._news() != before:
            self._contact.tell_news()
        left = CYCLE_INTERVAL if retry_at is None else retry_at - time.monotonic()
        return min(max(left, MIN_CYCLE_GAP), CYCLE_INTERVAL), error

    def _news(self) -> tuple[int, ServicesReport]:
        generation, services = self._reconciler.report()
        return generation, news_of(services)

    def _report(self) -> Report:
        figures = self._platform.figures(self._settings.state)
        address = self._platform.address(self._settings.interface)
        generation, services = self._reconciler.report()
        error = self._reconciler.netfilter_error
        return Report(
            observed_at=datetime.now(UTC),
            generation=generation,
            firmware=__version__,
            platform=self._platform.name,
            architecture=self._platform.architecture,
            addresses=[address] if address is not None else [],
            uptime=figures.uptime,
            memory_total=figures.memory_total,
            memory_available=figures.memory_available,
            disk_total=figures.disk_total,
            disk_used=figures.disk_used,
            trust=trusted(self._settings.authorities),
            spool=self._store.report(),
            services=list(services.services),
            error=error[:256] if error else None,
        )

    def _dialogue(self, service: str) -> Dialogue:
        return Dialogue(service, self._store, lambda: self._reconciler.exposure(service), self._capture)

    def _capture(self, service: str) -> Sequence[socket]:
        return open_capture_sockets(self._reconciler.sandbox(service))
