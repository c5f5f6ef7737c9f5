"""The poll: what a sensor says is kept, and it is told what it should be, once."""

from typing import Any

import pytest
from catalogue import add_service
from log_lines import refusals
from server_bench import Bench, report
from sqlalchemy import event

from sensor_wire.v1.desired import Desired
from server_app.db import Database
from server_app.glance import Glance


def test_the_report_is_kept_and_shown(bench: Bench) -> None:
    sensor = bench.sensor()
    services = [{"name": "cowrie", "state": "running", "restarts": 2}]

    assert sensor.poll(report(addresses=["192.0.2.10"], services=services, memory_total=1024)).status_code == 200

    status = bench.admin.ok("GET", f"/sensors/status/by-sensor/{sensor.id}")
    assert (status["state"], status["report"]["memory_total"]) == ("online", 1024)
    shown = bench.admin.ok("GET", f"/sensors/{sensor.id}")
    assert shown["addresses"] == ["192.0.2.10"]
    assert shown["services"][0]["name"] == "cowrie"
    assert (shown["architecture"], shown["firmware"]) == ("amd64", "0.1.0")


def test_the_desired_state_is_what_is_assigned(bench: Bench) -> None:
    sensor = bench.sensor()
    add_service(bench, "cowrie", port_assignment={"2222/tcp": 22}, limits={"memory_mb": 64, "pids": 32})
    add_service(bench, "recon", catch_all=True)
    for name in ("recon", "cowrie"):
        bench.admin.ok("PUT", f"/sensors/{sensor.id}/services/{name}", json={"revision": None})

    desired = Desired.parse_strict(sensor.poll().json)

    assert desired.poll_interval == 60
    assert desired.ca_chain == bench.settings.ca_certificate.read_text()
    assert [service.name for service in desired.services] == ["cowrie", "recon"]
    cowrie, recon = desired.services
    assert (cowrie.repository, cowrie.ports, cowrie.limits.memory_mb) == ("honeysens/cowrie", {"2222/tcp": 22}, 64)
    assert recon.catch_all


def test_only_images_for_the_sensors_architecture_are_named(bench: Bench) -> None:
    sensor = bench.sensor()
    add_service(bench, "cowrie")
    bench.admin.ok("PUT", f"/sensors/{sensor.id}/services/cowrie", json={})
    answer = sensor.poll(report(architecture="armhf")).json
    assert answer is not None
    assert answer["services"] == []


def test_the_generation_rises_with_real_changes_only(bench: Bench) -> None:
    sensor = bench.sensor()
    add_service(bench, "cowrie")

    def generation() -> int:
        answer = sensor.poll().json
        assert answer is not None
        return int(answer["generation"])

    first = generation()
    assert first == 1
    assert generation() == first
    bench.admin.ok("PATCH", f"/sensors/{sensor.id}", json={"location": "cellar"})
    assert generation() == first
    bench.admin.ok("PUT", f"/sensors/{sensor.id}/services/cowrie", json={"revision": None})
    assert generation() == first + 1
    bench.admin.ok("PUT", f"/sensors/{sensor.id}/services/cowrie", json={"revision": "1.0.0"})
    assert generation() == first + 1, "the default pinned is the same image"
    bench.admin.ok("PATCH", f"/sensors/{sensor.id}", json={"poll_interval": 60})
    assert generation() == first + 1, "the system's value set on the sensor is the same interval"
    add_service(bench, "cowrie", revision="2.0.0")
    assert generation() == first + 1, "a new revision is not the default"
    bench.admin.ok("DELETE", f"/sensors/{sensor.id}/services/cowrie")
    assert generation() == first + 2


def test_who_has_it_already_gets_no_content(bench: Bench) -> None:
    sensor = bench.sensor()
    first = sensor.poll()
    etag = first.headers["ETag"]

    second = sensor.poll(None, **{"If-None-Match": etag})

    assert (second.status_code, second.data, second.headers["ETag"]) == (204, b"", etag)
    add_service(bench, "cowrie")
    bench.admin.ok("PUT", f"/sensors/{sensor.id}/services/cowrie", json={})
    assert sensor.poll(None, **{"If-None-Match": etag}).status_code == 200


def test_an_unchanged_poll_reads_once_and_writes_the_contact_only(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    sensor = bench.sensor()
    etag = sensor.poll().headers["ETag"]
    statements: list[str] = []
    glances: list[Any] = []
    first = Glance.first

    def glance(self: Glance[Any], database: Database, **parameters: Any) -> Any:
        glances.append(parameters)
        return first(self, database, **parameters)

    def remember(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA", "SELECT certificates.id")):
            statements.append(statement)

    monkeypatch.setattr(Glance, "first", glance)
    event.listen(bench.database.engine, "before_cursor_execute", remember)
    answer = sensor.poll(report(uptime=5, memory_available=7), **{"If-None-Match": etag})

    assert answer.status_code == 204
    assert len(glances) == 1
    (write,) = statements
    assert write.startswith("UPDATE sensor_status SET last_contact_at=")
    changed = write.partition(" WHERE ")[0]
    assert changed.count("=") == 2
    assert "due_at=" in changed


def test_an_unchanged_poll_moves_the_last_contact(bench: Bench) -> None:
    sensor = bench.sensor()
    path = f"/sensors/{sensor.id}"
    etag = sensor.poll().headers["ETag"]
    before = bench.admin.ok("GET", path)["last_contact"]
    assert sensor.poll(None, **{"If-None-Match": etag}).status_code == 204
    assert bench.admin.ok("GET", path)["last_contact"] > before


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (report(color="red"), "/color"),
        (report(spool={"depth": -1}), "/spool/depth"),
        (report(architecture="sparc"), "/architecture"),
        (report(observed_at="2026-11-21T08:00:00"), "/observed_at"),
        (report(services=[{"name": "Cowrie!", "state": "running"}]), "/services/0/name"),
        ({"firmware": "0.1.0", "platform": "bbb", "architecture": "armhf"}, "/observed_at"),
        ([], ""),
        (None, ""),
        (b"", ""),
        (b"{", ""),
        (b"\xff\xfe", ""),
        (b'{"observed_at": NaN}', ""),
        (b"[" * 100_000, ""),
        (b'{"uptime": ' + b"9" * 5000 + b"}", ""),
    ],
)
def test_a_malformed_poll_names_the_field_changes_nothing_and_is_logged_once(
    bench: Bench, body: Any, pointer: str
) -> None:
    sensor = bench.sensor()
    sensor.poll()
    before = bench.admin.ok("GET", f"/sensors/status/by-sensor/{sensor.id}")

    with refusals() as logged:
        answer = sensor.call("/api/sensors/status", b"null" if body is None else body)

    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    assert answer.json["errors"][0]["pointer"] == pointer
    assert len(logged) == 1
    assert bench.admin.ok("GET", f"/sensors/status/by-sensor/{sensor.id}") == before


@pytest.mark.parametrize("chunked", [False, True])
def test_an_oversized_poll_is_refused(bench: Bench, chunked: bool) -> None:  # noqa: FBT001 - pytest passes parameters by name
    sensor = bench.sensor()
    body = b'{"error": "' + b"x" * (256 * 1024) + b'"}'
    # As gunicorn hands over a chunked body: no length, and a stream that ends.
    environ = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}

    with refusals() as logged:
        answer = sensor.call("/api/sensors/status", body, environ_overrides=environ if chunked else {})

    assert answer.status_code == 413
    assert answer.mimetype == "application/problem+json"
    assert len(logged) == 1
    assert bench.admin.ok("GET", f"/sensors/{sensor.id}")["state"] == "new"
