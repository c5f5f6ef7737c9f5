"""Totals of events by hour, day and week for each picture of the dashboard, so that no window has to add up many rows.

They are filled from the counts that were kept so far, which know of deleted events, too.
"""

from collections.abc import Iterator
from itertools import product

import sqlalchemy as sa
from alembic import op

import server_app.db

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = server_app.db.UtcDateTime(timezone=True)
HOURS, DAYS = "8 days", "120 days"
"""How long the worker keeps totals by hour, and those of many keys."""
SOURCE, PORT = 5, 6
KEYS = {0: "''", 1: "service", 2: "kind", 3: "CAST(severity AS text)", 4: "CAST(sensor_id AS text)"}
TOUCHED = sa.text("picture = 5 AND sensor_id <> 0")
PLACES = sa.text("picture = 0 AND span = 168 AND sensor_id <> 0")


def upgrade() -> None:
    op.create_table(
        "event_totals",
        sa.Column("picture", sa.SmallInteger(), nullable=False),
        sa.Column("division_id", NUMBER, nullable=False),
        sa.Column("sensor_id", NUMBER, nullable=False),
        sa.Column("span", sa.SmallInteger(), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("start", MOMENT, nullable=False),
        sa.Column("events", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("picture", "division_id", "sensor_id", "span", "key", "start", name="pk_event_totals"),
    )
    op.create_table(
        "counted_up_to",
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("position", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("what", name="pk_counted_up_to"),
    )
    for statement in _filling():
        op.execute(statement)
    op.execute("INSERT INTO counted_up_to (what, position) SELECT 'events', coalesce(max(id), 0) FROM events")
    op.create_index(
        "ix_event_totals_most",
        "event_totals",
        ["picture", "division_id", "sensor_id", "span", "start", "events", "key"],
    )
    op.create_index(
        "ix_event_totals_touched",
        "event_totals",
        ["key", "span", "start", "division_id", "sensor_id"],
        postgresql_where=TOUCHED,
        sqlite_where=TOUCHED,
    )
    op.create_index(
        "ix_event_totals_places",
        "event_totals",
        ["sensor_id", "division_id"],
        postgresql_where=PLACES,
        sqlite_where=PLACES,
    )
    op.drop_table("event_targets")
    op.drop_table("event_counts")


def downgrade() -> None:
    """The counts of before are made from the events that are there."""
    op.create_table(
        "event_counts",
        sa.Column("span", sa.SmallInteger(), nullable=False),
        sa.Column("start", MOMENT, nullable=False),
        sa.Column("sensor_id", NUMBER, nullable=False),
        sa.Column("division_id", NUMBER, nullable=False),
        sa.Column("service", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("events", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint(
            "span", "start", "sensor_id", "division_id", "service", "kind", "severity", name="pk_event_counts"
        ),
    )
    op.create_table(
        "event_targets",
        sa.Column("start", MOMENT, nullable=False),
        sa.Column("sensor_id", NUMBER, nullable=False),
        sa.Column("division_id", NUMBER, nullable=False),
        sa.Column("source_ip", sa.LargeBinary(length=16), nullable=False),
        sa.Column("protocol", sa.String(length=8), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("events", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint(
            "start", "sensor_id", "division_id", "source_ip", "protocol", "port", name="pk_event_targets"
        ),
    )
    for span, unit in ((1, "hour"), (24, "day")):
        op.execute(
            "INSERT INTO event_counts (span, start, sensor_id, division_id, service, kind, severity, events)"  # noqa: S608 - constants
            f" SELECT {span}, {_begin(unit, 'time')}, sensor_id, division_id, service, kind, severity, count(*)"
            " FROM events WHERE hidden_by IS NULL GROUP BY 1, 2, 3, 4, 5, 6, 7"
        )
    op.execute(
        "INSERT INTO event_targets (start, sensor_id, division_id, source_ip, protocol, port, events)"  # noqa: S608 - constants
        f" SELECT {_begin('day', 'time')}, sensor_id, division_id, source_ip, protocol, coalesce(destination_port, 0),"
        " count(*) FROM events WHERE hidden_by IS NULL GROUP BY 1, 2, 3, 4, 5, 6"
    )
    op.drop_table("counted_up_to")
    op.drop_table("event_totals")


def _filling() -> Iterator[str]:
    """A statement for each picture, place and span: what they write is told apart by these."""
    places = ("0", "0"), ("division_id", "0"), ("division_id", "sensor_id")
    for (picture, key), (division, sensor) in product(KEYS.items(), places):
        if key.startswith("CAST(sensor") and sensor != "0":
            continue
        names = f"{picture}, {division}, {sensor}"
        yield _insert(f"{names}, 1, {key}, start", f"event_counts WHERE span = 1 AND start >= {_ago(HOURS)}")
        since = f" AND start >= {_ago(DAYS)}" if key.startswith("CAST(sensor") else ""
        for span, begin in ((24, "start"), (168, _begin("week", "start"))):
            yield _insert(f"{names}, {span}, {key}, {begin}", f"event_counts WHERE span = 24{since}")
    for (picture, key), (division, sensor) in product(((SOURCE, _source()), (PORT, _port())), places):
        for span, begin in ((24, "start"), (168, _begin("week", "start"))):
            columns = f"{picture}, {division}, {sensor}, {span}, {key}, {begin}"
            yield _insert(columns, f"event_targets WHERE start >= {_ago(DAYS)}")


def _insert(columns: str, rows: str) -> str:
    names = "picture, division_id, sensor_id, span, key, start, events"
    return f"INSERT INTO event_totals ({names}) SELECT {columns}, sum(events) FROM {rows} GROUP BY 1, 2, 3, 4, 5, 6"  # noqa: S608 - constants


def _source() -> str:
    digits = "encode(source_ip, 'hex')" if _postgresql() else "lower(hex(source_ip))"
    return f"CASE WHEN {digits} LIKE '00000000000000000000ffff%' THEN substr({digits}, 25) ELSE {digits} END"


def _port() -> str:
    return "protocol || ':' || CAST(port AS text)"


def _ago(time: str) -> str:
    return f"now() - interval '{time}'" if _postgresql() else f"datetime('now', '-{time}')"


def _begin(unit: str, column: str) -> str:
    if _postgresql():
        return f"date_trunc('{unit}', {column}, 'UTC')"
    pattern = "%Y-%m-%d %H:00:00.000000" if unit == "hour" else "%Y-%m-%d 00:00:00.000000"
    monday = ", 'weekday 0', '-6 days'" if unit == "week" else ""
    return f"strftime('{pattern}', {column}{monday})"


def _postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
