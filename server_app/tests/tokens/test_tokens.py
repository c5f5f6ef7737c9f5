"""API tokens are worth what their user is worth at most, until they expire or are revoked."""

from datetime import timedelta
from typing import Any

import pytest
from server_bench import PASSWORD, URL, Bench, Person
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from server_app.accounts.models import Role
from server_app.db import now
from server_app.tokens.models import ApiToken
from server_app.tokens.service import PREFIX


def request_body(**others: Any) -> dict[str, Any]:
    return {"name": "tickets", "scope": "write", "expires_at": (now() + timedelta(days=30)).isoformat()} | others


def make(person: Person, **others: Any) -> str:
    return str(person.ok("POST", "/users/me/tokens", json=request_body(**others))["token"])


def call(bench: Bench, token: str, method: str, path: str, body: Any = None) -> TestResponse:
    """A call with nothing but the token: no cookie, no CSRF token."""
    headers = {"Authorization": f"Bearer {token}"}
    client = bench.app.test_client()
    return client.open(f"/api{path}", method=method, base_url=URL, headers=headers, json=body)


def test_a_token_is_shown_once_and_stored_hashed(bench: Bench) -> None:
    made = bench.admin.ok("POST", "/users/me/tokens", json=request_body())
    assert made["token"].startswith(PREFIX)
    assert len(made["token"]) >= len(PREFIX) + 43  # 256 bits
    listed = bench.admin.ok("GET", "/users/me/tokens")["items"]
    assert listed == [{name: value for name, value in made.items() if name != "token"}]
    with bench.database.reading() as session:
        row = session.scalars(select(ApiToken)).one()
        assert made["token"] not in {str(getattr(row, column.key)) for column in ApiToken.__table__.columns}
    assert made["token"] not in bench.admin.call("GET", "/audit").text


def test_a_token_writes_without_csrf_token_and_the_audit_log_names_it(bench: Bench) -> None:
    token = make(bench.admin)
    assert call(bench, token, "POST", "/divisions", {"name": "Berlin"}).status_code == 201
    entry = bench.admin.ok("GET", "/audit?object=division")["items"][0]
    assert entry["actor"].items() >= {"kind": "token", "id": 1, "name": "admin", "token": "tickets"}.items()
    assert bench.admin.ok("GET", "/users/me/tokens")["items"][0]["last_used_at"] is not None


def test_a_token_for_reading_only_reads(bench: Bench) -> None:
    token = make(bench.admin, scope="read")
    assert call(bench, token, "GET", "/users").status_code == 200
    for method, path, body in (
        ("POST", "/divisions", {"name": "Berlin"}),
        ("PATCH", "/settings/sensors", {"poll_interval": 5}),
        ("DELETE", "/divisions/1", None),
    ):
        assert call(bench, token, method, path, body).status_code == 403, path


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/users/me/tokens", request_body()),
        ("DELETE", "/users/me/tokens/1", None),
        ("DELETE", "/users/1/tokens/1", None),
        ("PATCH", "/users/me", {"password": "another long password", "current_password": PASSWORD}),
        ("PATCH", "/users/1", {"full_name": "Somebody"}),
        ("POST", "/users", {"name": "eve", "password": "another long password", "role": "admin"}),
        ("DELETE", "/users/1", None),
        ("DELETE", "/sessions", None),
        ("DELETE", "/sessions/all", None),
        ("GET", "/sessions", None),
    ],
)
def test_what_is_for_people_is_refused_for_tokens(bench: Bench, method: str, path: str, body: Any) -> None:
    token = make(bench.admin)
    assert call(bench, token, method, path, body).status_code == 403
    assert [user["name"] for user in bench.admin.ok("GET", "/users")["items"]] == ["admin"]


def test_the_cookie_does_not_help_a_token_out(bench: Bench) -> None:
    """Otherwise another site's page could have a browser add its cookie to a request that needs no CSRF token."""
    for value in ("Bearer nonsense", "bearer ", f"Bearer {make(bench.admin, scope='read')}"):
        answer = bench.admin.call("POST", "/divisions", json={"name": "Berlin"}, headers={"Authorization": value})
        assert answer.status_code in {401, 403}, value


