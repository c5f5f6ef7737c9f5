"""The poll: remember what the sensor says, answer what it should be.

Of almost all polls nothing is new, on neither side. They are recognised by one read, and write nothing but the last
contact; see ADR 0011.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from sensor_wire.v1.desired import Desired
from sensor_wire.v1.poll import Report
from server_app.assignments import service as assignments
from server_app.at_rest.keys import keys_of
from server_app.db import Database
from server_app.errors import Forbidden
from server_app.platforms import service as platforms
from server_app.polling.contacts import Contact, ContactBook
from server_app.polling.desired import Assigned, Surroundings, content_hash, desired_state
from server_app.polling.known import VERSION, Known
from server_app.polling.significant import digest
from server_app.preferences import service as preferences
from server_app.sensors import history
from server_app.sensors.health import health_of
from server_app.sensors.models import Sensor, SensorStatus
from server_app.sensors.preferences import SensorSection
from server_app.sensors.service import due_at, report_in

REPORT_RENEWED = timedelta(minutes=15)
"""How old the stored report may be although nothing of significance has changed."""


@dataclass(frozen=True)
class Visit:
    """A poll as it comes in. `knows` tells whether the sensor has the desired state of a tag already."""

    sensor_id: int
    known: Known
    at: datetime
    report: Report
    knows: Callable[[str], bool]


@dataclass(frozen=True)
class Answer:
    """The tag of the desired state (its generation and some of its hash), and the state unless the sensor has it."""

    etag: str
    desired: Desired | None


def unchanged(contacts: ContactBook, visit: Visit, outside: Surroundings, reported: str) -> str | None:
    """The tag of the desired state, when neither that nor the report is new and the sensor has it; else None.

    Args:
        contacts: where the contact is noted, if there is nothing else to do.
        visit: the poll.
        outside: what is not in the database.
        reported: the report's `digest`.
    """
    known, patience = visit.known, visit.known.patience
    if (
        patience is None
        or known.desired_key != _key(known.version, visit, outside)
        or not _nothing_to_store(known, reported, visit.at)
    ):
        return None
    etag = _etag(known.generation, known.desired_hash)
    if not visit.knows(etag):
        return None
    contacts.note(Contact(visit.sensor_id, visit.at, visit.at + patience))
    return etag


def poll(database: Database, contacts: ContactBook, visit: Visit, outside: Surroundings) -> Answer:
    """Store what is new of a report and answer the desired state.

    The generation rises only when the content differs from the one answered last.

    Raises:
        Forbidden: the sensor has been removed meanwhile.
    """
    reported = digest(visit.report, visit.at)
    if (known := unchanged(contacts, visit, outside, reported)) is not None:
        return Answer(known, None)
    with database.writing() as session:
        desired, etag = _taken_in(session, visit, outside, reported)
    return Answer(etag, None if visit.knows(etag) else desired)


def _nothing_to_store(known: Known, reported: str, at: datetime) -> bool:
    return bool(
        known.report_digest == reported
        and not known.timed_out
        and known.reported_at is not None
        and at - known.reported_at < REPORT_RENEWED
    )


def _taken_in(session: Session, visit: Visit, outside: Surroundings, reported: str) -> tuple[Desired, str]:
    # The version before the rows: should they change in between, they are looked at again at the next poll.
    version = session.scalar(select(VERSION))
    status = session.get(SensorStatus, visit.sensor_id, with_for_update=True)
    sensor = session.get(Sensor, visit.sensor_id)
    if status is None or sensor is None:
        raise Forbidden("This sensor has been removed from the server.")
    firmware = platforms.firmware_of(session, sensor, visit.report.platform)
    assigned = Assigned(assignments.assignments_of(session, visit.sensor_id), firmware)
    system = preferences.load(session, SensorSection)
    desired = desired_state(sensor, visit.report.architecture, assigned, system, outside)
    content = content_hash(desired, keys_of(session.get_bind().dialect).digest)
    if status.desired_hash != content:
        status.generation += 1
        status.desired_hash = content
    status.desired_key = _key(version, visit, outside)
    _store_report(session, status, visit, reported, system.history_entries)
    status.architecture = visit.report.architecture
    status.last_contact_at = visit.at
    status.due_at = due_at(visit.at, desired.poll_interval)
    return desired.model_copy(update={"generation": status.generation}), _etag(status.generation, content)


def _store_report(session: Session, status: SensorStatus, visit: Visit, reported: str, keep: int) -> None:
    health = health_of(visit.report, visit.at)
    before = report_in(status)
    same = before is not None and history.excerpt(before) == history.excerpt(visit.report)
    if not same or status.health is not health or status.timed_out:
        history.note(session, history.came(visit.sensor_id, visit.at, health, visit.report), keep)
    status.report = visit.report.model_dump(mode="json")
    status.report_digest, status.reported_at = reported, visit.at
    status.health, status.timed_out = health, False


def _key(version: int | None, visit: Visit, outside: Surroundings) -> str:
    """What the desired state was computed from: as long as it is the same, so is the state."""
    return f"{version or 0}.{visit.report.architecture}.{visit.report.platform}.{outside.key}"


def _etag(generation: int, content: str | None) -> str:
    return f"{generation}.{(content or '')[:16]}"
