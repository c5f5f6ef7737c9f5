"""A creating call that is sent again is done once, and answered as it was."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from threading import Barrier
from typing import Any

import pytest
from event_builder import event
from server_bench import URL, Bench, Person, token_of
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from server_app.accounts.models import Role
from server_app.db import now
from server_app.idempotency import service
from server_app.idempotency.models import IdempotencyKey
from server_app.task_queue import TaskQueue

SECRETS = {"token", "password", "secret", "key"}
MAKE_NOTHING = {
    "/api/certs/revoke",
    "/api/certs/{certificate_id}/revoke",
    "/api/certs/authority/{authority_id}/end",
    "/api/eventfilters/test",
    "/api/eventfilters/{filter_id}/test",
    "/api/forwarding/test",
    "/api/tasks/{task_id}/cancel",
}
"""What is revoked, ended or cancelled stays so, and a trial may be repeated."""


def add(person: Person, key: str | None, name: str = "Berlin") -> TestResponse:
    headers = {} if key is None else {"Idempotency-Key": key}
    return person.call("POST", "/divisions", json={"name": name}, headers=headers)


def age(bench: Bench, by: timedelta, **values: Any) -> None:
    with bench.database.writing() as session:
        session.execute(update(IdempotencyKey).values(created_at=now() - by, **values))


def test_the_same_call_gets_the_same_answer_and_is_done_once(bench: Bench) -> None:
    first, second = add(bench.admin, "one"), add(bench.admin, "one")

    assert (first.status_code, second.status_code) == (201, 201)
    assert (first.data, first.mimetype) == (second.data, second.mimetype)
    assert ("Idempotency-Replayed" in first.headers, second.headers["Idempotency-Replayed"]) == (False, "true")
    assert [item["name"] for item in bench.admin.ok("GET", "/divisions")["items"]].count("Berlin") == 1


def test_without_a_key_nothing_is_remembered(bench: Bench) -> None:
    assert [add(bench.admin, None).status_code for _ in range(2)] == [201, 409]


def test_a_key_is_for_one_request_of_one_user(bench: Bench) -> None:
    other = bench.user("other", Role.ADMIN)
    assert add(bench.admin, "one").status_code == 201
    assert add(bench.admin, "one", "Bonn").status_code == 422
    sensor = {"name": "Berlin", "division": 1}
    assert bench.admin.call("POST", "/sensors", json=sensor, headers={"Idempotency-Key": "one"}).status_code == 422
    assert add(other, "one", "Bonn").status_code == 201


def test_what_was_refused_may_be_tried_again(bench: Bench) -> None:
    bench.division("Berlin")
    assert add(bench.admin, "one").status_code == 409
    assert add(bench.admin, "one", "").status_code == 400
    assert add(bench.admin, "one", "Bonn").status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 101, "a b", "ü", "'; DROP TABLE users; --"])
def test_a_key_is_short_and_plain(bench: Bench, key: str) -> None:
    assert add(bench.admin, key).status_code == 400


def test_who_may_not_gets_no_answer_of_before(bench: Bench) -> None:
    add(bench.admin, "one")
    assert add(Person(bench.app.test_client()), "one").status_code == 401
    without_token = Person(bench.admin.client)
    assert add(without_token, "one").status_code == 403


def test_answers_are_forgotten_after_a_day(bench: Bench) -> None:
    add(bench.admin, "one")
    age(bench, service.KEEP + timedelta(seconds=1))
    assert add(bench.admin, "one", "Bonn").status_code == 201


def test_a_call_that_was_stopped_in_the_middle_is_not_done_twice(bench: Bench) -> None:
    add(bench.admin, "one")
    age(bench, timedelta(), status=None)
    assert "at this moment" in add(bench.admin, "one").text
    age(bench, service.RUNNING * 1.1)
    answer = add(bench.admin, "one")
    assert answer.status_code == 409
    assert "stopped in the middle" in answer.text


def test_side_by_side_it_is_done_once(bench: Bench) -> None:
    admin = bench.admin
    together = Barrier(8)
    cookie = admin.client.get_cookie("__Host-honeysens", domain="server.example.com")
    assert cookie is not None

    def send(_: int) -> int:
        client = bench.app.test_client()
        client.set_cookie(cookie.key, cookie.value, domain="server.example.com", secure=True)
        together.wait()
        return add(Person(client, admin.csrf_token), "one").status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = set(pool.map(send, range(8)))

    assert 201 in statuses
    assert statuses <= {201, 409}
    assert [item["name"] for item in admin.ok("GET", "/divisions")["items"]].count("Berlin") == 1
    with bench.database.reading() as session:
        assert session.query(IdempotencyKey).count() == 1


def test_every_call_of_people_that_makes_something_takes_a_key_and_none_keeps_a_secret(bench: Bench) -> None:
    document: Any = bench.app.test_client().get("/api/openapi.json", base_url=URL).json
    without = set()
    for path, operations in document["paths"].items():
        operation = operations.get("post", {})
        if not operation.get("security") or "certificate" in str(operation["security"]):
            continue
        names = {parameter["name"] for parameter in operation.get("parameters", [])}
        if "Idempotency-Key" not in names:
            without.add(path)
            continue
        assert {"400", "409", "422"} <= set(operation["responses"]), path
        ((media_type, content),) = next(
            answer["content"].items() for status, answer in operation["responses"].items() if status < "300"
        )
        if media_type != "application/json" or SECRETS & set(content["example"]):
            view = bench.app.view_functions[operation["operationId"]]
            assert view.__dict__["_spec"].get("shows_secret"), f"{path}: @shows_secret keeps it out of the database"
    assert without == MAKE_NOTHING, "a new POST takes a key (see described.makes), or sent twice it does nothing more"


def test_a_configuration_sent_again_is_refused_and_the_first_one_holds(bench: Bench) -> None:
    sensor = bench.stranger(bench.sensor_row())
    config = f"/sensors/{sensor.id}/config"
    first = bench.admin.call("POST", config, headers={"Idempotency-Key": "one"})
    again = bench.admin.call("POST", config, headers={"Idempotency-Key": "one"})

    assert (first.status_code, again.status_code) == (200, 409)
    assert "another key" in again.text
    with bench.database.reading() as session:
        assert session.scalars(select(IdempotencyKey.body)).all() == [None], "the archive has a token in it"
    assert sensor.enrol(token_of(first.data)).status_code == 200


def test_a_change_of_authority_sent_again_is_the_same_task(bench: Bench) -> None:
    headers = {"Idempotency-Key": "one"}
    first, again = (bench.admin.ok("POST", "/certs/authority", headers=headers) for _ in range(2))
    assert first == again
    assert len(bench.admin.ok("GET", "/tasks?type=change-authority")["items"]) == 1


def test_a_mass_change_sent_again_is_done_once(bench: Bench) -> None:
    sensor = bench.sensor()
    sensor.upload([event(session="one")])
    body = {"filter": {}, "delete": True}
    headers = {"Idempotency-Key": "one"}
    first = bench.admin.ok("POST", "/events/sessions/mass", json=body, headers=headers)
    sensor.upload([event(session="two")])
    assert bench.admin.ok("POST", "/events/sessions/mass", json=body, headers=headers) == first
    assert len(bench.admin.ok("GET", "/events/sessions")["items"]) == 1


def test_an_archive_sent_again_is_one_task_and_leaves_no_file(cataloguing: Bench, monkeypatch: Any) -> None:
    monkeypatch.setattr(TaskQueue, "enqueue", lambda *_args, **_options: None)

    def send(content: bytes) -> TestResponse:
        return cataloguing.admin.call("POST", "/services", data=content, headers={"Idempotency-Key": "one"})

    first, again, other = send(b"one"), send(b"one"), send(b"two")

    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 422)
    assert (first.data, first.mimetype) == (again.data, again.mimetype)
    assert len(cataloguing.admin.ok("GET", "/tasks")["items"]) == 1
    assert [path.read_bytes() for path in cataloguing.settings.uploads_dir.iterdir()] == [b"one"]


def test_what_a_body_held_cannot_be_guessed_from_the_database(bench: Bench) -> None:
    """The key that a guess would need is in a file; the fingerprint is no plain hash of the request."""
    add(bench.admin, "one")
    with bench.database.reading() as session:
        (stored,) = session.scalars(select(IdempotencyKey.fingerprint))
    parts = [b"POST", b"/api/divisions?", b"admin None", b'{"name": "Berlin"}']
    file = bench.settings.data_dir / "idempotency.key"
    assert file.stat().st_mode & 0o777 == 0o600
    guesses = {sha256(separator.join(parts)).hexdigest() for separator in (b"", b"\0")}
    guesses.add(sha256(b"".join(sha256(part).digest() for part in parts)).hexdigest())
    assert stored not in guesses
