"""Totals of a week are made when it is over, of those of its days: nearly half of the counting's rows less."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

import server_app.db

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

WEEK, DAY = 168, 24
MOMENT = server_app.db.UtcDateTime(timezone=True)
PLACES = "picture = 0 AND span = {} AND sensor_id <> 0"
TOTALS = sa.table("event_totals", sa.column("span"), sa.column("start", MOMENT))
COUNTED = sa.table("counted_up_to", sa.column("what"), sa.column("position"))


def upgrade() -> None:
    now = datetime.now(UTC)
    week = (now - timedelta(days=now.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    op.execute(TOTALS.delete().where(TOTALS.c.span == WEEK, TOTALS.c.start >= week))
    op.bulk_insert(COUNTED, [{"what": "weeks", "position": int(week.timestamp())}])
    _index(DAY)


def downgrade() -> None:
    weeks = sa.select(COUNTED.c.position).where(COUNTED.c.what == "weeks")
    week = datetime.fromtimestamp(op.get_bind().execute(weeks).scalar_one(), UTC)
    columns = "picture, division_id, sensor_id, span, key, start, events"
    statement = sa.text(
        f"INSERT INTO event_totals ({columns})"  # noqa: S608 - constants
        f" SELECT picture, division_id, sensor_id, {WEEK}, key, {_monday()}, sum(events)"
        f" FROM event_totals WHERE span = {DAY} AND start >= :week GROUP BY 1, 2, 3, 4, 5, 6"
    )
    op.execute(statement.bindparams(sa.bindparam("week", week, MOMENT)))
    op.execute(COUNTED.delete().where(COUNTED.c.what == "weeks"))
    _index(WEEK)


def _index(span: int) -> None:
    """By which the divisions are found that a sensor has been in: every one has days now, not every one weeks."""
    op.drop_index("ix_event_totals_places", "event_totals")
    places = sa.text(PLACES.format(span))
    columns = ["sensor_id", "division_id"]
    op.create_index("ix_event_totals_places", "event_totals", columns, postgresql_where=places, sqlite_where=places)


def _monday() -> str:
    if op.get_bind().dialect.name == "postgresql":
        return "date_trunc('week', start, 'UTC')"
    return "strftime('%Y-%m-%d 00:00:00.000000', start, 'weekday 0', '-6 days')"
