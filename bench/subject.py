"""What is measured, and how much of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.admin import Credentials
from bench.target import Target


@dataclass(frozen=True)
class Subject:
    """A server and, where it is our own on this machine, what stands beside it for comparison.

    Attributes:
        target: the server.
        credentials: of an administrator.
        folder: for keys and certificates.
        floor: the same proxy and the same web processes with an empty view.
        database: how psycopg reaches its PostgreSQL.
        worker_memory: resident memory of each web worker process, in MiB.
        processor: seconds of processor time that each part has used so far.
        receiver: this machine's address as the server sees it; events are forwarded there while they are uploaded.
    """

    target: Target
    credentials: Credentials
    folder: Path
    floor: Target | None = None
    database: str | None = None
    worker_memory: Callable[[], list[float]] | None = None
    processor: Callable[[], dict[str, float]] = dict
    receiver: str | None = None


@dataclass(frozen=True)
class Scale:
    """How much is measured.

    Attributes:
        sensors: simulated.
        seconds: of one run.
        rounds: runs of each load, taking turns with its floor.
        in_flight: requests on their way at a time.
        samples: of each list and each dashboard.
        events: loaded before lists are measured.
    """

    sensors: int = 1000
    seconds: float = 10.0
    rounds: int = 3
    in_flight: int = 32
    samples: int = 40
    events: int = 10_000_000
