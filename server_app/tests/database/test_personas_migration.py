"""Sensors of older versions get a number each, of which their host name is made."""

import json
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import inspect, select, text

from server_app import migrate
from server_app.db import Database
from server_app.models import Sensor
from server_app.sensors.host_names import NAMES

BEFORE = "0025"


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Any:
    database = Database(database_url or f"sqlite:///{tmp_path / 'server.db'}")
    with database.engine.connect() as connection:
        command.upgrade(migrate.configuration(connection), BEFORE)
        connection.commit()
        connection.execute(text("INSERT INTO divisions (id, name) VALUES (1, 'd')"))
        sensor = "INSERT INTO sensors (id, name, location, division_id, created_at) VALUES (:id, :name, '', 1, :now)"
        for number in range(1, 41):
            row = {"id": number, "name": f"s{number}", "now": "2026-01-01 00:00:00"}
            connection.execute(text(sensor), row)
        connection.execute(text("INSERT INTO desired_version (id, number) VALUES (1, 5)"))
        connection.commit()
    yield database
    database.close()


def test_each_sensor_gets_a_number_of_its_own_and_polls_are_answered_anew(database: Database, tmp_path: Path) -> None:
    migrate.upgrade(database, tmp_path)
    assert migrate.differences(database) == []
    with database.reading() as session:
        numbers = session.scalars(select(Sensor.name_number)).all()
        assert session.scalar(text("SELECT number FROM desired_version")) == 6
    assert len({number % NAMES for number in numbers}) == 40


def test_an_older_version_finds_nothing_that_it_does_not_know(database: Database, tmp_path: Path) -> None:
    migrate.upgrade(database, tmp_path)
    value = json.dumps({"poll_interval": 5, "persona": {"domain": "corp.example"}})
    with database.engine.begin() as connection:
        insert = text("INSERT INTO preferences (section, value) VALUES ('sensors', :value)")
        connection.execute(insert, {"value": value})
    with database.engine.connect() as connection:
        command.downgrade(migrate.configuration(connection), BEFORE)
        connection.commit()
        (stored,) = connection.execute(text("SELECT value FROM preferences")).scalars()
        assert (json.loads(stored) if isinstance(stored, str) else stored) == {"poll_interval": 5}
        columns = {column["name"] for column in inspect(connection).get_columns("sensors")}
        assert not columns & {"persona", "name_number"}
        assert connection.execute(text("SELECT count(*) FROM sensors")).scalar() == 40
