"""Events and sessions for long lists: comparable addresses, division and session in the row, indexes, counts, status.

Both tables are written anew: that is faster than changing every row, and leaves no dead ones behind.
"""

import ipaddress
import sqlite3
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

import server_app.db

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = server_app.db.UtcDateTime(timezone=True)
SHOWN = sa.text("hidden_by IS NULL")
HIDDEN = sa.text("hidden_by IS NOT NULL")
ASSIGNED = sa.text("assignee_id IS NOT NULL")
SHOWN_INDEXES = (
    "division_id",
    "sensor_id",
    "service",
    "kind",
    "severity",
    "protocol",
    "destination_port",
    "source_ip",
)
SHELVED_INDEXES = (*SHOWN_INDEXES, "status")
SESSION_COLUMNS = (
    "id, sensor_id, session, service, first_time, last_time, events, kind, severity, protocol, source_port, "
    "destination_ip, destination_port, summary, summary_rank, summary_time"
)
EVENT_COLUMNS = (
    "id, sensor_id, uuid, time, received_at, service, source_port, destination_ip, destination_port, protocol, kind, "
    "severity, summary, details, packets, truncated"
)
OLD_INDEXES = {
    "events": (
        ("kind", "time", "id"),
        ("sensor_id", "session", "time"),
        ("service", "time", "id"),
        ("session",),
        ("source_ip", "time", "id"),
        ("time", "id"),
    ),
    "event_sessions": (
        ("kind", "last_time", "id"),
        ("last_time", "id"),
        ("sensor_id", "last_time", "id"),
        ("service", "last_time", "id"),
        ("source_ip", "last_time", "id"),
    ),
}


