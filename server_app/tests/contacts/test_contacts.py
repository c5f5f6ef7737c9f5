"""Incident contacts: seen in their division, changed by its managers, written to where their user says."""

from typing import Any

import pytest
from server_bench import Bench, Person

from server_app.accounts.models import Role
from server_app.contacts.service import Occasion, addresses


class Team:
    """Two divisions; a manager and an observer of the first."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.ours, self.theirs = bench.division("Berlin"), bench.division("Bonn")
        self.manager: Person = bench.user("manager", Role.MANAGER, self.ours)
        self.observer: Person = bench.user("observer", Role.OBSERVER, self.ours)
        self.observer_id: int = self.observer.ok("GET", "/users/me")["id"]

    def add(self, **body: Any) -> Any:
        return self.manager.ok("POST", "/contacts", json={"division": self.ours} | body)

    def told(self, occasion: Occasion) -> list[str]:
        with self.bench.database.reading() as session:
            return addresses(session, self.ours, occasion)


@pytest.fixture
def team(bench: Bench) -> Team:
    return Team(bench)


def test_a_users_contact_follows_the_users_address(team: Team) -> None:
    contact = team.add(user=team.observer_id)
    assert (contact["user_name"], contact["address"]) == ("observer", None)
    assert team.told(Occasion.CRITICAL_EVENT) == []
    path = f"/users/{team.observer_id}"
    team.bench.admin.ok("PATCH", path, json={"email": "o@example.com"})
    assert team.told(Occasion.CRITICAL_EVENT) == ["o@example.com"]
    team.bench.admin.ok("PATCH", path, json={"enabled": False})
    assert team.told(Occasion.CRITICAL_EVENT) == []
    team.bench.admin.ok("DELETE", path)
    assert team.manager.ok("GET", "/contacts")["items"] == []


def test_each_is_told_what_they_want_and_once(team: Team) -> None:
    team.bench.admin.ok("PATCH", f"/users/{team.observer_id}", json={"email": "all@example.com"})
    team.add(email="critical@example.com")
    team.add(email="all@example.com", critical_events=False, all_events=True)
    team.add(user=team.observer_id)
    team.add(email="system@example.com", critical_events=False, system_alerts=True)
    team.bench.admin.ok("POST", "/contacts", json={"division": team.theirs, "email": "theirs@example.com"})

    assert team.told(Occasion.CRITICAL_EVENT) == ["all@example.com", "critical@example.com"]
    assert team.told(Occasion.EVENT) == ["all@example.com"]
    assert team.told(Occasion.SYSTEM_ALERT) == ["system@example.com"]


def test_contacts_are_changed_and_removed(team: Team) -> None:
    contact = team.add(email="soc@example.com")
    changed = team.manager.ok("PATCH", f"/contacts/{contact['id']}", json={"system_alerts": True})
    assert changed == contact | {"system_alerts": True}
    assert team.observer.ok("GET", f"/contacts/{contact['id']}") == changed
    team.manager.ok("DELETE", f"/contacts/{contact['id']}")
    assert team.observer.ok("GET", "/contacts")["items"] == []


def test_each_sees_the_own_divisions_contacts(team: Team) -> None:
    ours = team.add(email="soc@example.com")
    theirs = team.bench.admin.ok("POST", "/contacts", json={"division": team.theirs, "email": "soc@example.com"})
    assert team.observer.ok("GET", "/contacts")["items"] == [ours]
    assert team.bench.admin.ok("GET", f"/contacts?division={team.theirs}")["items"] == [theirs]
    assert team.manager.ok("GET", f"/contacts?division={team.theirs}")["items"] == []


@pytest.mark.parametrize(
    ("wrong", "status", "pointer"),
    [
        ({}, 400, ""),
        ({"user": "{observer}", "email": "soc@example.com"}, 400, ""),
        ({"email": ""}, 400, "/email"),
        ({"email": "two@example.com,three@example.com"}, 400, "/email"),
        ({"email": "SOC@example.com"}, 409, "/email"),
        ({"user": 1_000}, 400, "/user"),
        ({"user": "{stranger}"}, 400, "/user"),
    ],
)
def test_a_wrong_contact_is_refused(team: Team, wrong: dict[str, Any], status: int, pointer: str) -> None:
    team.add(email="soc@example.com")
    stranger = team.bench.user("stranger", Role.MANAGER, team.theirs).ok("GET", "/users/me")["id"]
    names = {"{observer}": team.observer_id, "{stranger}": stranger}
    body = {name: names.get(value, value) for name, value in wrong.items()}
    answer = team.manager.call("POST", "/contacts", json={"division": team.ours} | body)
    assert answer.json is not None
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (status, pointer)
    assert len(team.manager.ok("GET", "/contacts")["items"]) == 1
