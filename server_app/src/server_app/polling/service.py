"""The poll: remember what the sensor says, answer what it should be."""

from dataclasses import dataclass
from datetime import datetime

from sensor_wire.v1.desired import Desired
from sensor_wire.v1.poll import Report
from server_app.assignments import service as assignments
from server_app.db import Database
from server_app.errors import Forbidden
from server_app.polling.desired import Surroundings, content_hash, desired_state
from server_app.preferences import service as preferences
from server_app.sensors.models import Sensor, SensorStatus
from server_app.sensors.preferences import SensorSection


@dataclass(frozen=True)
class Answer:
    """The desired state, and its tag: the generation and some of the content's hash."""

    desired: Desired
    etag: str


def poll(database: Database, sensor_id: int, report: Report, outside: Surroundings, now: datetime) -> Answer:
    """Store a report and answer the desired state.

    The generation rises only when the content differs from the one answered last; an unchanged poll writes nothing but
    the report and the time of contact.

    Raises:
        Forbidden: the sensor has been removed meanwhile.
    """
    with database.writing() as session:
        status = session.get(SensorStatus, sensor_id, with_for_update=True)
        sensor = session.get(Sensor, sensor_id)
        if status is None or sensor is None:
            raise Forbidden("This sensor has been removed from the server.")
        assigned = assignments.assignments_of(session, sensor_id)
        system = preferences.load(session, SensorSection)
        desired = desired_state(sensor, report.architecture, assigned, system, outside)
        content = content_hash(desired)
        if status.desired_hash != content:
            status.generation += 1
            status.desired_hash = content
        status.architecture = report.architecture
        status.last_contact_at = now
        status.report = report.model_dump(mode="json")
        answer = desired.model_copy(update={"generation": status.generation})
    return Answer(answer, f"{answer.generation}.{content[:16]}")
