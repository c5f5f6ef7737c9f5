"""Logins by a real directory, and by this server when the directory is away."""

from typing import Any

import pytest
from directory_of_alice import SECRET, Directory
from server_bench import PASSWORD, Bench
from slapd_process import BIND_PASSWORD, SUFFIX

from server_app.accounts.models import Role


def test_the_first_login_makes_the_user_with_role_and_divisions(directory: Directory) -> None:
    status, alice = directory.log_in("alice", SECRET)
    assert status == 200
    me = alice.ok("GET", "/users/me")
    expected = {
        "name": "alice",
        "full_name": "Alice",
        "email": "alice@example.com",
        "role": "manager",
        "source": "ldap",
    }
    assert me.items() >= (expected | {"divisions": [directory.berlin]}).items()
    entry = directory.bench.admin.ok("GET", "/audit?object=user&action=created")["items"][0]
    assert (entry["actor"]["kind"], entry["actor"]["name"], entry["object"]["name"]) == ("system", "ldap", "alice")
    assert SECRET not in directory.bench.admin.call("GET", "/audit").text


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("alice", "wrong"),
        ("alice", PASSWORD),
        ("nobody", SECRET),
        ("*", SECRET),
        ("ali*", SECRET),
        ("alice)(uid=*", SECRET),
        ("x)(|(uid=alice)", SECRET),
        ("alice\\2a", SECRET),
        ("reader", BIND_PASSWORD),
    ],
)
def test_wrong_names_and_passwords_are_refused(directory: Directory, name: str, password: str) -> None:
    assert directory.status(name, password) == 401
    assert list(directory.users()) == ["admin"]


def test_changes_in_the_directory_hold_from_the_next_login(directory: Directory) -> None:
    _, alice = directory.log_in("alice", SECRET)
    directory.slapd.change(f"dn: {directory.admins}\nchangetype: modify\nadd: member\nmember: {directory.alice}\n")
    directory.slapd.change(f"dn: {directory.alice}\nchangetype: modify\nreplace: mail\nmail: a@example.com\n")
    status, _ = directory.log_in("alice", SECRET)
    assert status == 200
    assert directory.users()["alice"].items() >= {"role": "admin", "email": "a@example.com"}.items()
    assert alice.call("GET", "/users/me").status_code == 401  # begun with the old role


def test_who_is_renamed_there_stays_the_same_user(directory: Directory) -> None:
    directory.log_in("alice", SECRET)
    number = directory.users()["alice"]["id"]
    directory.slapd.change(f"dn: {directory.alice}\nchangetype: modrdn\nnewrdn: uid=alicia\ndeleteoldrdn: 1\n")
    directory.slapd.change(
        f"dn: {directory.staff}\nchangetype: modify\nadd: member\nmember: uid=alicia,ou=people,{SUFFIX}\n"
    )
    assert directory.status("alicia", SECRET) == 200
    assert {user["id"] for user in directory.users().values()} == {1, number}


def test_who_is_in_no_group_any_more_is_out_with_sessions(directory: Directory) -> None:
    _, alice = directory.log_in("alice", SECRET)
    directory.settings(roles=[])
    assert directory.status("alice", SECRET) == 403
    assert alice.call("GET", "/users/me").status_code == 401


def test_who_is_disabled_here_stays_out(directory: Directory) -> None:
    directory.log_in("alice", SECRET)
    directory.bench.admin.ok("PATCH", f"/users/{directory.users()['alice']['id']}", json={"enabled": False})
    assert directory.status("alice", SECRET) == 403


def test_nobody_becomes_a_user_of_this_server_by_name(directory: Directory) -> None:
    directory.slapd.person("admin", SECRET)
    assert directory.status("admin", SECRET) == 401
    assert directory.status("ADMIN", SECRET) == 403  # the same name, for the directory
    assert directory.users()["admin"]["source"] == "local"


def test_this_servers_users_log_in_while_the_directory_is_away(directory: Directory) -> None:
    directory.bench.user("otto", Role.OBSERVER)
    directory.log_in("alice", SECRET)
    directory.settings(url="ldaps://127.0.0.1:1")
    for name in ("admin", "otto"):
        assert directory.status(name, PASSWORD) == 200
    assert directory.status("alice", SECRET) == 503
    directory.settings(enabled=False)
    assert directory.status("alice", SECRET) == 401
    assert directory.status("alice", "") == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"ca": ""},
        {"bind_password": "wrong"},
        {"id_attribute": "employeeNumber"},
    ],
)
def test_a_directory_that_cannot_be_asked_lets_nobody_in(directory: Directory, wrong: dict[str, Any]) -> None:
    directory.settings(**wrong)
    assert directory.status("alice", SECRET) == 503


def test_a_directory_by_another_name_is_not_trusted(directory: Directory) -> None:
    directory.settings(url=directory.slapd.ldaps.replace("localhost", "localhost.localdomain"))
    assert directory.status("alice", SECRET) == 503


def test_start_tls_and_groups_from_an_attribute(directory: Directory) -> None:
    directory.slapd.person("berta", SECRET, departmentNumber="observers")
    directory.settings(
        url=directory.slapd.ldap,
        start_tls=True,
        group_base="",
        group_attribute="departmentNumber",
        roles=[{"group": "observers", "role": "observer"}],
    )
    assert directory.status("berta", SECRET) == 200
    assert directory.users()["berta"]["role"] == "observer"
    assert directory.status("alice", SECRET) == 403


def test_confirming_asks_the_directory(directory: Directory) -> None:
    directory.settings(default_role="admin", roles=[])
    _, alice = directory.log_in("alice", SECRET)
    directory.bench.user("otto", Role.OBSERVER)
    path, new = f"/users/{directory.users()['otto']['id']}", "another long password"
    for given, status in (("wrong", 403), (SECRET, 200)):
        answer = alice.call("PATCH", path, json={"password": new, "current_password": given})
        assert answer.status_code == status


def test_the_bind_password_is_never_shown(directory: Directory) -> None:
    shown = directory.bench.admin.ok("GET", "/settings")["ldap"]
    assert shown["bind_password_set"] is True
    assert BIND_PASSWORD not in str(shown)
    assert BIND_PASSWORD not in directory.bench.admin.call("GET", "/audit").text


@pytest.mark.parametrize(
    "wrong",
    [
        {"enabled": True},
        {"url": "ldap://directory.example.com"},
        {"url": "http://directory.example.com"},
        {"url": "ldaps://directory.example.com:99999"},
        {"user_filter": "(uid=alice)"},
    ],
)
def test_settings_that_cannot_work_are_refused(bench: Bench, wrong: dict[str, Any]) -> None:
    assert bench.admin.call("PATCH", "/settings/ldap", json=wrong).status_code == 400


def test_guesses_are_throttled_here_too(directory: Directory) -> None:
    assert {directory.status("alice", "wrong") for _ in range(20)} == {401, 429}


def test_it_is_switched_on_and_off_by_one_field(bench: Bench) -> None:
    bench.admin.ok(
        "PATCH",
        "/settings/ldap",
        json={"url": "ldaps://directory.example.com", "user_base": "dc=example"} | {"enabled": True},
    )
    bench.admin.ok("PATCH", "/settings/ldap", json={"enabled": False})
    assert bench.admin.ok("PATCH", "/settings/ldap", json={"enabled": True})["enabled"] is True