def test_a_token_is_limited_to_some_divisions(bench: Bench) -> None:
    berlin, bonn = bench.division("Berlin"), bench.division("Bonn")
    manager = bench.user("manager", Role.MANAGER, berlin, bonn)
    for person in (manager, bench.admin):
        token = make(person, divisions=[bonn])
        answer = call(bench, token, "GET", "/divisions")
        assert answer.json is not None
        assert [item["name"] for item in answer.json["items"]] == ["Bonn"]
        assert (
            call(bench, token, "POST", "/sensors", {"name": person.csrf_token[:9], "division": bonn}).status_code == 201
        )
        assert call(bench, token, "POST", "/sensors", {"name": "no", "division": berlin}).status_code == 400
        assert call(bench, token, "POST", "/divisions", {"name": "Rome"}).status_code == 403
        assert call(bench, token, "GET", "/users").status_code == 403


def test_a_limited_token_never_grows(bench: Bench) -> None:
    berlin, bonn = bench.division("Berlin"), bench.division("Bonn")
    manager = bench.user("manager", Role.MANAGER, berlin, bonn)
    token = make(manager, divisions=[bonn])
    bench.admin.ok("DELETE", f"/divisions/{bonn}")
    assert (call(bench, token, "GET", "/divisions").json or {})["items"] == []


def test_a_token_shrinks_with_its_user(bench: Bench) -> None:
    berlin, bonn = bench.division("Berlin"), bench.division("Bonn")
    token = make(bench.user("manager", Role.MANAGER, berlin, bonn), divisions=[bonn])
    number = bench.person("manager").ok("GET", "/users/me")["id"]
    bench.admin.ok("PATCH", f"/users/{number}", json={"divisions": [berlin]})
    assert (call(bench, token, "GET", "/divisions").json or {})["items"] == []


@pytest.mark.parametrize(
    ("wrong", "status", "pointer"),
    [
        ({"expires_at": (now() - timedelta(days=1)).isoformat()}, 400, "/expires_at"),
        ({"expires_at": (now() + timedelta(days=367)).isoformat()}, 400, "/expires_at"),
        ({"expires_at": None}, 400, "/expires_at"),
        ({"expires_at": "2026-12-01T00:00:00"}, 400, "/expires_at"),
        ({"divisions": [1]}, 400, "/divisions/0"),
        ({"divisions": []}, 400, "/divisions"),
        ({"scope": "write"}, 403, "/scope"),
        ({"scope": "admin"}, 400, "/scope"),
    ],
)
def test_a_wrong_token_is_not_made(bench: Bench, wrong: dict[str, Any], status: int, pointer: str) -> None:
    observer = bench.user("observer", Role.OBSERVER)
    answer = observer.call("POST", "/users/me/tokens", json=request_body(scope="read") | wrong)
    assert answer.json is not None
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (status, pointer)
    assert observer.ok("GET", "/users/me/tokens")["items"] == []


def test_an_expired_token_is_refused(bench: Bench) -> None:
    token = make(bench.admin)
    with bench.database.writing() as session:
        session.execute(update(ApiToken).values(expires_at=now()))
    assert call(bench, token, "GET", "/users/me").status_code == 401


def test_tokens_are_revoked_by_their_user_and_by_administrators(bench: Bench) -> None:
    anna = bench.user("anna", Role.OBSERVER)
    user = anna.ok("GET", "/users/me")["id"]
    tokens = [make(anna, scope="read") for _ in range(2)]
    second, first = anna.ok("GET", "/users/me/tokens")["items"]
    assert bench.admin.ok("GET", f"/users/{user}/tokens")["items"] == [second, first]

    assert bench.admin.call("DELETE", f"/users/me/tokens/{first['id']}").status_code == 404
    anna.ok("DELETE", f"/users/me/tokens/{first['id']}")
    assert [call(bench, token, "GET", "/users/me").status_code for token in tokens] == [401, 200]
    bench.admin.ok("DELETE", f"/users/{user}/tokens/{second['id']}")
    assert [call(bench, token, "GET", "/users/me").status_code for token in tokens] == [401, 401]


def test_the_document_says_where_tokens_are_good(bench: Bench) -> None:
    document = bench.app.test_client().get("/api/openapi.json", base_url=URL).json
    assert document is not None
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert document["paths"]["/api/divisions"]["post"]["security"] == [{"session": [], "csrf": []}, {"token": []}]
    assert document["paths"]["/api/users/me/tokens"]["post"]["security"] == [{"session": [], "csrf": []}]
