"""Which sensor runs which service at which revision."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from server_app.accounts.principal import Principal
from server_app.assignments.models import ServiceAssignment
from server_app.assignments.ports import conflict
from server_app.errors import Conflict, FieldError, Invalid, NotFound
from server_app.sensors import service as sensors
from server_app.sensors.models import Sensor
from server_app.services import service as catalogue
from server_app.services.models import Service, ServiceRevision

MAX_PER_SENSOR = 64


def assignments_of(session: Session, sensor_id: int) -> Sequence[ServiceAssignment]:
    """The assignments of a sensor with services and their revisions."""
    query = (
        select(ServiceAssignment)
        .where(ServiceAssignment.sensor_id == sensor_id)
        .order_by(ServiceAssignment.service_id)
        .options(joinedload(ServiceAssignment.service).selectinload(Service.revisions))
    )
    return session.scalars(query).all()


def list_assignments(session: Session, who: Principal, sensor_id: int) -> Sequence[ServiceAssignment]:
    """The assignments of a sensor.

    Raises:
        NotFound: there is none of this number that the user sees.
    """
    sensors.get_sensor(session, who, sensor_id)
    return assignments_of(session, sensor_id)


def assign(
    session: Session, who: Principal, sensor_id: int, service_name: str, revision: str | None
) -> ServiceAssignment:
    """Let a sensor run a service, at a revision or (null) at the service's default.

    Raises:
        NotFound: no such sensor or service for this user.
        Forbidden: the user only looks.
        Invalid: the service has no such revision.
        Conflict: another service of the sensor wants the same port.
    """
    sensors.writable_sensor(session, who, sensor_id)
    # One change of a sensor's services at a time: two that contradict each other must not both find it free.
    session.execute(select(Sensor.id).where(Sensor.id == sensor_id).with_for_update())
    service = catalogue.get_service(session, service_name)
    if revision is not None and revision not in {known.revision for known in service.revisions}:
        reason = FieldError("/revision", "no such revision")
        raise Invalid(f"The service {service_name} has no revision {revision}.", (reason,))
    present = list(assignments_of(session, sensor_id))
    row = next((row for row in present if row.service_id == service.id), None)
    if row is None:
        if len(present) >= MAX_PER_SENSOR:
            raise Conflict(f"A sensor runs {MAX_PER_SENSOR} services at most. Remove one first.")
        row = ServiceAssignment(sensor_id=sensor_id, service=service)
        session.add(row)
        present.append(row)
    row.revision = revision
    _refuse_conflict(present)
    return row


def unassign(session: Session, who: Principal, sensor_id: int, service_name: str) -> None:
    """Let a sensor no longer run a service.

    Raises:
        NotFound: no such sensor for this user, or it does not run the service.
        Forbidden: the user only looks.
    """
    sensors.writable_sensor(session, who, sensor_id)
    row = next((row for row in assignments_of(session, sensor_id) if row.service.name == service_name), None)
    if row is None:
        raise NotFound(f"Sensor {sensor_id} does not run a service {service_name}.")
    session.delete(row)


def refuse_conflicts_of(session: Session, service: Service) -> None:
    """Check all sensors that run a service, after its default revision has changed.

    Raises:
        Conflict: on one of them another service wants the same port.
    """
    query = select(ServiceAssignment.sensor_id).where(ServiceAssignment.service_id == service.id)
    for sensor_id in session.scalars(query):
        _refuse_conflict(assignments_of(session, sensor_id))


def sensors_running(session: Session, service: Service) -> list[str]:
    """The names of the sensors that a service is assigned to."""
    query = (
        select(ServiceAssignment)
        .where(ServiceAssignment.service_id == service.id)
        .options(joinedload(ServiceAssignment.sensor))
    )
    return sorted(row.sensor.name for row in session.scalars(query))


def _refuse_conflict(assignments: Iterable[ServiceAssignment]) -> None:
    found = conflict(image for assignment in assignments for image in _images(assignment))
    if found is not None:
        raise Conflict(f"{found}. Remove one of them from the sensor first.")


def _images(assignment: ServiceAssignment) -> list[ServiceRevision]:
    # Of every architecture: the sensor may not have polled yet.
    wanted = assignment.revision or assignment.service.default_revision
    return [revision for revision in assignment.service.revisions if revision.revision == wanted]
