"""What is removed after its time or when there is too much, what stays, and what is written down."""

import secrets
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from event_builder import event
from server_bench import Bench
from sqlalchemy import func, select, text, update

from server_app.audit import actor
from server_app.db import now
from server_app.events import mass, room, sweep
from server_app.events.columns import Shelf
from server_app.events.models import Event, EventSession
from server_app.events.sweep import Candidate, Removed
from server_app.events.tasks import EventTasks


def aged(*days: float, session: str, **others: Any) -> list[dict[str, Any]]:
    """One event of a session for each age."""
    return [event(session=session, **others) | {"time": (now() - timedelta(days=age)).isoformat()} for age in days]


def arrived_then(bench: Bench) -> None:
    """Every event has arrived when it happened."""
    with bench.database.writing() as session:
        session.execute(update(Event).values(received_at=Event.time))


@pytest.fixture
def filled(bench: Bench) -> Bench:
    """Sessions of several ages, some in the archive."""
    bench.sensor().upload(
        [
            *aged(400, 390, session="old"),
            *aged(400, 5, session="mixed"),
            *aged(40, 39, 38, session="middle"),
            *aged(1, session="young"),
            *aged(500, 450, session="archived-old"),
            *aged(50, session="archived-young"),
        ]
    )
    arrived_then(bench)
    for name in ("archived-old", "archived-young"):
        row = bench.admin.ok("GET", f"/events/sessions?session={name}")["items"][0]
        bench.admin.ok("PATCH", f"/events/sessions/{row['id']}", json={"archived": True})
    return bench


def keep(bench: Bench, **settings: int | None) -> None:
    bench.admin.ok("PATCH", "/settings/events", json=settings)


def left(bench: Bench) -> dict[str, int]:
    """The sessions that are left with the number of their events, after a look at whether each is whole."""
    with bench.database.reading() as session:
        rows = {row.id: (row.session, row.events) for row in session.scalars(select(EventSession))}
        query = select(Event.session_id, func.count()).group_by(Event.session_id)
        stored = {number: count for number, count in session.execute(query)}  # noqa: C416 - a Row is a tuple in all but type
    assert stored == {number: count for number, (_, count) in rows.items()}
    return dict(rows.values())


def run(bench: Bench, names: Iterable[str] = ("remove_old", "remove_surplus")) -> None:
    """What the worker does, as the worker."""
    tasks = EventTasks(bench.database)
    with actor.acting(actor.WORKER):
        for name in names:
            getattr(tasks, name)()


def entries(bench: Bench) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = bench.admin.ok("GET", "/audit?object=session&action=removed")["items"]
    return found


def test_without_settings_a_year_and_the_archive_stay(filled: Bench) -> None:
    run(filled)
    assert left(filled) == {"mixed": 2, "middle": 3, "young": 1, "archived-old": 2, "archived-young": 1}


def test_the_archive_has_its_own_age(filled: Bench) -> None:
    keep(filled, keep_days=30, keep_archived_days=60)
    run(filled)
    assert left(filled) == {"mixed": 2, "young": 1, "archived-young": 1}
    keep(filled, keep_days=None, keep_archived_days=10)
    run(filled)
    assert left(filled) == {"mixed": 2, "young": 1}


def test_what_a_filter_hides_grows_old_too(bench: Bench) -> None:
    bench.admin.ok("POST", "/eventfilters", json={"name": "ours", "conditions": {"ports": [22]}})
    bench.sensor().upload([*aged(400, session="old"), *aged(1, session="young")])
    arrived_then(bench)
    run(bench)
    assert left(bench) == {"young": 1}


def test_what_a_sensor_with_a_late_clock_reports_is_kept_as_long_as_the_rest(filled: Bench) -> None:
    filled.sensor("late").upload([*aged(4000, session="late"), *aged(4000, session="late-too")])
    run(filled)
    assert {"late", "late-too"} <= set(left(filled))
    keep(filled, max_events=5)
    run(filled)
    assert left(filled) == {"mixed": 2, "young": 1, "late": 1, "late-too": 1}, "the oldest others first"
    keep(filled, max_events=4)
    run(filled)
    assert sum(left(filled).values()) <= 4, "when there is nothing else, these go, too"

    with filled.database.writing() as session:
        session.execute(update(Event).values(received_at=now() - timedelta(days=400)))
    run(filled)
    assert "late" not in left(filled)


