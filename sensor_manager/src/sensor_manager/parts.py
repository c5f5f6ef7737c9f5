"""The manager's parts, wired together: what each of them needs of the others."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import structlog

from sensor_manager.connection import ConnectionKeeper
from sensor_manager.effects.cntlm import Cntlm
from sensor_manager.effects.errors import EffectError
from sensor_manager.effects.executor import Means
from sensor_manager.effects.images import ImagePuller
from sensor_manager.fetching import ImageFetcher
from sensor_manager.honeypot_doors import HoneypotDoors
from sensor_manager.model import Phase
from sensor_manager.plan.proxy import ProxyPlace, needs_tunnel, place
from sensor_manager.plan.service_identity import service_identity
from sensor_manager.plan.way import configured_by, connection_of
from sensor_manager.platforms import PLATFORMS
from sensor_manager.platforms.base import Phases
from sensor_manager.reach import Reach
from sensor_manager.reconciler import Reconciler
from sensor_manager.reporting import Reporter
from sensor_manager.scratch import Scratch
from sensor_manager.seed import load_seed
from sensor_manager.selfcheck import SelfCheck, Told
from sensor_manager.server.client import ServerClient
from sensor_manager.server.clock import ServerClock
from sensor_manager.server.config import load_config
from sensor_manager.server.contact import ServerContact
from sensor_manager.server.credentials import Credentials
from sensor_manager.server.directions import Directions
from sensor_manager.server.errors import ServerError
from sensor_manager.settings import Settings
from sensor_manager.site import remembered_site_of
from sensor_manager.spool.collector import Collector
from sensor_manager.spool.store import SpoolStore, SpoolUnavailableError
from sensor_manager.spool.uploader import Uploader
from sensor_wire.v1.desired import Desired
from sensor_wire.v1.poll import CheckReport

JOIN_TIMEOUT = 5.0

log = structlog.get_logger(__name__)


class Parts:
    """All parts of the manager; those with threads of their own work from `start` to `close`.

    Args:
        settings: what the command line says.
        wake: set whenever the loop should look again at once.

    Raises:
        ConfigError: there is no usable configuration.
        SpoolUnavailableError: the spool's folder is missing.
    """

    def __init__(self, settings: Settings, wake: threading.Event) -> None:
        config = load_config(settings.config)
        self._settings = settings
        self._config = config
        self.platform = PLATFORMS[settings.platform]()
        self.phases = Phases(self.platform)
        self._wake = wake
        self._store = SpoolStore(settings.spool, on_append=self._events_wait)
        engine = self.platform.engine(settings)
        fetcher = ImageFetcher(engine, self._connect, self.platform.architecture)
        puller = ImagePuller(fetcher.fetch, on_end=self._wake.set)
        identity = partial(service_identity, load_seed(settings.seed))
        netfilter = self.platform.netfilter(settings)
        doors = HoneypotDoors(self._store, netfilter, lambda: self.reconciler)
        self._collector = Collector(
            settings.services, self.platform.honeypot_uid, doors.dialogue, identity, doors.addresses
        )
        means = Means(engine, netfilter, puller)
        link = self.platform.link(settings)
        way = configured_by(config)
        self.connection = ConnectionKeeper(link, settings.connection, way, on_change=self._go_another_way)
        site = remembered_site_of(settings, self.connection.url(config))
        self.reconciler = Reconciler(means, self._collector.serve, site)
        self._selfcheck = SelfCheck(settings, config, self.platform, engine)
        self._reach = Reach(self._check)
        self.cntlm = Cntlm(settings.cntlm)
        self.scratch = Scratch()
        self._clock = ServerClock(settings.clock, on_known=self._time_is_known)
        self.reporter = Reporter(
            settings,
            config,
            self.platform,
            self.reconciler,
            self._store,
            self._reach,
            self.connection,
            self._clock,
            self.scratch,
        )
        directions = Directions(self.connection.url, self._proxy)
        self.contact = ServerContact(
            settings,
            Credentials(settings, config, self._clock, directions=directions, during=self._talking),
            report=self.reporter.report,
            on_desired=self._take_desired,
            during=self._talking,
        )
        self._uploader = Uploader(self._store, self.contact.connect)
        if self.contact.last_desired is not None:
            self._take_desired(self.contact.last_desired)

    def start(self) -> None:
        """Begin to talk to the server."""
        self._uploader.start()
        self.contact.start()

    def close(self) -> None:
        """End all threads and helpers; honeypots go on."""
        self.contact.stop()
        self._uploader.stop()
        self._collector.close()
        self._uploader.join(JOIN_TIMEOUT)
        self.cntlm.close()
        self.platform.close()
        self._store.close()

    def _connect(self) -> ServerClient:
        return self.contact.connect()

    def _events_wait(self) -> None:
        self._uploader.wake()

    @contextmanager
    def _talking(self, phase: Phase) -> Iterator[None]:
        problem: str | None = None
        try:
            with self.phases.during(phase):
                yield
        except Exception as error:
            problem = str(error) or repr(error)
            raise
        finally:
            if problem is None and phase is Phase.POLL:
                self.connection.note_answer()
                self._uploader.server_is_back()
                self._tell_time()
            self._reach.note(phase, problem)

    def _check(self, refusal: str | None) -> CheckReport:
        url, proxy = self.connection.url(self._config), self.connection.current.proxy
        told = Told(refusal, self.connection.report(), self.reconciler.rules.error)
        return self._selfcheck.run(url, proxy, self.cntlm.url, told)

    def _proxy(self) -> ProxyPlace | None:
        proxy = self.connection.current.proxy
        if proxy is None:
            return None
        try:
            return place(proxy, self.cntlm.tunnel(proxy) if needs_tunnel(proxy) else None)
        except EffectError as error:
            raise ServerError(str(error)) from error

    def _tell_time(self) -> None:
        now = self._clock.now()
        if now is not None:
            self.platform.take_time(now)

    def _time_is_known(self, boot: str, started: float) -> None:
        try:
            self._store.note_boot(boot, started)
        except SpoolUnavailableError as error:
            log.warning("times of events are not corrected yet", reason=str(error))

    def _take_desired(self, desired: Desired) -> None:
        self.connection.want(connection_of(desired))
        self.reconciler.set_desired(desired)
        self._wake.set()

    def _go_another_way(self) -> None:
        self.reconciler.set_site(remembered_site_of(self._settings, self.connection.url(self._config)))
        self.contact.try_now()
