"""Handing events over to a sensor that is busy, away, forgetful or broken."""

import asyncio
import socket
import threading
from collections.abc import Coroutine
from pathlib import Path

import pytest
from honeypot_testing.sensor_end import SensorEnd

from honeypot_adapter.bundler import Bundler
from honeypot_adapter.delivery import Delivery
from honeypot_adapter.event import Contact, Observation, Severity
from honeypot_adapter.outbox import Outbox
from sensor_wire.honeypot.socket import AnswerStatus
from sensor_wire.v1.event import EventBody

COUNT = 20


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    outbox = Outbox(tmp_path / "outbox.db")
    bundler = Bundler()
    for number in range(COUNT):
        contact = Contact(f"s{number}", "tcp", "192.0.2.1", 1, "10.0.0.1", 22)
        observation = Observation(1.0, "connection", Severity.LOW, "connection", "x", "x")
        for event in bundler.observe(contact, observation, now=0.0):
            outbox.put(event)
    return outbox


def deliver(outbox: Outbox, socket_path: Path, meanwhile: Coroutine[None, None, None] | None = None) -> bool:
    async def run() -> bool:
        delivery = Delivery(outbox, socket_path)
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(delivery.run())
            if meanwhile is not None:
                await meanwhile
            empty = await delivery.drain(20)
            sending.cancel()
        return empty

    return asyncio.run(run())


def sessions(sensor: SensorEnd) -> list[str]:
    return [event.session for event in sensor.events]


def test_all_events_arrive_in_order(outbox: Outbox, sensor_end: SensorEnd) -> None:
    assert deliver(outbox, sensor_end.path)
    assert sessions(sensor_end) == [f"s{number}" for number in range(COUNT)]
    assert outbox.first() is None


def test_busy_sensor_is_asked_again(outbox: Outbox, sensor_end: SensorEnd) -> None:
    answers = iter([AnswerStatus.BUSY, AnswerStatus.BUSY, AnswerStatus.STORED, AnswerStatus.BUSY])
    sensor_end.decide = lambda _event: next(answers, AnswerStatus.STORED)
    assert deliver(outbox, sensor_end.path)
    assert sessions(sensor_end) == [f"s{number}" for number in range(COUNT)]


def test_refused_event_does_not_hold_up_the_others(
    outbox: Outbox, sensor_end: SensorEnd, capsys: pytest.CaptureFixture[str]
) -> None:
    def decide(event: EventBody) -> AnswerStatus:
        return AnswerStatus.REJECTED if event.session == "s3" else AnswerStatus.STORED

    sensor_end.decide = decide
    assert deliver(outbox, sensor_end.path)
    assert sessions(sensor_end) == [f"s{number}" for number in range(COUNT) if number != 3]
    assert "refused an event" in capsys.readouterr().err


def test_unanswered_events_are_sent_again_with_their_ids(outbox: Outbox, sensor_end: SensorEnd) -> None:
    sensor_end.lose_answers = 2
    assert deliver(outbox, sensor_end.path)
    assert len(sensor_end.events) == COUNT + 2
    assert len({event.id for event in sensor_end.events}) == COUNT


def test_absent_sensor_gets_all_when_it_comes(outbox: Outbox, sensor_end: SensorEnd) -> None:
    sensor_end.stop()

    async def come() -> None:
        await asyncio.sleep(0)
        await asyncio.to_thread(sensor_end.start)

    assert deliver(outbox, sensor_end.path, come())
    assert sessions(sensor_end) == [f"s{number}" for number in range(COUNT)]


@pytest.mark.parametrize("nonsense", [b"\n", b"[]\n", b'{"status":"what"}\n', b"x" * 100_000, b'{"status":'])
def test_nonsense_is_no_acknowledgement(outbox: Outbox, tmp_path: Path, nonsense: bytes) -> None:
    path = tmp_path / "broken.sock"
    answered = threading.Event()

    def answer() -> None:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen()
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(nonsense)
        path.unlink()
        answered.set()

    threading.Thread(target=answer, daemon=True).start()

    async def recover() -> None:
        await asyncio.to_thread(answered.wait, 10)
        sensor.start()

    sensor = SensorEnd(path)
    try:
        assert deliver(outbox, path, recover())
    finally:
        sensor.stop()
    assert len(sensor.events) == COUNT
