"""Words of everything an event says, so that passwords and commands within bundles are found, too.

On PostgreSQL they are indexed for four days at a time: the list is searched span by span until a page is full. Each of
these reads all that waits to be put into the index, so little may wait (64 kB). If nothing did, events would cost more.

Each row that is there is written anew. There the other indexes are away meanwhile: making them at once at the end takes
a fraction of changing each for every row. A million events took 73 s on two busy cores; the table needs its room once
more.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
import structlog
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLES = {"events": "time", "event_sessions": "last_time"}
AT_ONCE = 5000
TOLD_EACH = 250_000
MAX_READ, MAX_KEPT = 8000, 2000
WORD = re.compile(r"[^\W_]{1,100}")
LOG = structlog.get_logger(__name__)
EVENTS = sa.table(
    "events",
    *(sa.column("id"), sa.column("session_id"), sa.column("summary"), sa.column("details"), sa.column("words")),
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
    if _postgresql():
        op.execute("SET LOCAL maintenance_work_mem = '256MB'")
        for table in TABLES:
            op.execute(f"DROP INDEX ix_{table}_words")
        op.execute("DROP FUNCTION event_words(text)")
    with _without_indexes(bind, "events"):
        _of_events(bind)
    with _without_indexes(bind, "event_sessions"):
        _of_sessions(bind)
    if _postgresql():
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


def _of_events(bind: sa.Connection) -> None:
    details = sa.cast(EVENTS.c.details, sa.Text)
    for rows in _chunks(bind, EVENTS, EVENTS.c.summary, details.label("details")):
        _write(bind, EVENTS, {row.id: _words(" ".join([row.summary, *_said(row.details)])) for row in rows})


def _of_sessions(bind: sa.Connection) -> None:
    of_events = sa.select(EVENTS.c.session_id, EVENTS.c.words).order_by(EVENTS.c.id)
    for rows in _chunks(bind, SESSIONS, SESSIONS.c.summary):
        between = EVENTS.c.session_id.between(rows[0].id, rows[-1].id)
        found: defaultdict[int, dict[str, None]] = defaultdict(dict)
        for number, words in bind.execute(of_events.where(between)):
            found[number].update(dict.fromkeys(words.split()))
        told = ((row.id, dict.fromkeys(_words(row.summary).split()) | found[row.id]) for row in rows)
        _write(bind, SESSIONS, {number: " ".join(words)[:MAX_KEPT].rstrip() for number, words in told})


def _said(details: str) -> list[str]:
    return [] if details == "[]" else [one["data"] for one in json.loads(details)]


def _chunks(
    bind: sa.Connection, table: sa.TableClause, *columns: sa.ColumnElement[Any]
) -> Iterator[Sequence[sa.Row[Any]]]:
    last = done = 0
    query = sa.select(table.c.id, *columns).where(table.c.id > sa.bindparam("last")).order_by(table.c.id).limit(AT_ONCE)
    while rows := bind.execute(query, {"last": last}).all():
        yield rows
        last, before, done = rows[-1].id, done, done + len(rows)
        if done // TOLD_EACH > before // TOLD_EACH:
            LOG.info("words_found", table=table.name, rows=done)


def _write(bind: sa.Connection, table: sa.TableClause, words: dict[int, str]) -> None:
    if _postgresql():
        statement = sa.text(
            f"UPDATE {table.name} SET words = found.words"  # noqa: S608 - one of two names
            " FROM unnest(CAST(:numbers AS bigint[]), CAST(:words AS text[])) AS found (id, words)"
            f" WHERE {table.name}.id = found.id"
        )
        bind.execute(statement, {"numbers": list(words), "words": list(words.values())})
        return
    one = sa.update(table).where(table.c.id == sa.bindparam("number")).values(words=sa.bindparam("found"))
    bind.execute(one, [{"number": number, "found": found} for number, found in words.items()])


@contextmanager
def _without_indexes(bind: sa.Connection, table: str) -> Iterator[None]:
    """Take away the indexes of a table but those of its constraints, and make them again at the end; PostgreSQL."""
    if not _postgresql():
        yield
        return
    query = sa.text(
        "SELECT i.indexname, i.indexdef FROM pg_indexes i"
        " WHERE i.schemaname = current_schema() AND i.tablename = :table AND NOT EXISTS"
        " (SELECT FROM pg_constraint c WHERE c.conindid = format('%I', i.indexname)::regclass)"
    )
    found = bind.execute(query, {"table": table}).all()
    for name, _ in found:
        op.execute(f'DROP INDEX "{name}"')
    yield
    for number, (name, definition) in enumerate(found, 1):
        LOG.info("index_being_made", name=name, number=number, of=len(found))
        op.execute(sa.text(definition))


def _words(text: str) -> str:
    return " ".join(dict.fromkeys(WORD.findall(text[:MAX_READ].lower())))[:MAX_KEPT].rstrip()


def _postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
