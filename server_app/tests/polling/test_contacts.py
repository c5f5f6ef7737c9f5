"""Contacts that are written together."""

from datetime import datetime, timedelta
from pathlib import Path

from server_bench import Bench

from server_app.db import Database, now
from server_app.polling.contacts import Contact, ContactBook
from server_app.sensors.models import SensorStatus

A_DAY = 86400.0


def last_contact(bench: Bench, sensor: int) -> datetime | None:
    with bench.database.reading() as session:
        return session.get_one(SensorStatus, sensor).last_contact_at


def test_contacts_wait_and_are_written_at_once(bench: Bench) -> None:
    sensors = [bench.sensor(name) for name in ("one", "two")]
    for sensor in sensors:
        sensor.poll()
    before = [last_contact(bench, sensor.id) for sensor in sensors]
    book = ContactBook(bench.database)
    book._waiting[0] = Contact(0, now(), now())  # a sensor that is gone; and its timer is the test itself
    at = now()
    for sensor in sensors:
        book.note(Contact(sensor.id, at, at + timedelta(minutes=1)))
    assert [last_contact(bench, sensor.id) for sensor in sensors] == before

    book.flush()

    assert [last_contact(bench, sensor.id) for sensor in sensors] == [at, at]


def test_an_older_contact_does_not_replace_a_newer_one(bench: Bench) -> None:
    sensor = bench.sensor()
    sensor.poll()
    newest = last_contact(bench, sensor.id)
    assert newest is not None
    ContactBook(bench.database, delay=0).note(Contact(sensor.id, newest - timedelta(seconds=9), newest))
    assert last_contact(bench, sensor.id) == newest


def test_a_database_that_refuses_is_no_reason_to_fail(tmp_path: Path) -> None:
    without_tables = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    ContactBook(without_tables, delay=0).note(Contact(1, now(), now()))
    without_tables.close()


def test_a_contact_is_written_by_itself_after_the_delay(bench: Bench) -> None:
    sensor = bench.sensor()
    sensor.poll()
    at = now()
    book = ContactBook(bench.database, delay=A_DAY)
    timers: list[int] = []
    book._later = lambda: timers.append(1)  # type: ignore[method-assign] # the clock is the test's
    book.note(Contact(sensor.id, at, at))
    book.note(Contact(sensor.id, at, at))
    assert len(timers) == 1
    book.flush()
    assert last_contact(bench, sensor.id) == at
