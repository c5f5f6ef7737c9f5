"""Logging in and out, and what happens to those who try too often."""

from datetime import datetime, timedelta

import pytest
from server_bench import PASSWORD, URL, Bench, Person

from server_app.accounts import service, sessions, throttle
from server_app.accounts.models import Role
from server_app.db import now
from server_app.errors import Throttled, Unauthenticated


def log_in(person: Person, username: str, password: str) -> int:
    return person.call("POST", "/sessions", json={"username": username, "password": password}).status_code


def test_a_login_gives_a_cookie_that_only_this_site_gets_back(bench: Bench) -> None:
    answer = bench.app.test_client().post(
        "/api/sessions", base_url=URL, json={"username": "admin", "password": PASSWORD}
    )

    assert answer.json is not None
    assert answer.json["user"] == {"id": 1, "name": "admin", "role": "admin", "divisions": None}
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-honeysens=")
    for attribute in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert attribute in cookie
    assert "Domain" not in cookie


@pytest.mark.parametrize(
    ("username", "password"), [("admin", "wrong"), ("nobody", PASSWORD), ("admin", PASSWORD + " ")]
)
def test_a_wrong_login_is_refused_without_saying_what_was_wrong(bench: Bench, username: str, password: str) -> None:
    answer = Person(bench.app.test_client()).call(
        "POST", "/sessions", json={"username": username, "password": password}
    )

    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    assert answer.json["detail"] == "User name or password is wrong."


def test_nothing_is_shown_to_strangers(bench: Bench) -> None:
    stranger = Person(bench.app.test_client())
    for path in ("/divisions", "/sensors", "/events", "/events/sessions", "/services", "/tasks", "/certs", "/sessions"):
        assert stranger.call("GET", path).status_code == 401, path


def test_a_write_needs_the_token_of_the_session(bench: Bench) -> None:
    admin = bench.admin
    for token in ("", "x" * 43, "ä"):
        answer = admin.call("POST", "/divisions", json={"name": "Berlin"}, headers={"X-CSRF-Token": token})
        assert answer.status_code == 403
    assert admin.call("POST", "/divisions", json={"name": "Berlin"}).status_code == 201


def test_a_session_ends_by_logging_out(bench: Bench) -> None:
    admin = bench.admin
    assert admin.call("GET", "/sessions").status_code == 200
    cookie = admin.client.get_cookie("__Host-honeysens", domain="server.example.com")
    assert cookie is not None

    admin.ok("DELETE", "/sessions")

    admin.client.set_cookie("__Host-honeysens", cookie.value, domain="server.example.com", secure=True)
    assert admin.call("GET", "/sessions").status_code == 401


def test_a_session_ends_when_idle_or_old(bench: Bench) -> None:
    login = service.log_in(bench.database, "admin", PASSWORD, "192.0.2.1", now())
    later = now()
    assert sessions.find(bench.database, login.token, later) is not None
    assert sessions.find(bench.database, login.token, later + sessions.IDLE_TIMEOUT * 1.1) is None
    while later < now() + sessions.LONGEST_SESSION:  # never idle, but old in the end
        assert sessions.find(bench.database, login.token, later) is not None
        later += sessions.IDLE_TIMEOUT * 0.9
    assert sessions.find(bench.database, login.token, later) is None


def test_the_sixth_wrong_password_in_a_row_has_to_wait(bench: Bench) -> None:
    moment = now()
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            service.log_in(bench.database, "admin", "wrong", "192.0.2.1", moment)
    with pytest.raises(Throttled) as refused:
        service.log_in(bench.database, "admin", PASSWORD, "192.0.2.1", moment)
    assert refused.value.retry_after == 1
    later = moment + timedelta(seconds=1)
    assert service.log_in(bench.database, "admin", PASSWORD, "192.0.2.1", later).principal.name == "admin"


def test_who_has_to_wait_is_told_how_long(bench: Bench) -> None:
    with bench.database.writing() as session:
        for _ in range(12):
            throttle.count(session, "admin", "127.0.0.1", now())
    answer = Person(bench.app.test_client()).call("POST", "/sessions", json={"username": "admin", "password": PASSWORD})
    assert answer.status_code == 429
    assert 60 < int(answer.headers["Retry-After"]) <= 128


