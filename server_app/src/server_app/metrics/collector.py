"""What the database and the folders tell when they are asked: sensors, tasks, certificates, sizes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from server_app.db import Database, now
from server_app.forwarding import outbox
from server_app.forwarding.preferences import ForwardingSection
from server_app.pki.models import AuthorityCertificate, Phase, SensorCertificate, ServerCertificate
from server_app.preferences import service as preferences
from server_app.sensors.queries import count_by_state
from server_app.task_queue import TaskQueue
from server_app.tasks.models import Task, TaskState

NEWEST = (
    select(func.max(SensorCertificate.id))
    .where(SensorCertificate.revoked_at.is_(None), SensorCertificate.superseded_at.is_(None))
    .group_by(SensorCertificate.sensor_id)
)
"""What each sensor got last; an older one may end later, where lifetimes were shortened, and is of no use any more."""
ACTIVE_AUTHORITY = select(func.min(AuthorityCertificate.not_after)).where(AuthorityCertificate.phase == Phase.ACTIVE)
ACTIVE_CHAIN = select(ServerCertificate.pem).where(ServerCertificate.phase == Phase.ACTIVE)
SIZE = {
    "sqlite": text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"),
    "postgresql": text("SELECT pg_database_size(current_database())"),
}


@dataclass(frozen=True)
class StateCollector(Collector):
    """Asks anew at each scrape."""

    database: Database
    queue: TaskQueue

    def collect(self) -> Iterator[Metric]:
        """The gauges of this moment."""
        with self.database.reading() as session:
            yield _gauge("honeysens_sensors", "Sensors by state.", "state", _sensors(session, now()))
            yield _gauge("honeysens_tasks", "Background tasks by state.", "state", _tasks(session))
            expiry = _expiry(session)
            yield _gauge(
                "honeysens_certificate_expiry_timestamp_seconds",
                "When the first certificate of its kind ends that is in use; of each sensor, its newest counts.",
                "kind",
                {kind: moment.timestamp() for kind, moment in expiry.items()},
            )
            yield from _forwarding(session, now())
            dialect = session.get_bind().dialect.name
            size = session.execute(SIZE[dialect]).scalar_one()
        yield GaugeMetricFamily("honeysens_database_size_bytes", "Size of the database.", value=size)
        yield GaugeMetricFamily("honeysens_queue_depth", "Tasks that wait for the worker.", value=self.queue.depth())


def _gauge(name: str, meaning: str, label: str, found: dict[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, meaning, labels=[label])
    for value, amount in found.items():
        family.add_metric([value], amount)
    return family


def _forwarding(session: Session, moment: datetime) -> Iterator[Metric]:
    """Nothing where forwarding is off."""
    row = outbox.position(session)
    if row is None:
        return
    waiting = outbox.waiting(session, preferences.load(session, ForwardingSection), row.position)
    age = 0.0 if waiting.since is None else (moment - waiting.since).total_seconds()
    for name, meaning, value in (
        ("waiting_events", f"Events that wait to be forwarded, counted up to {outbox.COUNT_UP_TO}.", waiting.events),
        ("waiting_seconds", "For how long the oldest of them has waited.", age),
        ("failing", "1 while the receiver cannot be reached.", row.failure is not None),
        ("removed_events", "Events that were removed before they were forwarded.", row.removed),
    ):
        yield GaugeMetricFamily(f"honeysens_forwarding_{name}", meaning, value=float(value))


def _sensors(session: Session, moment: datetime) -> dict[str, float]:
    return {state.value: number for state, number in count_by_state(session, moment).items()}


def _tasks(session: Session) -> dict[str, float]:
    counts = {row[0]: row[1] for row in session.execute(select(Task.state, func.count()).group_by(Task.state))}
    return {state.value: counts.get(state, 0) for state in TaskState}


def _expiry(session: Session) -> dict[str, datetime]:
    found = {
        "sensor": session.scalar(select(func.min(SensorCertificate.not_after)).where(SensorCertificate.id.in_(NEWEST))),
        "ca": session.scalar(ACTIVE_AUTHORITY),
        "server": _end_of_chain(session.scalar(ACTIVE_CHAIN)),
    }
    return {kind: moment for kind, moment in found.items() if moment is not None}


def _end_of_chain(pem: str | None) -> datetime | None:
    """The first end of a chain's certificates: with one of them it is worth nothing."""
    chain = [] if pem is None else x509.load_pem_x509_certificates(pem.encode())
    return min((certificate.not_valid_after_utc for certificate in chain), default=None)
