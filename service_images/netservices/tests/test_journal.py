"""Who gets a session, who is counted, and what is written of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from netservices import journal as journal_module
from netservices.admission import EVERYBODY, MAX_OPEN_OF_SOURCE, Admission, Verdict
from netservices.journal import Ends, Journal


def ends(port: int, source: str = "192.0.2.7") -> Ends:
    return Ends("ftp", "tcp", (source, port), ("10.10.10.2", 2121))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_visit_is_a_session_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", clock=lambda: 1000.5)
    visit = journal.open(ends(1))
    assert visit is not None
    visit.tell("login", username="root", password="x" * 5000, accepted=False)
    visit.close()
    visit.close()
    opened, login, closed = lines(tmp_path / "journal")
    assert [opened["what"], login["what"], closed["what"]] == ["connection", "login", "closed"]
    assert len({entry["session"] for entry in (opened, login, closed)}) == 1
    assert (opened["source"], opened["destination"], opened["time"]) == (["192.0.2.7", 1], ["10.10.10.2", 2121], 1000.5)
    assert len(login["password"]) == 2048


def test_flood_becomes_one_crowd_and_every_visit_is_counted(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", Admission(per_source=10))
    for number in range(1000):
        visit = journal.open(ends(number + 1))
        assert visit is not None
        visit.tell("login", username="root", password=str(number), accepted=False)
        visit.close()
    journal.tick()
    journal.tick(final=True)
    written = lines(tmp_path / "journal")
    assert len({entry["session"] for entry in written}) == 10 + -(-990 // journal_module.CROWD_LINES)
    assert [entry["password"] for entry in written if entry["what"] == "login"] == [
        str(number) for number in range(1000)
    ]
    assert sum(entry["count"] for entry in written if entry["what"] == "repeated") == 990
    assert sum(entry["visits"] for entry in written if "visits" in entry) == 990
    assert [entry["visitor"] for entry in written if "visitor" in entry][-1] == "192.0.2.7 port 1000"


def test_visitors_without_room_are_counted(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    visits = [journal.open(ends(number + 1)) for number in range(MAX_OPEN_OF_SOURCE + 5)]
    assert [visit is None for visit in visits] == [False] * MAX_OPEN_OF_SOURCE + [True] * 5
    assert journal.open(ends(1, "192.0.2.8")) is not None, "one source takes the room of all"
    journal.tick()
    assert sum(entry.get("count", 0) for entry in lines(tmp_path / "journal")) == 5
    assert visits[0] is not None
    visits[0].close()
    assert journal.open(ends(1)) is not None


def test_crowd_ends_when_it_is_quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "journal", Admission(per_source=0))
    visit = journal.open(ends(1))
    assert visit is not None
    monkeypatch.setattr(journal_module, "CROWD_IDLE", 0.0)
    journal.tick()
    assert lines(tmp_path / "journal")[-1]["what"] == "repeated", "it ended while a visitor was there"
    visit.close()
    journal.tick()
    assert lines(tmp_path / "journal")[-1]["what"] == "closed"


def test_what_finds_no_room_is_counted_and_told_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "journal")
    visit = journal.open(ends(1))
    assert visit is not None
    monkeypatch.setattr(journal_module, "MAX_BYTES", 0)
    visit.tell("request", text="lost")
    visit.tell("request", text="lost too")
    monkeypatch.undo()
    visit.tell("request", text="kept")
    written = lines(tmp_path / "journal")
    assert [entry.get("text") for entry in written] == [None, "kept"]
    assert written[-1]["lost"] == 2


def test_admission_counts_by_source_by_service_and_in_all() -> None:
    admission = Admission(per_source=2, of_all=4)
    came = [admission.came("ftp", "192.0.2.1", 100.0).crowd for _ in range(3)]
    assert came == [None, None, "192.0.2.1"]
    assert admission.came("vnc", "192.0.2.1", 101.0) == Verdict(None, room=True)
    assert admission.came("ftp", "192.0.2.2", 102.0).crowd == EVERYBODY
    assert admission.came("ftp", "192.0.2.2", 160.0).crowd is None, "the window never ends"


def test_network_of_ipv6_is_one_source() -> None:
    admission = Admission(per_source=1)
    assert admission.came("ftp", "2001:db8::1", 0.0).crowd is None
    assert admission.came("ftp", "2001:db8::2", 0.0).crowd == "2001:db8::/64"
    assert admission.came("ftp", "2001:db8:0:1::1", 0.0).crowd is None