def upgrade() -> None:
    for table, indexes in OLD_INDEXES.items():
        for columns in indexes:
            op.drop_index(f"ix_{table}_{'_'.join(columns)}", table)
    _set_aside("event_sessions", "uq_event_sessions_sensor_id_session")
    _set_aside("events", "uq_events_sensor_id_uuid")
    op.create_table(
        "event_sessions",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("sensor_id", NUMBER, nullable=False),
        sa.Column("division_id", NUMBER, nullable=False),
        sa.Column("session", sa.String(length=64), nullable=False),
        *_shared_columns("first_time", "last_time"),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("source_ip", sa.LargeBinary(length=16), nullable=False),
        sa.Column("summary_rank", sa.SmallInteger(), nullable=False),
        sa.Column("summary_time", MOMENT, nullable=False),
        sa.Column("shelf", sa.SmallInteger(), nullable=False),
        sa.Column(
            "status",
            sa.Enum("new", "in_progress", "resolved", "ignored", name="sessionstatus", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("comment", sa.String(length=1000), nullable=False),
        sa.Column("assignee_id", NUMBER, nullable=True),
        sa.Column("changed_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["sensor_id"], ["sensors.id"], name="fk_event_sessions_sensor_id_sensors", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["assignee_id"], ["users.id"], name="fk_event_sessions_assignee_id_users", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_event_sessions"),
        sa.UniqueConstraint("session", "sensor_id", name="uq_event_sessions_session_sensor_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "events",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("sensor_id", NUMBER, nullable=False),
        sa.Column("division_id", NUMBER, nullable=False),
        sa.Column("session_id", NUMBER, nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        *_shared_columns("time", "received_at"),
        sa.Column("source_ip", sa.LargeBinary(length=16), nullable=False),
        *_content_columns(),
        sa.Column("hidden_by", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(["sensor_id"], ["sensors.id"], name="fk_events_sensor_id_sensors", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("sensor_id", "uuid", name="uq_events_sensor_id_uuid"),
        sqlite_autoincrement=True,
    )
    key = _conversion("address_key", _key_of, POSTGRESQL_KEY)
    op.execute(
        f"INSERT INTO event_sessions ({SESSION_COLUMNS}, division_id, source_ip, shelf, status, comment)"  # noqa: S608 - constants
        f" SELECT {_of('o', SESSION_COLUMNS)}, s.division_id, {key.format('o.source_ip')}, 0, 'new', ''"
        " FROM event_sessions_old o JOIN sensors s ON s.id = o.sensor_id ORDER BY o.id"
    )
    op.execute(
        f"INSERT INTO events ({EVENT_COLUMNS}, division_id, source_ip, session_id)"  # noqa: S608 - constants
        f" SELECT {_of('o', EVENT_COLUMNS)}, e.division_id, {key.format('o.source_ip')}, e.id"
        " FROM events_old o JOIN event_sessions e ON e.sensor_id = o.sensor_id AND e.session = o.session ORDER BY o.id"
    )
    _drop_old()
    op.create_index("ix_events_session_id", "events", ["session_id"])
    op.create_index("ix_events_time_id", "events", ["time", "id"], postgresql_where=SHOWN, sqlite_where=SHOWN)
    for name in SHOWN_INDEXES:
        keys = [name, "time", "id"]
        op.create_index(f"ix_events_{name}_time_id", "events", keys, postgresql_where=SHOWN, sqlite_where=SHOWN)
    op.create_index(
        "ix_events_hidden", "events", ["hidden_by", "time", "id"], postgresql_where=HIDDEN, sqlite_where=HIDDEN
    )
    op.create_index("ix_event_sessions_shelf_last_time_id", "event_sessions", ["shelf", "last_time", "id"])
    for name in SHELVED_INDEXES:
        keys = ["shelf", name, "last_time", "id"]
        op.create_index(f"ix_event_sessions_shelf_{name}_last_time_id", "event_sessions", keys)
    op.create_index("ix_event_sessions_sensor_id", "event_sessions", ["sensor_id"])
    op.create_index(
        "ix_event_sessions_assignee_id",
        "event_sessions",
        ["assignee_id"],
        postgresql_where=ASSIGNED,
        sqlite_where=ASSIGNED,
    )
    _create_counts()
    if _postgresql():
        op.execute(WORDS)
        for table in OLD_INDEXES:
            op.execute(f"CREATE INDEX ix_{table}_words ON {table} USING gin (event_words(summary))")


def downgrade() -> None:
    op.drop_table("event_targets")
    op.drop_table("event_counts")
    for table in OLD_INDEXES:
        for index in sa.inspect(op.get_bind()).get_indexes(table):
            if not index.get("duplicates_constraint"):
                op.drop_index(str(index["name"]), table)
        if _postgresql():
            op.execute(f"DROP INDEX IF EXISTS ix_{table}_words")
    if _postgresql():
        op.execute("DROP FUNCTION event_words(text)")
    _set_aside("event_sessions", "uq_event_sessions_session_sensor_id")
    _set_aside("events", "uq_events_sensor_id_uuid")
    op.create_table(
        "event_sessions",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("sensor_id", NUMBER, nullable=False),
        sa.Column("session", sa.String(length=64), nullable=False),
        *_shared_columns("first_time", "last_time", port=NUMBER),
        sa.Column("events", NUMBER, nullable=False),
        sa.Column("source_ip", sa.String(length=45), nullable=False),
        sa.Column("summary_rank", sa.SmallInteger(), nullable=False),
        sa.Column("summary_time", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["sensor_id"], ["sensors.id"], name="fk_event_sessions_sensor_id_sensors", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_event_sessions"),
        sa.UniqueConstraint("sensor_id", "session", name="uq_event_sessions_sensor_id_session"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "events",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("sensor_id", NUMBER, nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        *_shared_columns("time", "received_at", port=NUMBER),
        sa.Column("source_ip", sa.String(length=45), nullable=False),
        sa.Column("session", sa.String(length=64), nullable=False),
        *_content_columns(),
        sa.ForeignKeyConstraint(["sensor_id"], ["sensors.id"], name="fk_events_sensor_id_sensors", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("sensor_id", "uuid", name="uq_events_sensor_id_uuid"),
        sqlite_autoincrement=True,
    )
    address = _conversion("address_text", _text_of, POSTGRESQL_TEXT)
    op.execute(
        f"INSERT INTO event_sessions ({SESSION_COLUMNS}, source_ip)"  # noqa: S608 - constants
        f" SELECT {_of('o', SESSION_COLUMNS)}, {address.format('o.source_ip')} FROM event_sessions_old o ORDER BY o.id"
    )
    op.execute(
        f"INSERT INTO events ({EVENT_COLUMNS}, session, source_ip)"  # noqa: S608 - constants
        f" SELECT {_of('o', EVENT_COLUMNS)}, e.session, {address.format('o.source_ip')}"
        " FROM events_old o JOIN event_sessions_old e ON e.id = o.session_id ORDER BY o.id"
    )
    _drop_old()
    for table, indexes in OLD_INDEXES.items():
        for columns in indexes:
            op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def _shared_columns(*moments: str, port: sa.types.TypeEngine[int] | None = None) -> list[sa.Column[object]]:
    return [
        sa.Column("service", sa.String(length=32), nullable=False),
        *(sa.Column(name, MOMENT, nullable=False) for name in moments),
        sa.Column("source_port", port or sa.Integer(), nullable=True),
        sa.Column("destination_ip", sa.String(length=45), nullable=False),
        sa.Column("destination_port", port or sa.Integer(), nullable=True),
        sa.Column("protocol", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("summary", sa.String(length=256), nullable=False),
    ]


def _content_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("packets", sa.JSON(), nullable=False),
        sa.Column("truncated", sa.Boolean(), nullable=False),
    ]


def _create_counts() -> None:
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
            f" SELECT {span}, {_start(unit)}, sensor_id, division_id, service, kind, severity, count(*)"
            " FROM events GROUP BY 1, 2, 3, 4, 5, 6, 7"
        )
    op.execute(
        "INSERT INTO event_targets (start, sensor_id, division_id, source_ip, protocol, port, events)"  # noqa: S608 - constants
        f" SELECT {_start('day')}, sensor_id, division_id, source_ip, protocol, coalesce(destination_port, 0), count(*)"
        " FROM events GROUP BY 1, 2, 3, 4, 5, 6"
    )


def _start(unit: str) -> str:
    if _postgresql():
        return f"date_trunc('{unit}', time, 'UTC')"
    pattern = "%Y-%m-%d %H:00:00.000000" if unit == "hour" else "%Y-%m-%d 00:00:00.000000"
    return f"strftime('{pattern}', time)"


def _set_aside(table: str, unique: str) -> None:
    """Rename a table; on PostgreSQL, the names of constraints and sequences are the schema's and must be free."""
    op.rename_table(table, f"{table}_old")
    if _postgresql():
        op.execute(f"ALTER SEQUENCE {table}_id_seq RENAME TO {table}_old_id_seq")
        op.execute(f"ALTER TABLE {table}_old DROP CONSTRAINT {unique}, DROP CONSTRAINT pk_{table}")


def _drop_old() -> None:
    for table in OLD_INDEXES:
        op.drop_table(f"{table}_old")
        if _postgresql():
            op.execute(
                f"SELECT setval('{table}_id_seq', coalesce((SELECT max(id) FROM {table}), 1),"  # noqa: S608 - constants
                f" (SELECT count(*) > 0 FROM {table}))"
            )


def _of(alias: str, columns: str) -> str:
    return ", ".join(f"{alias}.{name}" for name in columns.split(", "))


def _conversion(name: str, function: Callable[[Any], Any], postgresql: str) -> str:
    """An SQL expression with a place for the column."""
    if _postgresql():
        return postgresql
    driver: sqlite3.Connection = op.get_bind().connection.driver_connection  # type: ignore[assignment] # it is SQLite's
    driver.create_function(name, 1, function, deterministic=True)
    return f"{name}({{}})"


def _postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _key_of(address: str) -> bytes:
    packed = ipaddress.ip_address(address).packed
    return packed if len(packed) == len(MAPPED) + 4 else MAPPED + packed


def _text_of(key: bytes) -> str:
    mapped = key.startswith(MAPPED)
    return str(ipaddress.IPv4Address(key[12:]) if mapped else ipaddress.IPv6Address(key))


MAPPED = bytes(10) + b"\xff\xff"
# inet_send has four bytes in front of the address: family, prefix length, whether it is a network, length.
POSTGRESQL_KEY = (
    "CASE family({0}::inet) WHEN 4 THEN '\\x00000000000000000000ffff'::bytea || substring(inet_send({0}::inet) from 5)"
    " ELSE substring(inet_send({0}::inet) from 5) END"
)
POSTGRESQL_TEXT = (
    "host(CASE WHEN substring({0} for 12) = '\\x00000000000000000000ffff'::bytea"
    " THEN ('0.0.0.0'::inet + (get_byte({0}, 12)::bigint * 16777216 + get_byte({0}, 13) * 65536"
    " + get_byte({0}, 14) * 256 + get_byte({0}, 15)))"
    " ELSE regexp_replace(encode({0}, 'hex'), '(....)(?!$)', '\\1:', 'g')::inet END)"
)
SEPARATORS = "/.:@_-=,;?&#%+()[]<>"  # PostgreSQL's own parser would keep `root/toor` or a URL as one word
WORDS = (
    "CREATE OR REPLACE FUNCTION event_words(summary text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$"
    f" SELECT to_tsvector('simple'::regconfig, translate(summary, '{SEPARATORS}', '{' ' * len(SEPARATORS)}')) $$"
)
