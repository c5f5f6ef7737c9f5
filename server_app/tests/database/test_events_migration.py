"""Events of the first schema come through with their numbers, and back again."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, select, text
from sqlalchemy.orm import Session

from server_app import migrate
from server_app.counting import service as counting
from server_app.counting.increments import Fact, Place, increments
from server_app.counting.models import EventTotal
from server_app.db import Database, now
from server_app.events import queries
from server_app.events.models import Event, EventSession

DAY = (now() - timedelta(days=2)).date().isoformat()
SOURCES = ["192.0.2.17", "2001:db8::1", "::", "255.255.255.255"]


def insert(connection: Connection, table: str, **values: Any) -> None:
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)  # noqa: S608 - constants of this test


def fill(connection: Connection) -> None:
    moment = now().isoformat(sep=" ")
    insert(connection, "divisions", id=3, name="Berlin")
    insert(connection, "sensors", id=5, name="s", location="", division_id=3, created_at=moment)
    shared = {"service": "cowrie", "kind": "login", "severity": 2, "protocol": "tcp", "destination_ip": "192.0.2.1"}
    for number, source in enumerate(SOURCES, start=7):
        time = f"{DAY} 10:{number:02}:00.000000"
        own: dict[str, Any] = {"sensor_id": 5, "session": f"c-{number}", "source_ip": source, "source_port": 50000}
        own |= {**shared, "destination_port": 22, "summary": f"login {number}"}
        ends: dict[str, Any] = {"first_time": time, "last_time": time, "summary_rank": 23, "summary_time": time}
        insert(connection, "event_sessions", id=number * 10, events=1, **ends, **own)
        uuid = f"0193{number:04x}000070008000000000000000"
        details = f'[{{"time": "{DAY}T10:00:00Z", "kind": "password", "data": "Toor!{number} \\u0000 x_y"}}]'
        empty: dict[str, Any] = {"details": details, "packets": "[]", "truncated": False}
        insert(connection, "events", id=number, uuid=uuid, time=time, received_at=time, **own, **empty)


@pytest.fixture
def url(database_url: str, tmp_path: Path) -> str:
    return database_url or f"sqlite:///{tmp_path / 'server.db'}"


def test_events_keep_their_numbers_and_addresses_up_and_down(url: str) -> None:
    database = Database(url)
    with database.engine.connect() as connection:
        config = migrate.configuration(connection)
        command.upgrade(config, "0011")
        fill(connection)
        before = contents(connection)
        connection.commit()
        command.upgrade(config, "head")
        connection.commit()

    with database.reading() as session:
        rows = [session.get_one(Event, number) for number in range(7, 11)]
        assert [row.source_ip for row in rows] == SOURCES
        assert [(row.session_id, row.division_id, row.session) for row in rows] == [
            (number * 10, 3, f"c-{number}") for number in range(7, 11)
        ]
        heads = [session.get_one(EventSession, number * 10) for number in range(7, 11)]
        assert [(row.source_ip, row.status, row.division_id) for row in heads] == [(ip, "new", 3) for ip in SOURCES]
        assert len(queries.events_of(session, heads[0], 10)) == 1
        assert [row.words for row in (rows[0], heads[0])] == ["login 7 toor x y"] * 2
        facts = [Fact(*row) for row in session.execute(counting.uncounted())]
        assert totals_of(session) == increments(facts, counting.weeks(session))
        assert counting.position(session) == 10

    with database.engine.connect() as connection:
        command.downgrade(migrate.configuration(connection), "0011")
        assert contents(connection) == before
        insert(connection, "divisions", name="next")
    database.close()


def test_words_of_more_events_than_are_read_at_once(url: str) -> None:
    """Sessions have events in several of the pieces; afterwards every index is there again."""
    many, moment = 5003, f"{DAY} 10:00:00.000000"
    database = Database(url)
    with database.engine.connect() as connection:
        config = migrate.configuration(connection)
        command.upgrade(config, "0018")
        shared: dict[str, Any] = {"sensor_id": 5, "division_id": 3, "service": "cowrie", "kind": "login", "severity": 2}
        shared |= {"protocol": "tcp", "source_ip": bytes(16), "destination_ip": "192.0.2.1"}
        ends: dict[str, Any] = {"first_time": moment, "last_time": moment, "summary_rank": 23, "summary_time": moment}
        for number in (1, 2):
            people = {"shelf": 0, "status": "new", "comment": ""}
            named = {"id": number, "session": f"s-{number}", "events": many, "summary": "Head"}
            insert(connection, "event_sessions", **named, **ends, **shared, **people)
        one: dict[str, Any] = {**shared, "time": moment, "received_at": moment, "packets": "[]", "truncated": False}
        rows = [
            one
            | {
                "id": number,
                "uuid": f"{number:032x}",
                "session_id": 1 + number % 2,
                "summary": f"Word {number}",
                "details": f'[{{"data": "toor{number % 3}"}}]' if number % 2 else "[]",
            }
            for number in range(1, many + 1)
        ]
        names, marks = ", ".join(rows[0]), ", ".join(f":{name}" for name in rows[0])
        connection.execute(text(f"INSERT INTO events ({names}) VALUES ({marks})"), rows)  # noqa: S608 - constants of this test
        connection.commit()
        command.upgrade(config, "head")
        connection.commit()
        found = {row.id: row.words for row in connection.execute(text("SELECT id, words FROM events"))}
        heads = {row.id: row.words for row in connection.execute(text("SELECT id, words FROM event_sessions"))}
    assert found == {number: f"word {number} toor{number % 3}" if number % 2 else f"word {number}" for number in found}
    assert len(found) == many
    assert [heads[number].split()[:6] for number in (1, 2)] == [
        ["head", "word", "2", "4", "6", "8"],
        ["head", "word", "1", "toor1", "3", "toor0"],
    ]
    assert all(1900 < len(words) <= 2000 for words in heads.values())
    assert migrate.differences(database) == []
    database.close()


def totals_of(session: Session) -> dict[Place, int]:
    columns = [getattr(EventTotal, name) for name in (*Place._fields, "events")]
    return {Place(*row[:-1]): row[-1] for row in session.execute(select(*columns))}


def contents(connection: Connection) -> list[list[dict[str, Any]]]:
    tables = ("events", "event_sessions")
    return [
        [dict(row) for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY id")).mappings()]  # noqa: S608 - constants
        for table in tables
    ]
