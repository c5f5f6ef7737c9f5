"""A row read past SQLAlchemy is the same row."""

from datetime import UTC
from typing import NamedTuple

import pytest
from server_bench import Bench
from sqlalchemy import bindparam, select

from server_app.glance import Glance
from server_app.sensors.models import Sensor, SensorStatus


class Row(NamedTuple):
    name: str
    timed_out: bool
    last_contact_at: object


QUERY = (
    select(Sensor.name, SensorStatus.timed_out, SensorStatus.last_contact_at)
    .where(SensorStatus.sensor_id == Sensor.id, Sensor.id == bindparam("number"))
    .order_by(Sensor.id)
)


def test_it_gives_what_a_session_gives(bench: Bench) -> None:
    sensor = bench.sensor("müller % ' sensor")
    sensor.poll()
    glance = Glance(QUERY, Row)

    row = glance.first(bench.database, number=sensor.id)

    with bench.database.reading() as session:
        assert row == session.execute(QUERY, {"number": sensor.id}).one()
    assert row is not None
    assert row.last_contact_at.astimezone(UTC) == row.last_contact_at  # type: ignore[attr-defined] # a moment
    assert glance.first(bench.database, number=0) is None


def test_a_statement_that_fails_spoils_no_later_one(bench: Bench) -> None:
    wrong = Glance(select(Sensor.name).where(Sensor.id == bindparam("number")), Row)
    with pytest.raises(Exception, match="number"):
        wrong.first(bench.database)
    assert Glance(QUERY, Row).first(bench.database, number=0) is None


@pytest.mark.parametrize("column", [SensorStatus.report, SensorStatus.health])
def test_columns_that_need_work_are_refused(column: object) -> None:
    with pytest.raises(TypeError, match=r"report|health"):
        Glance(select(column), Row)  # type: ignore[call-overload] # a column, whatever its type
