"""Nobody touches what belongs to another division, and observers only look."""

import pytest
from server_bench import Bench, Person, SensorClient

from server_app.accounts.models import Role


class House:
    """Two divisions with a sensor each, and a manager and an observer of the first."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.ours = bench.division("Berlin")
        self.theirs = bench.division("Bonn")
        self.our_sensor: SensorClient = bench.sensor("ours", self.ours)
        self.their_sensor: SensorClient = bench.sensor("theirs", self.theirs)
        self.manager: Person = bench.user("manager", Role.MANAGER, self.ours)
        self.observer: Person = bench.user("observer", Role.OBSERVER, self.ours)

    def certificate(self, sensor: SensorClient) -> int:
        number: int = self.bench.admin.ok("GET", f"/certs?sensor={sensor.id}")["items"][0]["id"]
        return number


@pytest.fixture
def house(bench: Bench) -> House:
    return House(bench)


def test_lists_hold_only_the_own_divisions(house: House) -> None:
    for person in (house.manager, house.observer):
        assert [item["name"] for item in person.ok("GET", "/divisions")["items"]] == ["Berlin"]
        assert [item["name"] for item in person.ok("GET", "/sensors")["items"]] == ["ours"]
        assert {item["sensor"] for item in person.ok("GET", "/certs?kind=sensor")["items"]} == {house.our_sensor.id}


def calls(house: House, sensor: SensorClient) -> list[tuple[str, str, dict[str, object] | None]]:
    return [
        ("PATCH", f"/sensors/{sensor.id}", {"location": "cellar"}),
        ("POST", f"/sensors/{sensor.id}/config", None),
        ("PUT", f"/sensors/{sensor.id}/services/cowrie", {"revision": None}),
        ("DELETE", f"/sensors/{sensor.id}/services/cowrie", None),
        ("POST", f"/certs/{house.certificate(sensor)}/revoke", None),
        ("DELETE", f"/sensors/{sensor.id}", None),
    ]


def test_a_manager_cannot_touch_a_sensor_of_another_division(house: House) -> None:
    before = house.bench.admin.ok("GET", f"/sensors/{house.their_sensor.id}")

    for method, path, body in calls(house, house.their_sensor):
        assert house.manager.call(method, path, json=body).status_code == 404, path
    for path in (f"/sensors/{house.their_sensor.id}", f"/sensors/status/by-sensor/{house.their_sensor.id}"):
        assert house.manager.call("GET", path).status_code == 404, path
    new = house.manager.call("POST", "/sensors", json={"name": "intruder", "division": house.theirs})

    assert new.status_code == 400
    assert new.json is not None
    assert new.json["errors"][0]["pointer"] == "/division"
    assert house.bench.admin.ok("GET", f"/sensors/{house.their_sensor.id}") == before
    assert house.their_sensor.poll().status_code == 200


def test_an_observer_can_change_nothing(house: House) -> None:
    for method, path, body in calls(house, house.our_sensor):
        assert house.observer.call(method, path, json=body).status_code == 403, path
    new = house.observer.call("POST", "/sensors", json={"name": "intruder", "division": house.ours})
    assert new.status_code == 403


def test_a_manager_manages_the_own_division(house: House) -> None:
    assert house.manager.ok("PATCH", f"/sensors/{house.our_sensor.id}", json={"location": "cellar"})
    house.manager.ok("POST", f"/certs/{house.certificate(house.our_sensor)}/revoke")
    house.manager.ok("DELETE", f"/sensors/{house.our_sensor.id}")
    assert house.manager.ok("GET", "/sensors")["items"] == []


def test_what_all_divisions_share_is_for_administrators(house: House) -> None:
    for person in (house.manager, house.observer):
        assert person.call("POST", "/divisions", json={"name": "Rome"}).status_code == 403
        assert person.call("POST", "/services", data=b"archive").status_code == 403
        assert person.call("DELETE", "/services/cowrie").status_code == 403
        assert person.call("PATCH", "/services/cowrie", json={"default_revision": "1"}).status_code == 403
