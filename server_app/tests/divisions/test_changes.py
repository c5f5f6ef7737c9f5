"""Divisions are renamed, and removed once they have no sensors."""

from server_bench import Bench

from server_app.accounts.models import Role


def test_a_division_is_renamed(bench: Bench) -> None:
    number = bench.division("Berlin")
    bench.division("Bonn")
    assert bench.admin.ok("PATCH", f"/divisions/{number}", json={"name": "Berlin"})["name"] == "Berlin"
    taken = bench.admin.call("PATCH", f"/divisions/{number}", json={"name": "Bonn"})
    assert taken.status_code == 409
    bench.admin.ok("PATCH", f"/divisions/{number}", json={"name": "Rome"})
    assert bench.admin.ok("GET", f"/divisions/{number}") == {"id": number, "name": "Rome"}


def test_a_division_with_sensors_stays_and_they_are_named(bench: Bench) -> None:
    number = bench.division("Berlin")
    sensors = [bench.sensor_row(f"cellar-{place:02}", number) for place in range(11)]
    refused = bench.admin.call("DELETE", f"/divisions/{number}")
    assert refused.status_code == 409
    assert "cellar-00, cellar-01" in (refused.json or {})["detail"]
    assert "cellar-10" not in (refused.json or {})["detail"]
    for sensor in sensors:
        bench.admin.ok("DELETE", f"/sensors/{sensor}")
    bench.admin.ok("DELETE", f"/divisions/{number}")
    assert bench.admin.call("GET", f"/divisions/{number}").status_code == 404


def test_a_removed_division_takes_memberships_and_contacts_along(bench: Bench) -> None:
    number = bench.division("Berlin")
    anna = bench.user("anna", Role.MANAGER, number)
    anna.ok("POST", "/contacts", json={"division": number, "email": "soc@example.com"})
    bench.admin.ok("DELETE", f"/divisions/{number}")
    assert anna.ok("GET", "/users/me")["divisions"] == []
    assert bench.admin.ok("GET", "/contacts")["items"] == []
