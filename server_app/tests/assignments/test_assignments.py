"""Which sensor runs what, and what cannot run together."""

from typing import Any

import pytest
from catalogue import add_service
from server_bench import Bench

from sensor_wire.v1.desired import Desired


def _range(first: int, last: int, **more: Any) -> dict[str, Any]:
    return {"protocol": "tcp", "first": first, "last": last} | more


def test_an_assignment_is_made_changed_and_removed(bench: Bench) -> None:
    sensor = bench.sensor_row()
    path = f"/sensors/{sensor}/services"
    add_service(bench, "cowrie")
    add_service(bench, "cowrie", "2.0.0")

    expected: dict[str, Any] = {
        "service": "cowrie",
        "revision": None,
        "effective_revision": "1.0.0",
        "options": {},
        "effective_options": {},
        "option_origins": {},
        "address": None,
        "image_missing": False,
    }
    assert bench.admin.ok("PUT", f"{path}/cowrie", json={"revision": None}) == expected
    assert bench.admin.ok("PUT", f"{path}/cowrie", json={"revision": "2.0.0"})["effective_revision"] == "2.0.0"
    assert len(bench.admin.ok("GET", path)["items"]) == 1
    assert bench.admin.call("DELETE", f"{path}/cowrie").status_code == 204
    assert bench.admin.ok("GET", path)["items"] == []
    assert bench.admin.call("DELETE", f"{path}/cowrie").status_code == 404


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ({"port_assignment": {"2222/tcp": 22}}, {"port_assignment": {"22/tcp": 22}}, "port 22/tcp"),
        ({"catch_all": True}, {"catch_all": True}, "catch-all"),
        ({"port_assignment": {"2222/tcp": 22}}, {"port_ranges": [_range(20, 25)]}, "ports 20-25/tcp"),
        ({"port_ranges": [_range(5900, 5910)]}, {"port_ranges": [_range(5910, 5920)]}, "ports 5910-5920/tcp"),
    ],
)
def test_two_services_that_want_the_same_are_refused_and_named(
    bench: Bench, one: dict[str, Any], other: dict[str, Any], clash: str
) -> None:
    sensor = bench.sensor_row()
    add_service(bench, "cowrie", **one)
    add_service(bench, "kippo", **other)
    bench.admin.ok("PUT", f"/sensors/{sensor}/services/cowrie", json={})

    answer = bench.admin.call("PUT", f"/sensors/{sensor}/services/kippo", json={})

    assert answer.status_code == 409
    for word in ("cowrie", "kippo", clash):
        assert word in answer.text
    assert len(bench.admin.ok("GET", f"/sensors/{sensor}/services")["items"]) == 1


FURTHER = {"mode": "dhcp", "additional": ["192.0.2.77/24", "2001:db8::77/64"]}


def test_each_address_has_its_own_services(bench: Bench) -> None:
    sensor = bench.sensor()
    path = f"/sensors/{sensor.id}/services"
    bench.admin.ok("PATCH", f"/sensors/{sensor.id}", json={"network": FURTHER})
    ssh = {"2222/tcp": 22}
    add_service(bench, "cowrie", port_assignment=ssh, port_ranges=[_range(5900, 5910, container_port=5900)])
    add_service(bench, "kippo", port_assignment=ssh)
    bench.admin.ok("PUT", f"{path}/cowrie", json={})
    assert bench.admin.ok("PUT", f"{path}/kippo", json={"address": "192.0.2.77"})["address"] == "192.0.2.77"
    assert bench.admin.ok("PUT", f"{path}/kippo", json={"revision": None})["address"] == "192.0.2.77", "it stays"

    told = Desired.parse_strict(sensor.poll().json)
    assert {each.name: each.address and str(each.address) for each in told.services} == {
        "cowrie": None,
        "kippo": "192.0.2.77",
    }
    assert [each.model_dump() for each in told.services[0].port_ranges] == [_range(5900, 5910, container_port=5900)]
    assert told.network is not None
    assert [str(each) for each in told.network.additional] == FURTHER["additional"]

    change = {"sensor": sensor.id, "service": "kippo", "address": "2001:db8::77"}
    bench.admin.ok("PATCH", "/assignments", json={"changes": [change]})
    assert bench.admin.ok("GET", path)["items"][1]["address"] == "2001:db8::77"
    clash = bench.admin.call("PATCH", "/assignments", json={"changes": [change | {"address": None}]})
    assert clash.status_code == 409
    assert "cowrie and kippo both want port 22/tcp" in clash.text
    foreign = bench.admin.call("PUT", f"{path}/kippo", json={"address": "192.0.2.78"})
    assert foreign.status_code == 400
    assert "/address" in foreign.text
    assert "192.0.2.77" in foreign.text, "it says which there are"


def test_the_same_port_of_another_protocol_is_no_conflict(bench: Bench) -> None:
    sensor = bench.sensor_row()
    add_service(bench, "one", port_assignment={"53/tcp": 53})
    add_service(bench, "two", port_assignment={"53/udp": 53}, catch_all=True)
    for name in ("one", "two"):
        bench.admin.ok("PUT", f"/sensors/{sensor}/services/{name}", json={})


def test_a_revision_is_judged_by_its_own_ports(bench: Bench) -> None:
    sensor = bench.sensor_row()
    add_service(bench, "cowrie", port_assignment={"2222/tcp": 22})
    add_service(bench, "cowrie", "2.0.0", port_assignment={"2222/tcp": 2222})
    add_service(bench, "kippo", port_assignment={"22/tcp": 22})
    bench.admin.ok("PUT", f"/sensors/{sensor}/services/cowrie", json={"revision": "2.0.0"})
    bench.admin.ok("PUT", f"/sensors/{sensor}/services/kippo", json={})
    assert bench.admin.call("PUT", f"/sensors/{sensor}/services/cowrie", json={}).status_code == 409


def test_a_default_that_would_clash_somewhere_is_refused(bench: Bench) -> None:
    sensor = bench.sensor_row()
    add_service(bench, "cowrie", port_assignment={"2222/tcp": 2222})
    add_service(bench, "cowrie", "2.0.0", port_assignment={"2222/tcp": 22})
    add_service(bench, "kippo", port_assignment={"22/tcp": 22})
    for name in ("cowrie", "kippo"):
        bench.admin.ok("PUT", f"/sensors/{sensor}/services/{name}", json={})

    assert bench.admin.call("PATCH", "/services/cowrie", json={"default_revision": "2.0.0"}).status_code == 409

    assert bench.admin.ok("GET", "/services/cowrie")["default_revision"] == "1.0.0"


def test_what_is_not_there_is_named(bench: Bench) -> None:
    sensor = bench.sensor_row()
    add_service(bench, "cowrie")
    assert bench.admin.call("PUT", f"/sensors/{sensor}/services/kippo", json={}).status_code == 404
    assert bench.admin.call("PUT", "/sensors/4711/services/cowrie", json={}).status_code == 404
    answer = bench.admin.call("PUT", f"/sensors/{sensor}/services/cowrie", json={"revision": "9"})
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["errors"][0]["pointer"] == "/revision"
