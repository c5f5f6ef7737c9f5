"""The conversation with the server: enrol once, then poll."""

import random
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from pydantic import ValidationError

from sensor_manager.files import move_durably, write_durably, write_if_changed
from sensor_manager.model import Phase
from sensor_manager.plan.backoff import backoff_delay
from sensor_manager.plan.certificate import Step, next_step
from sensor_manager.server.client import ServerClient
from sensor_manager.server.desired_store import load_desired, save_desired
from sensor_manager.server.enrolment import enrol
from sensor_manager.server.errors import ServerError
from sensor_manager.server.identify import identify
from sensor_manager.server.identity import adopt_next, check_authorities, enrolled, give_to_engine, validity
from sensor_manager.server.poll import poll
from sensor_manager.server.renewal import RenewalRefusedError, renew
from sensor_manager.settings import Settings
from sensor_wire.sensor_config import SensorConfig
from sensor_wire.v1.desired import Desired
from sensor_wire.v1.poll import Report

FIRST_DELAY = 1.0
MAX_DELAY = 60.0
DEFAULT_INTERVAL = 60.0
HTTPS_PORT = 443
REFUSALS = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
"""Answers to a poll after which the certificate may be what is wrong."""
RENEWAL_GAP = 600.0
"""Seconds between two attempts to renew."""
MIN_GAP = 2.0
"""Seconds between polls even when there is news."""

log = structlog.get_logger(__name__)


class ConfigError(Exception):
    """The configuration file cannot be used; the message says why and what to do."""


def load_config(path: Path) -> SensorConfig:
    """Read the sensor's configuration.

    Raises:
        ConfigError: it is missing or not a configuration.
    """
    try:
        return SensorConfig.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{error}; download the sensor's configuration from the server and put it there") from error
    except ValidationError as error:
        wrong = sorted({"/".join(str(part) for part in each["loc"]) for each in error.errors(include_input=False)})
        raise ConfigError(
            f"{path} is no sensor configuration (wrong: {', '.join(wrong)}); download it again"
        ) from error


def registry_of(config: SensorConfig) -> str:
    """Return `host:port` of the server, where the registry is too.

    The port is always said: without one the engine would take a plain name for a repository at a public registry.
    """
    address = urlsplit(config.server_url)
    return f"{address.hostname}:{address.port or HTTPS_PORT}"


