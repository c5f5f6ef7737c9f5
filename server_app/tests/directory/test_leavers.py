"""Whoever leaves the directory can do nothing more here, with an API token either; everybody else goes on."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from directory_of_alice import SECRET, Directory
from server_bench import URL, Person
from slapd_process import SUFFIX

from server_app.db import now
from server_app.directory import leavers

ALICE = f"uid=alice,ou=people,{SUFFIX}"


class Alice:
    """Logged in by the directory, with an API token."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        _, self.person = directory.log_in("alice", SECRET)
        wanted = {"name": "tickets", "scope": "read", "expires_at": (now() + timedelta(days=300)).isoformat()}
        self.token = str(self.person.ok("POST", "/users/me/tokens", json=wanted)["token"])

    def after_a_look(self) -> tuple[int, int]:
        """What she gets by her session and by her token once the directory has been asked after her."""
        leavers.look(self.directory.bench.database, now())
        program = Person(self.directory.bench.app.test_client())
        by_token = program.client.get("/api/users/me", base_url=URL, headers={"Authorization": f"Bearer {self.token}"})
        return self.person.call("GET", "/users/me").status_code, by_token.status_code


@pytest.fixture
def alice(directory: Directory) -> Alice:
    return Alice(directory)


def _gone(directory: Directory) -> None:
    directory.slapd.change(f"dn: {ALICE}\nchangetype: delete\n")


def _replaced(directory: Directory) -> None:
    _gone(directory)
    directory.slapd.person("alice", "another alice's secret")


def _in_no_group(directory: Directory) -> None:
    directory.slapd.change(f"dn: {directory.staff}\nchangetype: delete\n")


def _in_another_role(directory: Directory) -> None:
    directory.slapd.change(f"dn: {directory.admins}\nchangetype: modify\nadd: member\nmember: {ALICE}\n")


def _not_by_the_filter(directory: Directory) -> None:
    directory.settings(user_filter="(&(uid={username})(!(employeeType=left)))")
    directory.slapd.change(f"dn: {ALICE}\nchangetype: modify\nadd: employeeType\nemployeeType: left\n")


@pytest.mark.parametrize("left", [_gone, _replaced, _in_no_group, _in_another_role, _not_by_the_filter])
def test_sessions_and_tokens_end(alice: Alice, directory: Directory, left: Callable[[Directory], None]) -> None:
    assert alice.after_a_look() == (200, 200)
    left(directory)
    assert alice.after_a_look() == (401, 401)
    ended = directory.bench.admin.ok("GET", "/audit?object=api-token&action=removed")["items"]
    assert [(entry["actor"]["name"], entry["object"]["name"]) for entry in ended] == [("ldap", "tickets")]


def _away(directory: Directory) -> None:
    directory.settings(url="ldaps://127.0.0.1:1")


def _without_its_reader(directory: Directory) -> None:
    directory.settings(bind_password="wrong")


def _not_there(directory: Directory) -> None:
    directory.settings(user_base=f"ou=elsewhere,{SUFFIX}")


def _switched_off(directory: Directory) -> None:
    directory.settings(enabled=False)


def _renamed(directory: Directory) -> None:
    directory.slapd.change(f"dn: {ALICE}\nchangetype: modrdn\nnewrdn: uid=alicia\ndeleteoldrdn: 1\n")
    member = f"uid=alicia,ou=people,{SUFFIX}"
    directory.slapd.change(f"dn: {directory.staff}\nchangetype: modify\nadd: member\nmember: {member}\n")


def _asked_by_mail(directory: Directory) -> None:
    directory.settings(user_filter="(mail={username})")


@pytest.mark.parametrize("changed", [_away, _without_its_reader, _not_there, _switched_off, _renamed, _asked_by_mail])
def test_whoever_has_not_left_goes_on(alice: Alice, directory: Directory, changed: Callable[[Directory], None]) -> None:
    changed(directory)
    assert alice.after_a_look() == (200, 200)


def test_divisions_follow_without_a_login(alice: Alice, directory: Directory) -> None:
    directory.settings(divisions=[])
    assert alice.after_a_look() == (200, 200)
    me: dict[str, Any] = alice.person.ok("GET", "/users/me")
    assert me["divisions"] == []
