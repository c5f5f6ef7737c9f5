"""Which events are stored already."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    Select,
    Text,
    Uuid,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    select,
    tuple_,
)

from server_app.direct import Direct
from server_app.events.models import Event

type Key = tuple[int, UUID]
"""Of an event: its sensor and its id."""


def known_of(connection: Connection, wanted: Collection[Key]) -> set[Key]:
    """Which of the events are stored. With their sensors locked, nobody stores one meanwhile."""
    if not wanted:
        return set()
    if connection.dialect.name != "postgresql":
        return {(row.sensor_id, row.uuid) for row in connection.execute(select(*_KEY).where(tuple_(*_KEY).in_(wanted)))}
    sensors, uuids = (f"{{{','.join(map(str, column))}}}" for column in zip(*wanted, strict=True))
    return {(sensor, uuid) for sensor, uuid in _KNOWN.all(connection, {"sensors": sensors, "uuids": uuids})}


def _wanted() -> Any:
    # Arrays as text: the driver would take longer to send their elements.
    sensors = cast(bindparam("sensors", type_=Text), ARRAY(BigInteger))
    uuids = cast(bindparam("uuids", type_=Text), ARRAY(Uuid))
    names = column("sensor_id", BigInteger()), column("uuid", Uuid())
    return func.unnest(sensors, uuids).table_valued(*names, name="wanted").render_derived()


def _stored_of(wanted: Any) -> Select[*tuple[Any, ...]]:
    # One look into the index for each, whatever the planner knew of a table that was empty when it was asked: the
    # statement is prepared once. It would otherwise read all of the table, again and again.
    same = (_KEY[0] == wanted.c.sensor_id, _KEY[1] == wanted.c.uuid)
    one = (
        select(literal_column("1").label("one"))
        .where(*same)
        .limit(literal_column("1"))
        .correlate(wanted)
        .lateral("stored")
    )
    return select(wanted.c.sensor_id, wanted.c.uuid).join_from(wanted, one, literal_column("true"))


_KEY = Event.__table__.c.sensor_id, Event.__table__.c.uuid
_KNOWN = Direct(_stored_of(_wanted()))
