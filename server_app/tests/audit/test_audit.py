"""Every change and login leaves an entry with who, what, before and after, and no secret."""

import json
from datetime import timedelta
from typing import Any

import pytest
from own_certificates import own_certificate
from server_bench import PASSWORD, Bench, Person
from sqlalchemy import select, update

from server_app import worker
from server_app.accounts.models import Role, User
from server_app.audit import actor, service
from server_app.audit.actor import Actor, ActorKind
from server_app.audit.models import AuditEntry
from server_app.db import now
from server_app.divisions.models import Division
from server_app.tasks import service as tasks


def entries(bench: Bench, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = bench.admin.ok("GET", "/audit", query_string=query)["items"]
    return found


def test_a_sensors_life_is_recorded(bench: Bench) -> None:
    division = bench.division("Berlin")
    sensor = bench.sensor_row("ours", division)
    bench.admin.ok("PATCH", f"/sensors/{sensor}", json={"location": "cellar"})
    bench.admin.ok("DELETE", f"/sensors/{sensor}")

    removed, changed, created = entries(bench, object="sensor", object_id=sensor)

    assert created["action"] == "created"
    assert created["before"] is None
    assert created["after"].items() >= {"name": "ours", "division_id": division, "location": ""}.items()
    assert (changed["action"], changed["before"], changed["after"]) == (
        "changed",
        {"location": ""},
        {"location": "cellar"},
    )
    assert (removed["action"], removed["after"]) == ("removed", None)
    assert removed["before"]["location"] == "cellar"
    for entry in (removed, changed, created):
        assert entry["object"] == {"type": "sensor", "id": sensor, "name": "ours"}
        assert entry["actor"] == {"kind": "user", "id": 1, "name": "admin", "token": "", "address": "127.0.0.1"}


def test_what_changes_nothing_is_not_recorded(bench: Bench) -> None:
    sensor = bench.sensor_row("ours")
    bench.admin.ok("PATCH", f"/sensors/{sensor}", json={"location": ""})
    bench.admin.call("POST", "/sensors", json={"name": "ours", "division": 1})
    assert [entry["action"] for entry in entries(bench, object="sensor")] == ["created"]


def test_an_entry_is_undone_with_its_change(bench: Bench) -> None:
    def fail() -> None:
        with bench.database.writing() as session:
            session.add(Division(name="Berlin"))
            session.flush()
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert [entry["object"]["name"] for entry in entries(bench, object="division")] == ["Default"]


def test_secrets_are_named_without_their_value(bench: Bench) -> None:
    bench.user("anna", Role.MANAGER, 1)
    with bench.database.writing() as session:
        anna = session.scalars(select(User).where(User.name == "anna")).one()
        anna.divisions = []
        anna.password_hash = "$argon2id$another"

    (created,) = entries(bench, object="user", action="created", object_id=2)
    (changed,) = entries(bench, object="user", action="changed")

    assert changed["before"] == {"divisions": [1]}
    assert changed["after"] == {"password_hash": "changed", "divisions": []}
    assert created["after"].items() >= {"name": "anna", "role": "manager", "divisions": [1]}.items()
    assert "argon2" not in json.dumps(entries(bench))


def test_a_certificate_is_recorded_for_the_sensor_that_asked(bench: Bench) -> None:
    sensor = bench.sensor()
    (issued,) = entries(bench, object="certificate")
    assert issued["after"]["sensor_id"] == sensor.id
    assert "pem" not in issued["after"]

    bench.admin.ok("POST", f"/certs/{issued['object']['id']}/revoke")

    revoked = entries(bench, object="certificate")[0]
    assert (revoked["before"], sorted(revoked["after"])) == (
        {"revoked_at": None, "revocation_reason": None},
        ["revocation_reason", "revoked_at"],
    )


def test_logins_and_their_failures_are_recorded(bench: Bench) -> None:
    stranger = Person(bench.app.test_client())
    for name, password in (("admin", "wrong"), (PASSWORD, "typed one field too early")):
        stranger.call("POST", "/sessions", json={"username": name, "password": password})
    anna = bench.user("anna", Role.OBSERVER)
    anna.ok("DELETE", "/sessions")

    found = [
        (entry["action"], entry["actor"]["kind"], entry["object"]["name"])
        for entry in reversed(entries(bench, object="user"))
        if entry["action"] != "created"
    ]

    assert found == [
        ("login", "user", "admin"),
        ("login-failed", "anonymous", "admin"),
        ("login-failed", "anonymous", ""),
        ("login", "user", "anna"),
        ("logout", "user", "anna"),
    ]
    assert {entry["actor"]["address"] for entry in entries(bench, action="login-failed")} == {"127.0.0.1"}


def test_bulk_statements_are_recorded_by_hand(bench: Bench) -> None:
    with bench.database.writing() as session:
        session.execute(update(Division).values(name="Berlin"))
        service.record(session, "changed", "division", None, {"name": "Default"}, {"name": "Berlin"}, label="all")
    entry = entries(bench, object="division")[0]
    assert entry["object"] == {"type": "division", "id": None, "name": "all"}
    assert (entry["before"], entry["after"]) == ({"name": "Default"}, {"name": "Berlin"})


def test_filters_and_pages(bench: Bench) -> None:
    for name in ("Berlin", "Bonn", "Rome"):
        bench.division(name)
    with bench.database.writing() as session:
        service.record(session, "renewed", "certificate", 7, None, None, by=Actor(ActorKind.SENSOR, 1, "s"))

    assert [entry["object"]["name"] for entry in entries(bench, user=1, action="created")] == ["Rome", "Bonn", "Berlin"]
    assert [entry["actor"]["kind"] for entry in entries(bench, action="renewed", object_id=7)] == ["sensor"]
    middle = entries(bench, action="created", object="division")[1]["time"]
    assert [e["object"]["name"] for e in entries(bench, since=middle, object="division")] == ["Rome", "Bonn"]
    assert [e["object"]["name"] for e in entries(bench, until=middle, object="division")] == ["Berlin", "Default"]

    whole = [entry["id"] for entry in entries(bench)]
    paged, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = bench.admin.ok("GET", "/audit", query_string=query)
        paged += [entry["id"] for entry in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert paged == whole


@pytest.mark.parametrize("query", ["since=2026-01-01T00:00:00", "object=Sensor", "object_id=0", "who=1", "cursor=x"])
def test_a_wrong_filter_is_refused(bench: Bench, query: str) -> None:
    assert bench.admin.call("GET", f"/audit?{query}").status_code == 400


@pytest.mark.parametrize("role", [Role.MANAGER, Role.OBSERVER])
def test_only_administrators_see_it(bench: Bench, role: Role) -> None:
    assert bench.user("anna", role, 1).call("GET", "/audit").status_code == 403


def test_old_entries_go(bench: Bench) -> None:
    bench.admin.ok("PATCH", "/settings/audit", json={"keep_days": 30})
    with bench.database.writing() as session:
        for name, age in (("old", timedelta(days=31)), ("young", timedelta(days=29))):
            service.record(session, "changed", name, None, None, None)
            session.execute(update(AuditEntry).where(AuditEntry.object_type == name).values(time=now() - age))
    worker.remove_old_audit_entries(bench.database)
    assert entries(bench, object="old") == []
    assert len(entries(bench, object="young")) == 1


def test_what_the_worker_does_is_the_workers(bench: Bench) -> None:
    def work() -> None:
        with bench.database.writing() as session:
            session.add(Division(name="Berlin"))

    bench.queue.handle("test-audit", work)
    bench.queue.enqueue("test-audit")(5)
    assert entries(bench, object="division")[0]["actor"]["kind"] == "worker"
    assert actor.current() == actor.SYSTEM


def test_what_the_worker_does_for_somebody_names_them(bench: Bench) -> None:
    bench.admin.ok("POST", "/certs/authority")
    bench.admin.ok("PUT", "/certs/server", json=own_certificate().body)
    by = {"kind": "user", "id": 1, "name": "admin", "token": "", "address": "worker"}
    for kind in ("authority", "server certificate"):
        entry = entries(bench, object=kind, action="created")[0]
        assert entry["actor"] == by, kind


def test_a_configuration_archive_is_recorded_without_its_token(bench: Bench) -> None:
    sensor = bench.sensor_row("ours")
    token = bench.token(sensor)
    (entry,) = entries(bench, action="config-made")
    assert (entry["actor"]["name"], entry["object"]) == ("admin", {"type": "sensor", "id": sensor, "name": "ours"})
    assert list(entry["after"]) == ["token_expires_at"]
    assert token not in json.dumps(entries(bench))


def test_who_started_and_who_cancelled_a_task_is_recorded_once(bench: Bench) -> None:
    with bench.database.writing() as session:
        number = tasks.create(session, "check", {"file": "one"}, 1).id
    for _ in range(2):
        bench.admin.ok("POST", f"/tasks/{number}/cancel")
    cancelled, created = entries(bench, object="task")
    assert (created["action"], created["after"]) == ("created", {"id": number, "type": "check"})
    assert (cancelled["action"], cancelled["actor"]["name"]) == ("cancelled", "admin")