@pytest.mark.parametrize(
    ("most", "names"),
    [
        (11, {"old", "mixed", "middle", "young", "archived-old", "archived-young"}),
        (10, {"old", "mixed", "middle", "young", "archived-young"}),
        (8, {"mixed", "middle", "young", "archived-young"}),
        (6, {"mixed", "middle", "young"}),
        (5, {"mixed", "young"}),
        (2, {"young"}),
    ],
)
@pytest.mark.parametrize("at_once", [2, 1000])
def test_of_too_many_the_oldest_go(
    filled: Bench, monkeypatch: pytest.MonkeyPatch, most: int, names: set[str], at_once: int
) -> None:
    monkeypatch.setattr(sweep, "SESSIONS_AT_ONCE", at_once)
    monkeypatch.setattr(sweep, "ROWS_AT_ONCE", at_once)
    keep(filled, keep_days=None, max_events=most)
    run(filled)
    assert set(left(filled)) == names


@pytest.fixture
def large(bench: Bench) -> Bench:
    """An event of some kilobytes for each of 400 hours, every tenth in the archive."""
    sensor = bench.sensor()
    for begin in range(0, 400, 100):
        hours = range(begin, begin + 100)
        sensor.upload([one for hour in hours for one in aged(30 - hour / 24, session=f"{hour}", details=told(4000))])
    arrived_then(bench)
    with bench.database.writing() as session:
        tenth = EventSession.id % 10 == 0
        session.execute(update(EventSession).where(tenth).values(shelf=Shelf.ARCHIVED))
    return bench


