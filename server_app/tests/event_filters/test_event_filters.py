"""Event filters hide and never drop; what they hid is counted and can be shown."""

from typing import Any

import pytest
from event_builder import event
from server_bench import Bench, Person

from server_app.accounts.models import Role
from server_app.event_filters import dry_run

FILTERS = "/eventfilters"
SCANNER = {"sources": ["198.51.100.0/24"]}


@pytest.fixture
def manager(bench: Bench) -> Person:
    return bench.user("manager", Role.MANAGER, bench.division("ours"))


def division(bench: Bench, name: str = "ours") -> int:
    found: int = next(row["id"] for row in bench.admin.ok("GET", "/divisions")["items"] if row["name"] == name)
    return found


def add(who: Person, **fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = who.ok("POST", FILTERS, json={"name": "scanner", "conditions": SCANNER} | fields)
    return made


def count(bench: Bench, path: str) -> int:
    return len(bench.admin.ok("GET", path)["items"])


def test_what_matches_is_hidden_counted_and_can_be_shown(bench: Bench, manager: Person) -> None:
    sensor = bench.sensor("one", division(bench))
    made = add(manager, division=division(bench))
    sensor.upload([event(session="a"), event(1, session="a"), event(2, session="b", source={"ip": "10.0.0.1"})])

    assert (count(bench, "/events"), count(bench, "/events?hidden=true")) == (1, 2)
    assert (count(bench, "/events/sessions"), count(bench, "/events/sessions?hidden=true")) == (1, 1)
    assert count(bench, f"/events?hidden_by={made['id']}") == 2
    shown = manager.ok("GET", f"{FILTERS}/{made['id']}")
    assert shown["hits"] == 2
    assert shown["last_hit"] == "2026-11-21T08:00:00Z"
    assert bench.admin.ok("GET", "/events?hidden=true")["items"][0]["hidden_by"] == made["id"]


def test_a_hidden_session_appears_with_its_first_event_that_nothing_hides(bench: Bench) -> None:
    sensor = bench.sensor("one")
    add(bench.admin, conditions={"kinds": ["connection"]})
    sensor.upload([event(session="a")])
    assert count(bench, "/events/sessions") == 0
    sensor.upload([event(1, session="a", kind="login")])
    assert count(bench, "/events/sessions") == 1
    sensor.upload([event(2, session="a")])
    assert count(bench, "/events/sessions") == 1


def test_changes_hold_from_the_next_event_on(bench: Bench) -> None:
    sensor = bench.sensor("one")
    made = add(bench.admin)
    sensor.upload([event(session="1")])
    bench.admin.ok("PATCH", f"{FILTERS}/{made['id']}", json={"enabled": False})
    sensor.upload([event(1, session="2")])
    bench.admin.ok("PATCH", f"{FILTERS}/{made['id']}", json={"enabled": True, "expires_at": "2020-01-01T00:00:00Z"})
    sensor.upload([event(2, session="3")])
    bench.admin.ok("PATCH", f"{FILTERS}/{made['id']}", json={"expires_at": None})
    sensor.upload([event(3, session="4")])
    bench.admin.ok("DELETE", f"{FILTERS}/{made['id']}")
    sensor.upload([event(4, session="5")])
    assert (count(bench, "/events"), count(bench, "/events?hidden=true")) == (3, 2)


def test_renaming_leaves_the_conditions_alone(bench: Bench) -> None:
    made = add(bench.admin, description="of the audit", expires_at="2030-01-01T00:00:00Z")
    renamed = bench.admin.ok("PATCH", f"{FILTERS}/{made['id']}", json={"name": "the audit's scanner"})
    assert renamed["name"] == "the audit's scanner"
    apart = {"name", "changed_at"}
    assert {key: renamed[key] for key in renamed.keys() - apart} == {key: made[key] for key in made.keys() - apart}


def test_a_filter_of_a_division_holds_for_no_other(bench: Bench, manager: Person) -> None:
    add(manager, division=division(bench))
    bench.sensor("theirs", bench.division("theirs")).upload([event()])
    assert (count(bench, "/events"), count(bench, "/events?hidden=true")) == (1, 0)


def test_filters_for_all_are_the_administrators(bench: Bench, manager: Person) -> None:
    body = {"name": "all", "conditions": SCANNER}
    assert manager.call("POST", FILTERS, json=body).status_code == 403
    made = add(bench.admin)
    assert [row["id"] for row in manager.ok("GET", FILTERS)["items"]] == [made["id"]]
    assert manager.call("PATCH", f"{FILTERS}/{made['id']}", json={"name": "x"}).status_code == 403
    assert manager.call("DELETE", f"{FILTERS}/{made['id']}").status_code == 403


def test_a_dry_run_tells_what_would_be_hidden_and_changes_nothing(bench: Bench, manager: Person) -> None:
    sensor = bench.sensor("one", division(bench))
    sensor.upload([event(number, session=f"s{number}") for number in range(12)])
    sensor.upload([event(20, session="other", source={"ip": "10.0.0.1"})])
    bench.sensor("theirs", bench.division("theirs")).upload([event()])

    night = {"begin": "08:00", "end": "08:01"}
    for conditions, mine, everybodys in (
        (SCANNER, 12, 13),
        (SCANNER | {"times": [night]}, 12, 13),
        (SCANNER | {"times": [night | {"zone": "Asia/Tokyo"}]}, 0, 0),
        ({"ports": [9]}, 0, 0),
    ):
        tried = manager.ok("POST", f"{FILTERS}/test", json={"conditions": conditions})
        assert (tried["matched"], tried["complete"]) == (mine, True)
        assert bench.admin.ok("POST", f"{FILTERS}/test", json={"conditions": conditions})["matched"] == everybodys
        assert len(tried["samples"]) == min(mine, 10)
    made = add(manager, division=division(bench), enabled=False)
    assert manager.ok("POST", f"{FILTERS}/{made['id']}/test")["matched"] == 12
    assert count(bench, "/events?hidden=true") == 0
    assert manager.ok("GET", f"{FILTERS}/{made['id']}")["hits"] == 0


@pytest.mark.parametrize(("most", "oldest"), [(6, 0), (5, 0), (4, 1), (1, 4)])
def test_a_dry_run_says_how_far_back_it_looked(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, most: int, oldest: int
) -> None:
    monkeypatch.setattr(dry_run, "MOST_EXAMINED", most)
    sensor = bench.sensor("one")
    sensor.upload([event(number, session=f"s{number}") for number in range(5)])
    sensor.upload([event(30, session="other", source={"ip": "10.0.0.1"})])

    tried = bench.admin.ok("POST", f"{FILTERS}/test", json={"conditions": SCANNER})

    assert (tried["matched"], tried["complete"]) == (min(most, 5), most >= 5)
    assert tried["since"] == event(oldest)["time"].replace("+00:00", "Z")


def test_a_dry_run_that_finds_nothing_has_looked_at_all(bench: Bench) -> None:
    tried = bench.admin.ok("POST", f"{FILTERS}/test", json={"conditions": SCANNER})
    assert (tried["matched"], tried["complete"], tried["since"]) == (0, True, None)


def test_the_document_names_the_bound_of_a_dry_run(bench: Bench) -> None:
    document: Any = bench.app.test_client().get("/api/openapi.json").json
    said = f"newest {dry_run.MOST_EXAMINED:,} events"
    for path in ("/api/eventfilters/test", "/api/eventfilters/{filter_id}/test"):
        assert said in document["paths"][path]["post"]["description"].replace("\n", " ")
    assert said in document["components"]["schemas"]["DryRunResult"]["description"].replace("\n", " ")
