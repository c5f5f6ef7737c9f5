"""An adapter that is killed anywhere goes on without losing a line or telling it twice."""

import json
from pathlib import Path

import pytest

from honeypot_adapter.event import Contact, Observation, Severity
from honeypot_adapter.follow import Adapter, Mapped, Mapping
from honeypot_adapter.outbox import Outbox


def mapping(line: bytes, _open: object) -> Mapped | None:
    session, word = line.decode().split()
    contact = Contact(session, "tcp", "192.0.2.1", 1, "10.0.0.1", 22)
    observation = Observation(float(len(word)), "command", Severity.HIGH, "command", word, word)
    return Mapped(contact, (observation,), end=word == "end")


def bundles(outbox: Outbox) -> list[list[str]]:
    found = []
    while waiting := outbox.first():
        found.append([detail["data"] for detail in json.loads(waiting.line)["event"]["details"]])
        outbox.forget(waiting)
    return found


def told(outbox: Outbox) -> list[str]:
    return [word for bundle in bundles(outbox) for word in bundle]


def adapter(tmp_path: Path, outbox: Outbox, mapping: Mapping = mapping) -> Adapter:
    return Adapter(tmp_path / "log", mapping, outbox)


def test_every_line_is_told_once_though_each_step_is_by_another_process(tmp_path: Path) -> None:
    events = []
    for number, line in enumerate(["a one", "b two", "a three", "a four", "b end", "a end"]):
        with (tmp_path / "log").open("a") as log:
            log.write(line + "\n")
        outbox = Outbox(tmp_path / "outbox.db")
        adapter(tmp_path, outbox).step(float(number))
        events += bundles(outbox)
        outbox.close()
    assert events == [["one"], ["two"], ["end"], ["three", "four", "end"]]


def test_process_that_dies_before_the_commit_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a one\na two\n")
    outbox = Outbox(tmp_path / "outbox.db")

    def die() -> None:
        with outbox.transaction():
            outbox.put({"id": "lost"})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        die()
    outbox.close()
    outbox = Outbox(tmp_path / "outbox.db")
    adapter(tmp_path, outbox).finish(0.0)
    assert told(outbox) == ["one", "two"]


def test_lines_that_are_not_understood_are_passed_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log").write_bytes(b"\xff\xfe\nthree words here\na good\n")
    outbox = Outbox(tmp_path / "outbox.db")
    adapter(tmp_path, outbox).step(0.0)
    assert told(outbox) == ["good"]
    assert capsys.readouterr().err.count("not understood") == 2


def test_full_outbox_stops_the_reading_until_it_is_taken(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", max_bytes=1)
    running = adapter(tmp_path, outbox)
    (tmp_path / "log").write_text("a one\n")
    running.step(0.0)
    with (tmp_path / "log").open("a") as log:
        log.write("b two\n")
    running.step(1.0)
    assert told(outbox) == ["one"]
    running.step(2.0)
    assert told(outbox) == ["two"]


def test_lines_lost_while_the_sensor_takes_nothing_are_counted_in_the_next_event(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", max_bytes=1)
    following = Adapter(tmp_path / "log", mapping, outbox, max_backlog=60)
    for line in ["a first\n", *20 * ["b again\n"]]:
        with (tmp_path / "log").open("a") as log:
            log.write(line)
        following.step(1.0)
    assert told(outbox) == ["first"]
    following.step(2.0)
    following.finish(3.0)
    words = told(outbox)
    again = words.count("again")
    assert 3 <= again <= 7
    assert words[1] == f"{20 - again} lines of the log before this event, because the sensor took none"
    assert len(words) == again + 1
