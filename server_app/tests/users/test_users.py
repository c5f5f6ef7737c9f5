"""Users are made, changed and removed by administrators; what could take over an account needs their password."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from server_bench import PASSWORD, Bench, Person

from server_app.accounts.models import Role, Source, User
from server_app.accounts.principal import Principal
from server_app.db import now
from server_app.errors import Conflict
from server_app.users import service

NEW = "another long password"
ALICE = {"name": "alice", "password": NEW, "role": "manager"}


REST: dict[str, Any] = {"full_name": "", "email": "", "enabled": True, "divisions": ()}


def principal() -> Principal:
    return Principal(1, "admin", Role.ADMIN, None)


def make_token(person: Person) -> str:
    body = {"name": "t", "scope": "read", "expires_at": (now() + timedelta(days=1)).isoformat()}
    return str(person.ok("POST", "/users/me/tokens", json=body)["token"])


def by_token(bench: Bench, token: str) -> int:
    person = Person(bench.app.test_client())
    return person.call("GET", "/users/me", headers={"Authorization": f"Bearer {token}"}).status_code


def id_of(bench: Bench, name: str) -> int:
    (number,) = [user["id"] for user in bench.admin.ok("GET", "/users")["items"] if user["name"] == name]
    return int(number)


def log_in(bench: Bench, name: str, password: str) -> int:
    person = Person(bench.app.test_client())
    return person.call("POST", "/sessions", json={"username": name, "password": password}).status_code


def pointers(answer: Any) -> list[str]:
    return [error["pointer"] for error in answer.json["errors"]]


def test_a_new_user_can_log_in_and_sees_their_divisions(bench: Bench) -> None:
    berlin = bench.division("Berlin")
    made = bench.admin.ok(
        "POST", "/users", json=ALICE | {"full_name": "Alice E.", "email": "alice@example.com", "divisions": [berlin]}
    )
    assert bench.admin.ok("GET", f"/users/{made['id']}") == made
    assert made.items() >= {"role": "manager", "source": "local", "enabled": True, "divisions": [berlin]}.items()
    assert "password" not in str(made)

    alice = Person(bench.app.test_client())
    alice.ok("POST", "/sessions", json={"username": "alice", "password": NEW})
    assert [item["name"] for item in alice.ok("GET", "/divisions")["items"]] == ["Berlin"]
    assert alice.ok("GET", "/users/me") == made


@pytest.mark.parametrize(
    ("wrong", "status", "pointer"),
    [
        ({"name": "admin"}, 409, "/name"),
        ({"name": "ADMIN"}, 409, "/name"),
        ({"password": "password"}, 400, "/password"),
        ({"password": "alice2026"}, 400, "/password"),
        ({"divisions": [1, 99]}, 400, "/divisions/1"),
        ({"email": "nobody"}, 400, "/email"),
        ({"email": "a@b\r\nBcc: c@d"}, 400, "/email"),
        ({"role": "root"}, 400, "/role"),
        ({"source": "ldap"}, 400, "/source"),
    ],
)
def test_a_wrong_user_is_refused_and_not_made(bench: Bench, wrong: dict[str, Any], status: int, pointer: str) -> None:
    answer = bench.admin.call("POST", "/users", json=ALICE | wrong)
    assert (answer.status_code, pointers(answer)) == (status, [pointer])
    assert [user["name"] for user in bench.admin.ok("GET", "/users")["items"]] == ["admin"]


@pytest.mark.parametrize("given", [{}, {"current_password": "not mine"}])
@pytest.mark.parametrize(
    ("whose", "change"),
    [
        ("alice", {"password": NEW}),
        ("admin", {"password": NEW}),
        ("admin", {"email": "admin@example.com"}),
        ("admin", {"role": "observer"}),
    ],
)
def test_what_could_take_over_an_account_needs_the_own_password(
    bench: Bench, whose: str, change: dict[str, Any], given: dict[str, Any]
) -> None:
    bench.user("alice", Role.MANAGER)
    bench.user("second", Role.ADMIN)
    path = f"/users/{id_of(bench, whose)}"
    before = bench.admin.ok("GET", path)

    answer = bench.admin.call("PATCH", path, json=change | given)

    assert (answer.status_code, pointers(answer)) == (403, ["/current_password"])
    assert bench.admin.ok("GET", path) == before
    assert log_in(bench, whose, PASSWORD) == 200
    assert bench.admin.call("PATCH", path, json=change | {"current_password": PASSWORD}).status_code == 200


def test_guessing_the_password_in_a_stolen_session_is_throttled(bench: Bench) -> None:
    body = {"email": "thief@example.com", "current_password": "guess"}
    statuses = {bench.admin.call("PATCH", "/users/me", json=body).status_code for _ in range(20)}
    assert statuses == {403, 429}


@pytest.mark.parametrize(
    "change", [{"password": NEW, "current_password": PASSWORD}, {"role": "observer"}, {"enabled": False}]
)
def test_a_changed_password_or_role_ends_sessions_and_tokens(bench: Bench, change: dict[str, Any]) -> None:
    alice = bench.user("alice", Role.MANAGER)
    token = make_token(alice)
    assert by_token(bench, token) == 200

    bench.admin.ok("PATCH", f"/users/{id_of(bench, 'alice')}", json=change)

    assert alice.call("GET", "/users/me").status_code == 401
    assert by_token(bench, token) == 401
    assert bench.admin.call("GET", "/users/me").status_code == 200


def test_a_disabled_user_cannot_log_in_until_enabled(bench: Bench) -> None:
    bench.user("alice", Role.MANAGER)
    path = f"/users/{id_of(bench, 'alice')}"
    bench.admin.ok("PATCH", path, json={"enabled": False})
    assert log_in(bench, "alice", PASSWORD) == 401
    bench.admin.ok("PATCH", path, json={"enabled": True})
    assert log_in(bench, "alice", PASSWORD) == 200


def test_a_removed_user_is_gone_with_sessions(bench: Bench) -> None:
    alice = bench.user("alice", Role.MANAGER, 1)
    token = make_token(alice)
    path = f"/users/{id_of(bench, 'alice')}"
    bench.admin.ok("DELETE", path)
    assert bench.admin.call("GET", path).status_code == 404
    assert alice.call("GET", "/users/me").status_code == 401
    assert by_token(bench, token) == 401


@pytest.mark.parametrize("change", [{"role": "manager"}, {"enabled": False}, None])
def test_the_last_administrator_stays(bench: Bench, change: dict[str, Any] | None) -> None:
    bench.user("disabled", Role.ADMIN)
    bench.admin.ok("PATCH", f"/users/{id_of(bench, 'disabled')}", json={"enabled": False})
    with bench.database.writing() as session:
        stranger = service.create_user(session, principal(), ALICE | {"role": Role.ADMIN} | REST, "", now())
        stranger.source = Source.LDAP  # a directory's administrator may be away when needed

    method = "PATCH" if change else "DELETE"
    body = {"json": change | {"current_password": PASSWORD}} if change else {}
    assert bench.admin.call(method, "/users/1", **body).status_code == 409

    bench.user("second", Role.ADMIN)
    assert bench.admin.call(method, "/users/1", **body).status_code < 300


def test_two_administrators_cannot_remove_each_other_at_once(bench: Bench) -> None:
    bench.user("second", Role.ADMIN)
    second = id_of(bench, "second")

    def remove(number: int) -> bool:
        try:
            with bench.database.writing() as session:
                service.delete_user(session, principal(), number)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(remove, (1, second))) == [False, True]


def test_people_change_their_own_password_and_keep_this_session_only(bench: Bench) -> None:
    alice = bench.user("alice", Role.OBSERVER)
    elsewhere = Person(bench.app.test_client())
    elsewhere.ok("POST", "/sessions", json={"username": "alice", "password": PASSWORD})
    token = make_token(alice)

    weak = alice.call("PATCH", "/users/me", json={"password": "alice123", "current_password": PASSWORD})
    assert (weak.status_code, pointers(weak)) == (400, ["/password"])
    alice.ok("PATCH", "/users/me", json={"password": NEW, "current_password": PASSWORD})

    assert alice.call("GET", "/users/me").status_code == 200
    assert elsewhere.call("GET", "/users/me").status_code == 401
    assert by_token(bench, token) == 401
    assert [log_in(bench, "alice", password) for password in (PASSWORD, NEW)] == [401, 200]


@pytest.mark.parametrize("field", ["role", "enabled", "divisions", "name"])
def test_people_cannot_promote_themselves(bench: Bench, field: str) -> None:
    alice = bench.user("alice", Role.OBSERVER)
    answer = alice.call("PATCH", "/users/me", json={field: "admin", "current_password": PASSWORD})
    assert (answer.status_code, pointers(answer)) == (400, [f"/{field}"])


def test_what_a_directory_says_is_changed_there(bench: Bench) -> None:
    alice = bench.user("alice", Role.MANAGER)
    number = id_of(bench, "alice")
    with bench.database.writing() as session:
        session.get_one(User, number).source = Source.LDAP
    changes: list[dict[str, Any]] = [{"role": "admin"}, {"name": "bob"}, {"divisions": []}, {"full_name": "Bob"}]
    for change in changes:
        assert bench.admin.call("PATCH", f"/users/{number}", json=change).status_code == 409
    assert alice.call("PATCH", "/users/me", json={"full_name": "Bob"}).status_code == 409
    assert bench.admin.ok("PATCH", f"/users/{number}", json={"enabled": False})["enabled"] is False


def test_names_and_changes_are_in_the_audit_log_without_passwords(bench: Bench) -> None:
    number = bench.admin.ok("POST", "/users", json=ALICE)["id"]
    bench.admin.ok("PATCH", f"/users/{number}", json={"password": PASSWORD, "current_password": PASSWORD})
    entries = bench.admin.ok("GET", f"/audit?object=user&object_id={number}")["items"]
    assert [entry["action"] for entry in entries] == ["changed", "created"]
    assert entries[0]["after"] == {"password_hash": "changed"}
    assert NEW not in str(entries)