def test_others_can_log_in_while_somebody_guesses(bench: Bench) -> None:
    for _ in range(8):
        log_in(Person(bench.app.test_client()), "admin", "wrong")

    login = service.log_in(bench.database, "admin", PASSWORD, "192.0.2.99", now())

    assert login.principal.name == "admin"


def test_a_success_forgets_the_failures(bench: Bench) -> None:
    person = Person(bench.app.test_client())
    for _ in range(3):
        assert [log_in(person, "admin", "wrong") for _ in range(3)] == [401] * 3
        assert log_in(person, "admin", PASSWORD) == 200


def guess_everywhere(bench: Bench, attempts: int, moment: datetime) -> None:
    """So many failures for admin, each from an address of its own."""
    with bench.database.writing() as session:
        for number in range(attempts):
            throttle.count(session, "admin", f"198.51.{number // 256}.{number % 256}", moment)


def test_an_account_is_bounded_from_many_addresses_together(bench: Bench) -> None:
    moment = now()
    guess_everywhere(bench, 60, moment)
    with pytest.raises(Throttled) as refused:
        service.log_in(bench.database, "admin", PASSWORD, "192.0.2.1", moment)
    assert refused.value.retry_after == 30
    assert service.log_in(bench.database, "admin", PASSWORD, "192.0.2.1", moment + timedelta(seconds=30))


def test_where_the_owner_logs_in_a_guesser_elsewhere_does_not_matter(bench: Bench) -> None:
    moment = now() + timedelta(days=29)
    service.log_in(bench.database, "admin", PASSWORD, "192.0.2.1", now())
    guess_everywhere(bench, 1000, moment)
    assert service.log_in(bench.database, "admin", PASSWORD, "192.0.2.1", moment)
    for _ in range(throttle.PAIR.free):  # but from there, too, guesses are counted
        with pytest.raises(Unauthenticated):
            service.log_in(bench.database, "admin", "wrong", "192.0.2.1", moment)
    with pytest.raises(Throttled):
        service.log_in(bench.database, "admin", PASSWORD, "192.0.2.1", moment)


@pytest.mark.parametrize(
    ("failures", "count", "seconds"),
    [
        *((4, throttle.PAIR, 0), (5, throttle.PAIR, 1), (6, throttle.PAIR, 2), (10_000, throttle.PAIR, 900)),
        *((19, throttle.ADDRESS, 0), (20, throttle.ADDRESS, 1), (10_000, throttle.ADDRESS, 900)),
        *((49, throttle.ACCOUNT, 0), (50, throttle.ACCOUNT, 1), (10_000, throttle.ACCOUNT, 30)),
    ],
)
def test_waiting_grows_and_has_an_end(failures: int, count: throttle.Count, seconds: int) -> None:
    assert throttle.wait(failures, count).total_seconds() == seconds


@pytest.mark.parametrize(
    ("address", "expected"),
    [("192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"), ("unknown", "unknown")],
)
def test_an_address_that_a_client_can_change_at_will_is_one(address: str, expected: str) -> None:
    assert throttle.network(address) == expected


def test_own_sessions_are_listed_and_ended_everywhere(bench: Bench) -> None:
    anna = bench.user("anna", Role.OBSERVER)
    bench.user("otto", Role.OBSERVER)
    elsewhere = Person(bench.app.test_client())
    elsewhere.csrf_token = elsewhere.ok("POST", "/sessions", json={"username": "anna", "password": PASSWORD})[
        "csrf_token"
    ]

    found = anna.ok("GET", "/sessions/all")["items"]
    assert sorted(item["current"] for item in found) == [False, True]
    assert {item["address"] for item in found} == {"127.0.0.1"}
    assert "token" not in str(found)

    anna.ok("DELETE", "/sessions/all")

    assert [person.call("GET", "/sessions").status_code for person in (anna, elsewhere)] == [401, 401]
    assert bench.person("otto").call("GET", "/sessions").status_code == 200