def told(length: int) -> list[dict[str, Any]]:
    """Details that nothing makes shorter."""
    return [{"time": now().isoformat(), "kind": "data", "data": secrets.token_hex(length // 2)}]


def test_of_too_much_the_oldest_go_once(large: Bench) -> None:
    keep(large, keep_days=None, max_mebibytes=1000)
    run(large)
    assert len(left(large)) == 400
    keep(large, max_mebibytes=1)
    run(large)
    stayed = left(large)
    with large.database.reading() as session:
        assert 0.9 < room.taken(session).bytes / room.MIB <= 1
    assert set(stayed) == {str(hour) for hour in range(400 - len(stayed), 400)}, "the archive's too"
    run(large)
    assert left(large) == stayed, "what stays takes no more than it may, though no file has become smaller"
    (entry,) = entries(large)
    assert (entry["before"], entry["after"]["events"]) == ({"max_mebibytes": 1}, 400 - len(stayed))
    keep(large, max_events=10)
    run(large)
    assert len(left(large)) == 10, "whichever is reached first"


def test_the_room_of_events_is_told_about_right(bench: Bench) -> None:
    sensor = bench.sensor()
    for begin in range(0, 3000, 200):
        numbers = range(begin, begin + 200)
        others: dict[str, Any] = {"summary": "SSH login root / pass77 refused (and 2 more)", "details": told(120)}
        sensor.upload([event(number, session=f"s-{number // 5}", **others) for number in numbers])
    with bench.database.reading() as session:
        told_room = room.taken(session)
    assert 0.7 < told_room.bytes / really_taken(bench) < 1.3


def really_taken(bench: Bench) -> int:
    """The bytes that go with the events and sessions; afterwards there are none."""
    url = bench.database.engine.url
    if url.get_backend_name() == "postgresql":
        with bench.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM FULL events, event_sessions"))
            sizes = "SELECT pg_total_relation_size('events') + pg_total_relation_size('event_sessions')"
            return int(connection.execute(text(sizes)).scalar_one())
    file = Path(str(url.database))
    found: list[int] = []
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in ("SELECT 1", "DELETE FROM events", "DELETE FROM event_sessions"):
            connection.execute(statement)
            connection.execute("VACUUM")
            found.append(connection.execute("PRAGMA page_count").fetchone()[0] * 4096)
    before, _, after = found
    return before - after


def test_the_same_rows_tell_the_size_while_others_come() -> None:
    few, more = room.looked_at(1, 1_000_000), room.looked_at(1, 1_040_000)
    assert set(few) < set(more)
    assert room.LOOKED_AT / 2 < len(few) <= room.LOOKED_AT + 1
    assert room.looked_at(5, 9) == [5, 6, 7, 8, 9]
    assert {number % 4 for number in few} == {0, 1, 2, 3}


def test_gaps_between_the_numbers_are_no_events(filled: Bench) -> None:
    row = filled.admin.ok("GET", "/events/sessions?session=middle")["items"][0]
    filled.admin.ok("DELETE", f"/events/sessions/{row['id']}")
    keep(filled, keep_days=None, max_events=8)
    run(filled)
    assert sum(left(filled).values()) == 8


def test_one_run_is_one_entry_of_the_audit_log(filled: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "SESSIONS_AT_ONCE", 1)
    keep(filled, keep_days=30)
    run(filled)
    run(filled)
    (entry,) = entries(filled)
    assert entry["actor"]["kind"] == "worker"
    assert entry["before"] == {"keep_days": 30, "keep_archived_days": None}
    assert entry["after"] == {"count": 2, "events": 5}
    keep(filled, max_events=3)
    run(filled)
    assert (entries(filled)[0]["before"], entries(filled)[0]["after"]) == (
        {"max_events": 3},
        {"count": 2, "events": 3},
    )


def test_the_worker_does_both_by_itself(filled: Bench) -> None:
    keep(filled, keep_days=30, max_events=5)
    huey = filled.queue._huey
    own = [
        task for task in huey._registry.periodic_tasks if task.name in {"remove-old-events", "remove-surplus-events"}
    ]
    for task in sorted(own, key=lambda task: task.name):
        huey.execute(task)
    assert left(filled) == {"mixed": 2, "young": 1, "archived-young": 1}
    assert [entry["actor"]["kind"] for entry in entries(filled)] == ["worker", "worker"]


def test_statistics_still_count_what_is_gone(filled: Bench) -> None:
    before = filled.admin.ok("GET", "/stats?window=90d")
    assert before["events"] > 0
    keep(filled, keep_days=1, keep_archived_days=1, max_events=1)
    run(filled)
    assert filled.admin.ok("GET", "/stats?window=90d")["events"] == before["events"]


def test_a_worker_that_is_stopped_leaves_whole_sessions_and_the_next_run_goes_on(
    filled: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "SESSIONS_AT_ONCE", 1)
    remove, calls = mass.remove, iter([False, True])

    def stopped(session: Any, ids: Any) -> None:
        remove(session, ids)
        if next(calls):
            raise KeyboardInterrupt

    monkeypatch.setattr(mass, "remove", stopped)
    keep(filled, keep_days=10)
    with pytest.raises(KeyboardInterrupt):
        run(filled)
    assert set(left(filled)) == {"mixed", "middle", "young", "archived-old", "archived-young"}
    assert [entry["after"] for entry in entries(filled)] == [{"count": 1, "events": 2}]
    monkeypatch.setattr(mass, "remove", remove)
    run(filled)
    assert set(left(filled)) == {"mixed", "young", "archived-old", "archived-young"}


def test_a_session_that_grows_meanwhile_stays(filled: Bench) -> None:
    limits: sweep.Limits = {Shelf.LIVE: now() - timedelta(days=300)}
    with filled.database.reading() as session:
        chosen = sweep._oldest(session, limits, None)
    with filled.database.writing() as session:
        row = session.scalars(select(EventSession).where(EventSession.id == chosen[0].id)).one()
        row.last_time = now()
    with filled.database.writing() as session:
        assert sweep._remove(session, limits, chosen) == Removed()
    assert "old" in left(filled)


def test_one_that_is_archived_meanwhile_stays(filled: Bench) -> None:
    limits: sweep.Limits = {Shelf.LIVE: now() - timedelta(days=300)}
    with filled.database.reading() as session:
        chosen = sweep._oldest(session, limits, None)
    filled.admin.ok("PATCH", f"/events/sessions/{chosen[0].id}", json={"archived": True})
    with filled.database.writing() as session:
        assert sweep._remove(session, limits, chosen) == Removed()


def test_transactions_are_bounded_and_sessions_whole() -> None:
    small = [Candidate(number, now(), 9) for number in range(2000)]
    assert len(sweep.picked(small, None)) == sweep.ROWS_AT_ONCE // 10
    assert len(sweep.picked(small, 10)) == 2
    assert list(sweep.picked(small, 0)) == []
    large = [Candidate(number, now(), 9000) for number in range(3)]
    assert list(sweep.picked(large, None)) == large[:1]


@pytest.mark.parametrize(
    "body", [{"keep_days": 0}, {"keep_days": 3651}, {"max_events": 0}, {"max_mebibytes": 0}, {"keep": 1}]
)
def test_bad_settings_are_refused(bench: Bench, body: dict[str, Any]) -> None:
    assert bench.admin.call("PATCH", "/settings/events", json=body).status_code == 400
