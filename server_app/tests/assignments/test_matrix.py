"""Options of assignments, and many assignments at a time."""

from typing import Any

import pytest
from catalogue import add_service
from server_bench import Bench

from server_app.accounts.models import Role

SCHEMA = {
    "type": "object",
    "properties": {"hostname": {"type": "string", "maxLength": 8, "default": "files01"}, "delay": {"type": "integer"}},
}


@pytest.fixture
def catalogued(bench: Bench) -> Bench:
    """A server with services: two that want port 22, one with options."""
    add_service(bench, "cowrie", port_assignment={"2222/tcp": 22}, options=SCHEMA)
    add_service(bench, "kippo", port_assignment={"22/tcp": 22})
    add_service(bench, "recon", catch_all=True)
    return bench


def pointers(answer: Any) -> list[str]:
    return [error["pointer"] for error in (answer.json or {})["errors"]]


def test_options_are_checked_filled_and_handed_out(catalogued: Bench) -> None:
    bench = catalogued
    sensor = bench.sensor()
    path = f"/sensors/{sensor.id}/services/cowrie"

    shown = bench.admin.ok("PUT", path, json={"options": {"delay": 3}})

    assert shown["options"] == {"delay": 3}
    assert shown["effective_options"] == {"delay": 3, "hostname": "files01"}
    assert (sensor.poll().json or {})["services"][0]["options"] == {"delay": 3, "hostname": "files01"}
    assert bench.admin.ok("PUT", path, json={"revision": "1.0.0"})["options"] == {"delay": 3}, "left out: they stay"
    assert bench.admin.ok("PUT", path, json={"options": {}})["options"] == {}
    assert (sensor.poll().json or {})["services"][0]["options"] == {"hostname": "files01"}


@pytest.mark.parametrize(
    ("service", "options", "pointer"),
    [
        ("cowrie", {"hostname": "x" * 9}, "/options/hostname"),
        ("cowrie", {"colour": "red"}, "/options/colour"),
        ("recon", {"hostname": "a"}, "/options/hostname"),
        ("cowrie", [], "/options"),
        ("cowrie", {f"o{number}": 1 for number in range(65)}, "/options"),
    ],
)
def test_wrong_options_are_refused(catalogued: Bench, service: str, options: Any, pointer: str) -> None:
    sensor = catalogued.sensor_row()
    answer = catalogued.admin.call("PUT", f"/sensors/{sensor}/services/{service}", json={"options": options})
    assert answer.status_code == 400
    assert pointers(answer) == [pointer]
    assert catalogued.admin.ok("GET", f"/sensors/{sensor}/services")["items"] == []


def test_a_default_that_does_not_know_set_options_is_refused(catalogued: Bench) -> None:
    bench = catalogued
    add_service(bench, "cowrie", "2.0.0")
    sensor = bench.sensor_row()
    bench.admin.ok("PUT", f"/sensors/{sensor}/services/cowrie", json={"options": {"delay": 3}})
    answer = bench.admin.call("PATCH", "/services/cowrie", json={"default_revision": "2.0.0"})
    assert answer.status_code == 409
    assert "/delay" in answer.text
    assert bench.admin.ok("GET", "/services/cowrie")["default_revision"] == "1.0.0"


def test_services_for_different_architectures_never_meet(bench: Bench) -> None:
    sensor = bench.sensor_row()
    for name, architecture in (("one", "amd64"), ("two", "armhf")):
        add_service(bench, name, port_assignment={"22/tcp": 22}, architecture=architecture)
        bench.admin.ok("PUT", f"/sensors/{sensor}/services/{name}", json={})


@pytest.mark.parametrize(
    ("other", "status"),
    [
        ({"port_assignment": {"9/tcp": 53}}, 409),
        ({"port_assignment": {"53/tcp": 9}}, 200),
        ({"port_assignment": {"9/udp": 53}}, 200),
        ({"port_assignment": {"53/tcp": 9}, "raw_network_access": True}, 409),
        ({"catch_all": True}, 200),
    ],
)
def test_raw_services_take_the_ports_of_their_container(bench: Bench, other: dict[str, Any], status: int) -> None:
    sensor = bench.sensor_row()
    add_service(bench, "raw", raw_network_access=True, port_assignment={"53/tcp": 7})
    add_service(bench, "other", **other)
    bench.admin.ok("PUT", f"/sensors/{sensor}/services/raw", json={})
    assert bench.admin.call("PUT", f"/sensors/{sensor}/services/other", json={}).status_code == status


