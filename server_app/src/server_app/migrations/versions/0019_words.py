"""Words of everything an event says, so that passwords and commands within bundles are found, too.

On PostgreSQL they are indexed for four days at a time: the list is searched span by span until a page is full. Each of
these reads all that waits to be put into the index, so little may wait (64 kB). If nothing did, events would cost more.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLES = {"events": "time", "event_sessions": "last_time"}
AT_ONCE = 1000
MAX_READ, MAX_KEPT = 8000, 2000
WORD = re.compile(r"[^\W_]{1,100}")
EVENTS = sa.table(
    "events",
    sa.column("id"),
    sa.column("session_id"),
    sa.column("summary"),
    sa.column("details", sa.JSON()),
    sa.column("words"),
)
SESSIONS = sa.table("event_sessions", sa.column("id"), sa.column("summary"), sa.column("words"))
SEPARATORS = "/.:@_-=,;?&#%+()[]<>"
OLD_WORDS = (
    "CREATE FUNCTION event_words(summary text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$"
    f" SELECT to_tsvector('simple'::regconfig, translate(summary, '{SEPARATORS}', '{' ' * len(SEPARATORS)}')) $$"
)
# With bodies that are read now: an index is made with a search path of its own.
FUNCTION = "CREATE FUNCTION {} LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN {}"
FUNCTIONS = {
    "event_span(moment timestamptz) RETURNS integer": "((moment AT TIME ZONE 'UTC')::date - DATE '0001-01-01') / 4",
    "event_span_start(span integer) RETURNS timestamptz": (
        "(DATE '0001-01-01' + span * 4)::timestamp AT TIME ZONE 'UTC'"
    ),
    "event_words(moment timestamptz, words text) RETURNS tsvector": (
        "array_to_tsvector(string_to_array(event_span(moment)::text || '.'"
        " || replace(words, ' ', ' ' || event_span(moment)::text || '.'), ' '))"
    ),
    "event_all_words(one text, other text) RETURNS text": (
        f"CASE WHEN one = other OR length(one) > {MAX_KEPT} THEN one ELSE array_to_string(tsvector_to_array("
        "array_to_tsvector(string_to_array(btrim(one || ' ' || other), ' '))), ' ') END"
    ),
}


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("words", sa.Text(), nullable=False, server_default=""))
    bind = op.get_bind()
    _of_sessions(bind)
    _of_events(bind)
    if _postgresql():
        for table in TABLES:
            op.execute(f"DROP INDEX ix_{table}_words")
        op.execute("DROP FUNCTION event_words(text)")
        for name, body in FUNCTIONS.items():
            op.execute(FUNCTION.format(name, body))
        for table, moment in TABLES.items():
            op.execute(
                f"CREATE INDEX ix_{table}_words ON {table} USING gin (event_words({moment}, words))"
                " WITH (gin_pending_list_limit = 64)"
            )


def downgrade() -> None:
    if _postgresql():
        for table in TABLES:
            op.execute(f"DROP INDEX ix_{table}_words")
        op.execute("DROP FUNCTION event_all_words(text, text)")
        op.execute("DROP FUNCTION event_words(timestamptz, text)")
        op.execute("DROP FUNCTION event_span_start(integer)")
        op.execute("DROP FUNCTION event_span(timestamptz)")
        op.execute(OLD_WORDS)
        for table in TABLES:
            op.execute(f"CREATE INDEX ix_{table}_words ON {table} USING gin (event_words(summary))")
    for table in TABLES:
        op.drop_column(table, "words")


def _of_sessions(bind: sa.Connection) -> None:
    for rows in _chunks(bind, SESSIONS, SESSIONS.c.summary):
        _write(bind, SESSIONS, {row.id: _words(row.summary) for row in rows})


def _of_events(bind: sa.Connection) -> None:
    for rows in _chunks(bind, EVENTS, EVENTS.c.session_id, EVENTS.c.summary, EVENTS.c.details):
        found = {row.id: _words(" ".join([row.summary, *(one["data"] for one in row.details)])) for row in rows}
        _write(bind, EVENTS, found)
        heads = sa.select(SESSIONS.c.id, SESSIONS.c.words).where(SESSIONS.c.id.in_({row.session_id for row in rows}))
        of_sessions = {number: words for number, words in bind.execute(heads)}  # noqa: C416 - a Row is a tuple in all but type
        for row in rows:
            of_sessions[row.session_id] = _words(f"{of_sessions[row.session_id]} {found[row.id]}")
        _write(bind, SESSIONS, of_sessions)


def _chunks(
    bind: sa.Connection, table: sa.TableClause, *columns: sa.ColumnElement[Any]
) -> Iterator[Sequence[sa.Row[Any]]]:
    last = 0
    query = sa.select(table.c.id, *columns).where(table.c.id > sa.bindparam("last")).order_by(table.c.id).limit(AT_ONCE)
    while rows := bind.execute(query, {"last": last}).all():
        yield rows
        last = rows[-1].id


def _write(bind: sa.Connection, table: sa.TableClause, words: dict[int, str]) -> None:
    statement = sa.update(table).where(table.c.id == sa.bindparam("number")).values(words=sa.bindparam("found"))
    bind.execute(statement, [{"number": number, "found": found} for number, found in words.items()])


def _words(text: str) -> str:
    return " ".join(dict.fromkeys(WORD.findall(text[:MAX_READ].lower())))[:MAX_KEPT].rstrip()


def _postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
