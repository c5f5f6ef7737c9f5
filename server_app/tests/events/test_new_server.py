"""A new server is soon as quick as it will be: no plan stays that was made for a table with nothing in it."""

import pytest
from event_builder import event
from server_bench import Bench
from sqlalchemy import text

from server_app import direct

BATCHES, SIZE = 30, 50


@pytest.mark.parametrize("prepared", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_whether_events_are_known_is_looked_up_by_index(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "RENEW", BATCHES // 2)
    sensor = bench.sensor()

    def upload() -> None:
        for _ in range(BATCHES):
            assert sensor.upload([event() for _ in range(SIZE)]).status_code == 200

    def rows_read_in_order() -> int:
        with bench.database.reading() as session:
            session.execute(text("SELECT pg_stat_force_next_flush()"))
        with bench.database.reading() as session:
            found = session.scalar(text("SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'events'"))
        assert isinstance(found, int)
        return found

    upload()
    before = rows_read_in_order()
    upload()
    assert rows_read_in_order() - before < BATCHES * SIZE, "each upload has read all of the table"
