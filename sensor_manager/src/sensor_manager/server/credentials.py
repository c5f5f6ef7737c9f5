"""What the sensor proves itself with, and whom it trusts: enrolled, renewed, exchanged."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import structlog

from sensor_manager.files import write_if_changed
from sensor_manager.model import Phase
from sensor_manager.plan.certificate import Step, next_step
from sensor_manager.server.authorities import accept_authorities
from sensor_manager.server.client import ServerClient
from sensor_manager.server.clock import ServerClock
from sensor_manager.server.config import load_config, registry_of
from sensor_manager.server.directions import Directions
from sensor_manager.server.enrolment import enrol
from sensor_manager.server.errors import ServerError
from sensor_manager.server.identify import identify
from sensor_manager.server.identity import adopt_next, enrolled, give_to_engine, validity
from sensor_manager.server.renewal import RenewalRefusedError, renew
from sensor_manager.settings import Settings
from sensor_wire.sensor_config import SensorConfig

RENEWAL_GAP = 600.0
"""Seconds between two attempts to renew."""

log = structlog.get_logger(__name__)


class Credentials:
    """Key, certificate and authorities, for the thread that talks to the server; `connect` is for all.

    Args:
        settings: where they are.
        config: the configuration at start; read again while enrolment does not work.
        clock: what time it is.
        directions: where the server is and how to get there.
        during: surrounds each enrolment.
    """

    def __init__(
        self,
        settings: Settings,
        config: SensorConfig,
        clock: ServerClock,
        *,
        directions: Directions,
        during: Callable[[Phase], AbstractContextManager[None]],
    ) -> None:
        self._settings = settings
        self._config = config
        self._clock = clock
        self._directions = directions
        self._during = during
        self._renew_at = 0.0
        self.refused = False
        """Whether the server has refused what the sensor showed."""

    def connect(self) -> ServerClient:
        """Return a client with the sensor's certificate.

        Raises:
            ServerError: the sensor has none yet.
        """
        if not enrolled(self._settings.key, self._settings.certificate, self._config.sensor_id, self._clock.at_least()):
            raise ServerError("the sensor is not enrolled yet")
        credentials = (self._settings.certificate, self._settings.key)
        return self._client(self._settings.authorities, credentials)

    def provide(self) -> None:
        """See to it that there is a certificate which the server accepts, for the sensor and for its engine.

        Raises:
            ServerError: the server is away or refuses.
            ConfigError: a new configuration is needed and there is none.
        """
        adopt_next(self._settings)
        if self._clock.now() is None and self._settings.authorities.exists():
            with self._stranger() as client:
                identify(client)  # tells the time too, by which the rest is judged
        own = validity(self._settings.key, self._settings.certificate, self._config.sensor_id)
        now = time.monotonic()
        step = next_step(own, self._clock.at_least(), refused=self.refused and now >= self._renew_at)
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
            except (ServerError, OSError) as error:
                log.warning("the certificate is not renewed yet", reason=str(error))
        self._arm_engine()

    def accept_authorities(self, chain: str) -> None:
        """Trust these authorities (PEM) from now on, if the server is covered by them.

        Raises:
            ServerError: it is not, or they are none; the last ones stay.
        """
        if accept_authorities(chain, self._settings, self._client):
            self._arm_engine()

    def _stranger(self) -> ServerClient:
        """Return a client without a certificate."""
        return self._client(self._settings.authorities)

    def _client(self, authorities: Path, credentials: tuple[Path, Path] | None = None) -> ServerClient:
        return self._directions.client(self._config, self._clock, authorities, credentials)

    def _renew(self) -> None:
        with self._stranger() as client:
            renew(client, self._config.sensor_id, self._settings)
        self.refused = False
        log.info("certificate renewed", sensor=self._config.sensor_id)

    def _enrol(self) -> None:
        self._config = load_config(self._settings.config)
        write_if_changed(self._settings.authorities, self._config.ca_chain)
        with self._during(Phase.ENROLMENT), self._stranger() as client:
            enrol(client, self._config, self._settings)
        self.refused = False
        log.info("enrolled", sensor=self._config.sensor_id, server=self._directions.url(self._config))

    def _arm_engine(self) -> None:
        give_to_engine(
            self._settings.docker_certs / registry_of(self._directions.url(self._config)),
            authorities=self._settings.authorities,
            certificate=self._settings.certificate,
            key=self._settings.key,
        )