def test_the_matrix_is_shown_and_changed(catalogued: Bench) -> None:
    bench = catalogued
    one, two = bench.sensor_row("one"), bench.sensor_row("two")
    bench.admin.ok("PUT", f"/sensors/{one}/services/kippo", json={})

    changes = [
        {"sensor": one, "service": "kippo", "assigned": False},
        {"sensor": one, "service": "cowrie", "options": {"delay": 1}},
        {"sensor": two, "service": "recon", "revision": "1.0.0"},
        {"sensor": two, "service": "kippo", "assigned": False},
    ]
    assert bench.admin.ok("PATCH", "/assignments", json={"changes": changes}) == {"changed": 4}

    matrix = bench.admin.ok("GET", "/assignments")
    assert [column["service"] for column in matrix["services"]] == ["cowrie", "kippo", "recon"]
    found = [
        (row["name"], item["service"], item["revision"], item["options"])
        for row in matrix["items"]
        for item in row["services"]
    ]
    assert found == [("one", "cowrie", None, {"delay": 1}), ("two", "recon", "1.0.0", {})]
    pinned = {"sensor": one, "service": "cowrie", "revision": "1.0.0"}
    bench.admin.ok("PATCH", "/assignments", json={"changes": [pinned]})
    (kept,) = bench.admin.ok("GET", "/assignments?text=one")["items"]
    assert (kept["services"][0]["revision"], kept["services"][0]["options"]) == ("1.0.0", {"delay": 1})
    assert len(bench.admin.ok("GET", "/assignments?limit=1")["items"]) == 1


def test_changes_are_all_made_or_none(catalogued: Bench) -> None:
    bench = catalogued
    one, two = bench.sensor_row("one"), bench.sensor_row("two")
    bench.admin.ok("PUT", f"/sensors/{two}/services/kippo", json={})
    good = {"sensor": one, "service": "recon"}
    for bad, status, expected in (
        ({"sensor": 4711, "service": "recon"}, 400, ["/changes/1/sensor"]),
        ({"sensor": one, "service": "unknown"}, 400, ["/changes/1/service"]),
        ({"sensor": one, "service": "cowrie", "revision": "9"}, 400, ["/changes/1/revision"]),
        ({"sensor": one, "service": "cowrie", "options": {"delay": "x"}}, 400, ["/changes/1/options/delay"]),
        ({"sensor": one, "service": "recon", "assigned": False}, 400, ["/changes/1"]),
        ({"sensor": two, "service": "cowrie"}, 409, ["/changes/1/service"]),
        ({"sensor": one, "service": "Recon!"}, 400, ["/changes/1/service"]),
    ):
        answer = bench.admin.call("PATCH", "/assignments", json={"changes": [good, bad]})
        assert (answer.status_code, pointers(answer)) == (status, expected)
        assert bench.admin.ok("GET", f"/sensors/{one}/services")["items"] == []
    for empty in ([], [good] * 1001):
        assert pointers(bench.admin.call("PATCH", "/assignments", json={"changes": empty})) == ["/changes"]


def test_both_entries_of_a_contradiction_are_named(catalogued: Bench) -> None:
    sensor = catalogued.sensor_row()
    changes = [{"sensor": sensor, "service": name} for name in ("cowrie", "recon", "kippo")]
    answer = catalogued.admin.call("PATCH", "/assignments", json={"changes": changes})
    assert answer.status_code == 409
    assert sorted(pointers(answer)) == ["/changes/0/service", "/changes/2/service"]
    assert "cowrie and kippo both want port 22/tcp" in answer.text


def test_one_sees_and_changes_only_ones_own_sensors(catalogued: Bench) -> None:
    bench = catalogued
    theirs = bench.sensor_row("theirs")
    division = bench.division("ours")
    ours = bench.sensor_row("ours", division)
    manager, observer = bench.user("manager", Role.MANAGER, division), bench.user("observer", Role.OBSERVER, division)

    changes = [{"sensor": number, "service": "recon"} for number in (ours, theirs)]
    answer = manager.call("PATCH", "/assignments", json={"changes": changes})

    assert (answer.status_code, pointers(answer)) == (400, ["/changes/1/sensor"])
    assert observer.call("PATCH", "/assignments", json={"changes": changes[:1]}).status_code == 403
    assert [row["name"] for row in observer.ok("GET", "/assignments")["items"]] == ["ours"]
    assert manager.ok("PATCH", "/assignments", json={"changes": changes[:1]}) == {"changed": 1}
