"""The matrix of sensors and services: many assignments at a time, all or none of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server_app.accounts.principal import Principal
from server_app.assignments.models import ServiceAssignment
from server_app.assignments.service import MAX_PER_SENSOR, assignments_of, clash_of, lock, take_over
from server_app.errors import Conflict, FieldError, Invalid
from server_app.sensors.models import Sensor
from server_app.sensors.queries import visible
from server_app.services.models import Service


@dataclass(frozen=True)
class Entry:
    """One change of the matrix: `values` has `revision`, `options` and `address` as far as they are given."""

    sensor: int
    service: str
    assigned: bool
    values: dict[str, Any] = field(default_factory=dict)


def change(session: Session, who: Principal, entries: Sequence[Entry]) -> None:
    """Change assignments of many sensors.

    Raises:
        Forbidden: the user only looks.
        Invalid: names every entry that cannot be.
        Conflict: names every entry that contradicts another service of its sensor.
    """
    who.require_write()
    sensor_ids = sorted({entry.sensor for entry in entries})
    lock(session, sensor_ids)
    seen = {sensor.id: sensor for sensor in session.scalars(visible(who).where(Sensor.id.in_(sensor_ids)))}
    services = {service.name: service for service in session.scalars(select(Service))}
    unknown = _unknown(entries, seen.keys(), services)
    if unknown:
        raise Invalid("Some of these changes cannot be made; none was.", tuple(unknown))
    matrix: dict[int, dict[int, ServiceAssignment]] = {sensor_id: {} for sensor_id in sensor_ids}
    for row in assignments_of(session, *sensor_ids):
        matrix[row.sensor_id][row.service_id] = row
    wrong = [
        error
        for number, entry in enumerate(entries)
        for error in _applied(
            session, matrix[entry.sensor], (seen[entry.sensor], services[entry.service]), entry, f"/changes/{number}"
        )
    ]
    if wrong:
        raise Invalid("Some of these changes cannot be made; none was.", tuple(wrong))
    _refuse_clashes(entries, matrix)
    session.flush()


def _unknown(entries: Sequence[Entry], seen: Collection[int], services: dict[str, Service]) -> list[FieldError]:
    errors = []
    earlier: dict[tuple[int, str], int] = {}
    for number, entry in enumerate(entries):
        if entry.sensor not in seen:
            errors.append(FieldError(f"/changes/{number}/sensor", "no such sensor"))
        if entry.service not in services:
            errors.append(FieldError(f"/changes/{number}/service", "no such service"))
        first = earlier.setdefault((entry.sensor, entry.service), number)
        if first != number:
            errors.append(FieldError(f"/changes/{number}", f"is about the same as /changes/{first}"))
    return errors


def _applied(
    session: Session, present: dict[int, ServiceAssignment], pair: tuple[Sensor, Service], entry: Entry, place: str
) -> list[FieldError]:
    sensor, service = pair
    row = present.get(service.id)
    if not entry.assigned:
        if row is not None:
            session.delete(present.pop(service.id))
        return []
    if row is None:
        row = present[service.id] = ServiceAssignment(sensor_id=entry.sensor, service=service, options={})
    errors = take_over(row, sensor, entry.values, place)
    if not errors:
        session.add(row)
    return errors


def _refuse_clashes(entries: Sequence[Entry], matrix: dict[int, dict[int, ServiceAssignment]]) -> None:
    errors: list[FieldError] = []
    for sensor_id, rows in matrix.items():
        own = {entry.service: number for number, entry in enumerate(entries) if entry.sensor == sensor_id}
        clash = clash_of(rows.values())
        if clash is not None:
            places = [own[name] for name in (clash.one, clash.other) if name in own]
            errors += [FieldError(f"/changes/{number}/service", str(clash)) for number in places]
        if len(rows) > MAX_PER_SENSOR:
            reason = f"a sensor runs {MAX_PER_SENSOR} services at most"
            errors.append(FieldError(f"/changes/{max(own.values())}", reason))
    if errors:
        raise Conflict("Some services cannot run together on a sensor; nothing was changed.", tuple(errors))
