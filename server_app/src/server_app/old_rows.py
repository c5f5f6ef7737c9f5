"""Removing rows that are kept no longer, some at a time, so that writers in between wait for little."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import InstrumentedAttribute

from server_app.db import Database

AT_ONCE = 5_000


def remove(
    database: Database, number: InstrumentedAttribute[int], moment: InstrumentedAttribute[datetime], before: datetime
) -> int:
    """Remove the rows of a table from before a moment, the oldest first.

    Args:
        database: where they are.
        number: the column of the rows' numbers, by which they are removed.
        moment: the column of their time.
        before: what is older goes.

    Returns:
        How many went.
    """
    old = select(number).where(moment < before).order_by(moment).limit(AT_ONCE)
    removed = 0
    while True:
        with database.writing() as session:
            ids = session.scalars(old).all()
            session.execute(delete(number.class_).where(number.in_(ids)))
        removed += len(ids)
        if len(ids) < AT_ONCE:
            return removed
