"""A new server is as quick as it will be: no plan suffers from having been made for a table with nothing in it."""

from collections.abc import Iterator

import pytest
from event_builder import event
from server_bench import Bench
from sqlalchemy import text

BATCHES, SIZE = 60, 50


@pytest.fixture
def unknown(bench: Bench) -> Iterator[Bench]:
    """A server whose PostgreSQL knows nothing of its events, however many come: its statistics are never made."""
    with bench.database.writing() as session:
        session.execute(text("ALTER TABLE events SET (autovacuum_enabled = false)"))
    yield bench
    with bench.database.writing() as session:
        session.execute(text("ALTER TABLE events RESET (autovacuum_enabled)"))


@pytest.mark.parametrize("prepared", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_whether_events_are_known_is_looked_up_by_index(unknown: Bench) -> None:
    sensor = unknown.sensor()

    def rows_read_in_order() -> int:
        with unknown.database.reading() as session:
            session.execute(text("SELECT pg_stat_force_next_flush()"))
        with unknown.database.reading() as session:
            found = session.scalar(text("SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'events'"))
        assert isinstance(found, int)
        return found

    before = rows_read_in_order()
    for _ in range(BATCHES):
        assert sensor.upload([event() for _ in range(SIZE)]).status_code == 200
    assert rows_read_in_order() - before < BATCHES * SIZE, "each upload has read all of the table"
