"""The conversation with the server: enrol once, then poll."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http import HTTPStatus

import structlog

from sensor_manager.model import Phase
from sensor_manager.plan.backoff import backoff_delay
from sensor_manager.server.client import ServerClient
from sensor_manager.server.config import ConfigError
from sensor_manager.server.credentials import Credentials
from sensor_manager.server.desired_store import load_desired, save_desired
from sensor_manager.server.errors import ServerError
from sensor_manager.server.poll import PollAnswer, poll
from sensor_manager.settings import Settings
from sensor_wire.v1.desired import Desired
from sensor_wire.v1.poll import Report

FIRST_DELAY = 1.0
MAX_DELAY = 60.0
DEFAULT_INTERVAL = 60.0
REFUSALS = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
"""Answers to a poll after which the certificate may be what is wrong."""
MIN_GAP = 2.0
"""Seconds between polls even when there is news."""

log = structlog.get_logger(__name__)


class ServerContact:
    """One thread that enrols and polls, for as long as the daemon runs, however long the server is away.

    Args:
        settings: place of the desired state.
        credentials: what the sensor proves itself with.
        report: describes the sensor at this moment.
        on_desired: called with each new desired state.
        during: surrounds each poll with all that belongs to it.
    """

    def __init__(
        self,
        settings: Settings,
        credentials: Credentials,
        *,
        report: Callable[[], Report],
        on_desired: Callable[[Desired], None],
        during: Callable[[Phase], AbstractContextManager[None]],
    ) -> None:
        self._settings = settings
        self._credentials = credentials
        self._report = report
        self._on_desired = on_desired
        self._during = during
        self._last = load_desired(settings.desired)
        self._unkept: PollAnswer | None = None
        self._failures = 0
        self._news = threading.Event()
        self._stop = threading.Event()
        self._another_way = threading.Event()
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
        return self._credentials.connect()

    def start(self) -> None:
        """Begin to talk to the server."""
        self._thread.start()

    def tell_news(self) -> None:
        """Poll soon: the sensor's state has changed."""
        self._news.set()

    def try_now(self) -> None:
        """Poll at once, whatever has failed before: the way to the server has become another."""
        self._another_way.set()
        self._news.set()

    def stop(self) -> None:
        """End the thread after the request that is under way."""
        self._stop.set()
        self._another_way.set()
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
            delay = backoff_delay(self._failures, first=FIRST_DELAY, cap=MAX_DELAY, jitter=random.random())
            if self._another_way.wait(delay):
                self._another_way.clear()
                self._failures = 0
            return
        interval = float(self._last.desired.poll_interval) if self._last else DEFAULT_INTERVAL
        interval *= 0.9 + 0.1 * random.random()  # never later than asked for; a fleet started together spreads out
        if not self._stop.wait(min(MIN_GAP, interval)):
            self._news.wait(interval - min(MIN_GAP, interval))
        self._news.clear()

    def _talk(self) -> None:
        self._credentials.provide()
        try:
            with self.connect() as client:
                answer = poll(client, self._report(), self._last.etag if self._last else None)
        except ServerError as error:
            self._credentials.refused = error.status in REFUSALS
            raise
        if answer is not None:
            with _whatever_the_disk_says():
                self._credentials.accept_authorities(answer.desired.ca_chain)
            self._last = self._unkept = answer
            log.info("new desired state", generation=answer.desired.generation, services=len(answer.desired.services))
            self._on_desired(answer.desired)
        if self._unkept is not None:  # after it is told: on a full disk it may be what makes room
            self._keep(self._unkept)

    def _keep(self, answer: PollAnswer) -> None:
        """Bring to disk what holds already; a full one is tried again after each poll."""
        with _whatever_the_disk_says():
            self._credentials.accept_authorities(answer.desired.ca_chain)
            save_desired(self._settings.desired, answer)
            self._unkept = None


@contextmanager
def _whatever_the_disk_says() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        log.warning("what the server has said is not kept yet", reason=str(error))
