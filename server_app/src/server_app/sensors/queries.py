"""Lists of sensors: by state, division and text, in pages."""

from datetime import datetime
from typing import Annotated

from pydantic import StringConstraints
from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, joinedload

from server_app.accounts.principal import Principal
from server_app.fields import RowId
from server_app.paging import Page, PageRequest, alphabetical
from server_app.sensors.models import Health, Sensor, SensorState, SensorStatus

NO_CONTROL = r"^[^\x00-\x1f\x7f]+$"


class SensorFilter(PageRequest):
    """Which sensors to list; `text` is looked for in name and location, whatever its case."""

    cursor: Annotated[str, StringConstraints(min_length=1, max_length=300)] | None = None
    state: SensorState | None = None
    health: Health | None = None
    division: RowId | None = None
    text: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=NO_CONTROL)] | None = None


def visible(who: Principal) -> Select[Sensor]:
    """The sensors a user sees, with division and status."""
    query = select(Sensor).options(joinedload(Sensor.division), joinedload(Sensor.status))
    return query if who.divisions is None else query.where(Sensor.division_id.in_(who.divisions))


def find_sensors(session: Session, who: Principal, wanted: SensorFilter, now: datetime) -> Page[Sensor]:
    """One page of the sensors a user sees and asks for, by name, with division and status.

    Raises:
        Invalid: the cursor is none of ours.
    """
    query = visible(who).join(SensorStatus, SensorStatus.sensor_id == Sensor.id)
    if wanted.state is not None:
        query = query.where(_is(wanted.state, now))
    if wanted.health is not None:
        query = query.where(SensorStatus.health == wanted.health)
    if wanted.division is not None:
        query = query.where(Sensor.division_id == wanted.division)
    if wanted.text is not None:
        text = wanted.text
        query = query.where(
            or_(Sensor.name.icontains(text, autoescape=True), Sensor.location.icontains(text, autoescape=True))
        )
    return alphabetical(session, query, Sensor.name, lambda sensor: sensor.name, wanted)


def count_by_state(session: Session, now: datetime) -> dict[SensorState, int]:
    """How many sensors there are in each state."""
    return {
        state: session.scalar(select(func.count()).select_from(SensorStatus).where(_is(state, now))) or 0
        for state in SensorState
    }


def _is(state: SensorState, now: datetime) -> ColumnElement[bool]:
    """The same as `service.state_of`, for the database."""
    match state:
        case SensorState.NEW:
            return SensorStatus.due_at.is_(None)
        case SensorState.ONLINE:
            return SensorStatus.due_at >= now
        case SensorState.TIMEOUT:
            return SensorStatus.due_at < now
