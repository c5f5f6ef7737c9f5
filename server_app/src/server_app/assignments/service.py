"""Which sensor runs which service at which revision, with which options."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from server_app.accounts.principal import Principal
from server_app.assignments.addresses import wrong_address
from server_app.assignments.models import ServiceAssignment
from server_app.assignments.options import images, wrong_options
from server_app.assignments.ports import Clash, Placed, conflict
from server_app.errors import Conflict, FieldError, Invalid, NotFound
from server_app.sensors import service as sensors
from server_app.sensors.models import Sensor
from server_app.services import service as catalogue
from server_app.services.models import Service

MAX_PER_SENSOR = 64


def assignments_of(session: Session, *sensor_ids: int) -> Sequence[ServiceAssignment]:
    """The assignments of some sensors with services and their revisions."""
    query = (
        select(ServiceAssignment)
        .where(ServiceAssignment.sensor_id.in_(sensor_ids))
        .order_by(ServiceAssignment.sensor_id, ServiceAssignment.service_id)
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
    session: Session, who: Principal, sensor_id: int, service_name: str, values: dict[str, Any]
) -> ServiceAssignment:
    """Let a sensor run a service.

    Args:
        session: a writing one.
        who: the user.
        sensor_id: the sensor.
        service_name: the service.
        values: `revision` (null: the service's default), `options` and `address`; what is left out stays.

    Raises:
        NotFound: no such sensor or service for this user.
        Forbidden: the user only looks.
        Invalid: the service has no such revision or options.
        Conflict: another service of the sensor wants the same port.
    """
    sensor = sensors.writable_sensor(session, who, sensor_id)
    lock(session, [sensor_id])
    service = catalogue.get_service(session, service_name)
    present = {row.service_id: row for row in assignments_of(session, sensor_id)}
    row = present.setdefault(service.id, ServiceAssignment(sensor_id=sensor_id, service=service, options={}))
    errors = take_over(row, sensor, values, "")
    if errors:
        raise Invalid(f"The service {service_name} cannot run like this.", tuple(errors))
    if len(present) > MAX_PER_SENSOR:
        raise Conflict(f"A sensor runs {MAX_PER_SENSOR} services at most. Remove one first.")
    clash = clash_of(present.values())
    if clash is not None:
        raise Conflict(f"{clash}. Remove one of them from the sensor first.")
    session.add(row)
    session.flush()
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
        Conflict: on one of them another service wants the same port, or the options do not fit any more.
    """
    users = select(ServiceAssignment.sensor_id).where(ServiceAssignment.service_id == service.id)
    by_sensor: dict[int, list[ServiceAssignment]] = {}
    for row in assignments_of(session, *session.scalars(users)):
        by_sensor.setdefault(row.sensor_id, []).append(row)
    for sensor_id, rows in by_sensor.items():
        clash = clash_of(rows)
        if clash is not None:
            raise Conflict(f"On sensor {sensor_id}, {clash}. Remove one of them from the sensor first.")
        for row in rows:
            wrong = wrong_options(row, "") if row.service_id == service.id else []
            if wrong:
                raise Conflict(
                    f"The options of {service.name} on sensor {sensor_id} do not fit this revision "
                    f"({wrong[0].pointer}: {wrong[0].reason}). Change them or pin the revision first."
                )


def sensors_running(session: Session, service: Service) -> list[str]:
    """The names of the sensors that a service is assigned to."""
    query = (
        select(ServiceAssignment)
        .where(ServiceAssignment.service_id == service.id)
        .options(joinedload(ServiceAssignment.sensor))
    )
    return sorted(row.sensor.name for row in session.scalars(query))


def unpin(session: Session, service: Service, revision: str, *, confirmed: bool) -> None:
    """Let sensors that have pinned a revision of a service run its default.

    Raises:
        Conflict: there are such sensors, and it was not confirmed.
    """
    query = (
        select(ServiceAssignment)
        .where(ServiceAssignment.service_id == service.id, ServiceAssignment.revision == revision)
        .options(joinedload(ServiceAssignment.sensor))
    )
    rows = session.scalars(query).all()
    if rows and not confirmed:
        names = ", ".join(sorted(row.sensor.name for row in rows)[:10])
        raise Conflict(f"Sensors have pinned revision {revision}: {names}. Repeat with ?force=true to use the default.")
    for row in rows:
        row.revision = None


def lock(session: Session, sensor_ids: Iterable[int]) -> None:
    """One change of a sensor's services at a time: two that contradict each other must not both find it free."""
    query = select(Sensor.id).where(Sensor.id.in_(list(sensor_ids))).order_by(Sensor.id)
    session.execute(query.with_for_update())


def take_over(row: ServiceAssignment, sensor: Sensor, values: dict[str, Any], place: str) -> list[FieldError]:
    """Set revision, options and address as far as they are given; what is wrong, with pointers below `place`."""
    if "revision" in values:
        row.revision = values["revision"]
    if values.get("options") is not None:
        row.options = values["options"]
    if "address" in values:
        address = values["address"]
        row.address = None if address is None else str(address)
    if (wrong := wrong_address(sensor, row.address)) is not None:
        return [FieldError(f"{place}/address", wrong)]
    if not images(row):
        return [FieldError(f"{place}/revision", f"{row.service.name} has no revision {row.revision}")]
    return wrong_options(row, f"{place}/options")


def clash_of(rows: Iterable[ServiceAssignment]) -> Clash | None:
    """The first two services among the assignments of one sensor that cannot run together."""
    return conflict(Placed(image, row.address) for row in rows for image in images(row))