class ServerContact:
    """One thread that enrols and polls, for as long as the daemon runs, however long the server is away.

    Args:
        settings: places of key, certificate and desired state.
        config: the configuration at start; read again while enrolment does not work.
        report: describes the sensor at this moment.
        on_desired: called with each new desired state.
        during: surrounds each enrolment and each poll with all that belongs to it.
    """

    def __init__(
        self,
        settings: Settings,
        config: SensorConfig,
        *,
        report: Callable[[], Report],
        on_desired: Callable[[Desired], None],
        during: Callable[[Phase], AbstractContextManager[None]],
    ) -> None:
        self._settings = settings
        self._config = config
        self._report = report
        self._on_desired = on_desired
        self._during = during
        self._last = load_desired(settings.desired)
        self._failures = 0
        self._refused = False
        self._renew_at = 0.0
        self._news = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="server", daemon=True)

    @property
    def last_desired(self) -> Desired | None:
        """The desired state of the last run or poll."""
        return self._last.desired if self._last else None

    def connect(self) -> ServerClient:
        """Return a client with the sensor's certificate.

        Raises:
            ServerError: the sensor has none yet.
        """
        if not self._enrolled():
            raise ServerError("the sensor is not enrolled yet")
        credentials = (self._settings.certificate, self._settings.key)
        return ServerClient(self._config.server_url, self._settings.authorities, credentials)

    def start(self) -> None:
        """Begin to talk to the server."""
        self._thread.start()

    def tell_news(self) -> None:
        """Poll soon: the sensor's state has changed."""
        self._news.set()

    def stop(self) -> None:
        """End the thread after the request that is under way."""
        self._stop.set()
        self._news.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with self._during(Phase.POLL):
                    self._talk()
                self._failures = 0
            except (ServerError, ConfigError) as error:
                self._failures += 1
                log.warning("the server cannot be reached or refuses", failures=self._failures, reason=str(error))
            except Exception:
                self._failures += 1
                log.exception("talking to the server failed")
            self._wait()

    def _wait(self) -> None:
        """Wait for the next poll: after failures for the back-off alone, else for the interval or news."""
        if self._failures:
            self._stop.wait(backoff_delay(self._failures, first=FIRST_DELAY, cap=MAX_DELAY, jitter=random.random()))
            return
        interval = float(self._last.desired.poll_interval) if self._last else DEFAULT_INTERVAL
        interval *= 0.9 + 0.1 * random.random()  # never later than asked for; a fleet started together spreads out
        if not self._stop.wait(min(MIN_GAP, interval)):
            self._news.wait(interval - min(MIN_GAP, interval))
        self._news.clear()

    def _talk(self) -> None:
        self._provide_certificate()
        self._arm_engine()
        try:
            with self.connect() as client:
                answer = poll(client, self._report(), self._last.etag if self._last else None)
        except ServerError as error:
            self._refused = error.status in REFUSALS
            raise
        if answer is not None:
            self._accept_authorities(answer.desired.ca_chain)
            save_desired(self._settings.desired, answer)
            self._last = answer
            log.info("new desired state", generation=answer.desired.generation, services=len(answer.desired.services))
            self._on_desired(answer.desired)

    def _enrolled(self) -> bool:
        return enrolled(self._settings.key, self._settings.certificate, self._config.sensor_id)

    def _provide_certificate(self) -> None:
        """See to it that there is a certificate which the server accepts."""
        adopt_next(self._settings)
        own = validity(self._settings.key, self._settings.certificate, self._config.sensor_id)
        now = time.monotonic()
        step = next_step(own, datetime.now(UTC), refused=self._refused and now >= self._renew_at)
        if step is Step.ENROL:
            self._enrol()
        elif step is Step.COME_BACK:
            self._renew_at = now + RENEWAL_GAP
            try:
                self._renew()
            except RenewalRefusedError as error:
                log.warning("the certificate cannot be renewed, trying to enrol", reason=str(error))
                self._enrol()
        elif step is Step.RENEW and now >= self._renew_at:
            self._renew_at = now + RENEWAL_GAP
            try:
                self._renew()
            except ServerError as error:
                log.warning("the certificate is not renewed yet", reason=str(error))

    def _renew(self) -> None:
        with ServerClient(self._config.server_url, self._settings.authorities) as client:
            renew(client, self._config.sensor_id, self._settings)
        self._refused = False
        log.info("certificate renewed", sensor=self._config.sensor_id)

    def _enrol(self) -> None:
        self._config = load_config(self._settings.config)
        write_if_changed(self._settings.authorities, self._config.ca_chain)
        with (
            self._during(Phase.ENROLMENT),
            ServerClient(self._config.server_url, self._settings.authorities) as client,
        ):
            enrol(client, self._config, self._settings)
        self._refused = False
        log.info("enrolled", sensor=self._config.sensor_id, server=self._config.server_url)

    def _accept_authorities(self, chain: str) -> None:
        try:
            check_authorities(chain)
        except ValueError as error:
            raise ServerError(f"the authorities in the desired state are no certificates ({error})") from error
        if self._settings.authorities.read_text(encoding="utf-8") == chain:
            return
        # A sensor that trusts the wrong ones is lost, so they are tried first.
        write_durably(self._settings.next_authorities, chain)
        try:
            with ServerClient(self._config.server_url, self._settings.next_authorities) as client:
                identify(client)
        except ServerError as error:
            raise ServerError(f"the new authorities do not fit the server, the last ones stay: {error}") from error
        move_durably(self._settings.next_authorities, self._settings.authorities)
        log.info("new authorities")
        self._arm_engine()

    def _arm_engine(self) -> None:
        give_to_engine(
            self._settings.docker_certs / registry_of(self._config),
            authorities=self._settings.authorities,
            certificate=self._settings.certificate,
            key=self._settings.key,
        )
