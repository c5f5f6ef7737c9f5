"""The machine that cowrie pretends to be, as far as it needs no cowrie."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from cowrie_persona import accounts
from cowrie_persona.contents import files
from cowrie_persona.hardware import Hardware, made
from cowrie_persona.outputs import outputs
from cowrie_persona.persona import Login, Persona
from cowrie_persona.processes import listing, running
from cowrie_persona.settings import settings
from cowrie_persona.tree import Node, add, dress

from honeypot_adapter.identity import Identity
from honeypot_adapter.options import OptionError, Options

SEED = bytes(range(32))
DAY = 86400


def persona(seed: bytes = SEED, **options: Any) -> Persona:
    return Persona.of(Options(options), Identity(seed))


def hardware(machine: Persona) -> Hardware:
    system = machine.system
    sizes = (system.memory_gib, system.disk_gib)
    return made(machine.identity, system.processors, sizes, machine.mac_vendor)


def test_the_defaults_are_those_that_the_metadata_declares() -> None:
    root = ET.parse(Path(__file__).parents[1] / "metadata.xml").getroot()  # noqa: S314 - our own file
    declared = json.loads(root.findtext("options") or "")["properties"]
    machine, described = persona(), persona(**{name: each["default"] for name, each in declared.items()})
    assert replace(described, identity=machine.identity) == machine
    assert set(declared) == {"host_name", "domain", "os_family", "mac_vendor", "telnet", "ssh_banner", "users", "motd"}


@pytest.mark.parametrize(
    "options",
    [
        {"host_name": "a b"},
        {"domain": "-"},
        {"os_family": "windows"},
        {"ssh_banner": "OpenSSH"},
        {"users": ["root"]},
        {"users": ["root:a:b"]},
        {"users": ["root:\n"]},
        {"motd": ["\x1b[0m"]},
        {"telnet": "yes"},
    ],
)
def test_what_cannot_be_is_refused_by_its_name(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=next(iter(options))):
        persona(**options)


def test_accounts_are_those_who_get_in() -> None:
    machine = persona(users=["root:x", "alice:y", "alice:z", "bob:*", "postgres:p"])
    names = [line.split(":")[0] for line in accounts.passwd(machine).splitlines()]
    assert {"root", "alice", "bob", "postgres"} <= set(names)
    assert len(names) == len(set(names))
    assert "alice:x:1000:1000:" in accounts.passwd(machine)
    assert "phil" not in accounts.passwd(machine) + accounts.group(machine) + accounts.shadow(machine)
    assert all(line.count(":") == 8 for line in accounts.shadow(machine).splitlines())


def test_passwords_that_mean_something_to_cowrie_are_taken_literally() -> None:
    users = (Login("root", "*"), Login("root", "plain"), Login("root", "!x"), Login("root", "/a/"))
    assert accounts.user_database(users).splitlines() == [
        "root:x:*",
        "root:x:plain",
        r"root:x:/^\x21\x78$/",
        r"root:x:/^\x2f\x61\x2f$/",
    ]


def test_two_sensors_are_two_machines_and_one_stays_the_same() -> None:
    one, same, other = persona(), persona(), persona(bytes(32))
    first, second = files(one, hardware(one)), files(same, hardware(same))
    # OpenSSH's format of a private key has four random bytes, whatever the key.
    assert [path for path in first if first[path] != second[path] and not path.endswith("_key")] == []
    for path in ("/etc/shadow", "/etc/machine-id", "/etc/ssh/ssh_host_ed25519_key.pub", "/proc/meminfo", "/etc/fstab"):
        assert files(one, hardware(one))[path] != files(other, hardware(other))[path], path
    assert hardware(one).mac != hardware(other).mac
    assert outputs(one, hardware(one))["bin/df"] != outputs(other, hardware(other))["bin/df"]


@pytest.mark.parametrize(
    ("vendor", "prefix"), [("Siemens", "00:1b:1b:"), ("VMware", "00:50:56:"), ("unheard of", "00:50:56:")]
)
def test_the_network_card_is_the_vendors(vendor: str, prefix: str) -> None:
    assert hardware(persona(mac_vendor=vendor)).mac.startswith(prefix)


def test_the_machine_was_started_at_one_moment_and_never_more_than_three_months_ago() -> None:
    machine = persona()
    start = 1_800_000_000
    ages = [machine.booted_before(start + hour * 3600) for hour in range(24 * 200)]
    assert min(ages) >= DAY
    assert max(ages) <= 91 * DAY
    restarts = sum(later - earlier != 3600 for earlier, later in pairwise(ages))
    assert 2 <= restarts <= 7


def test_the_processes_fit_the_moment_of_the_start_and_the_arguments() -> None:
    machine = persona()
    found = running(machine, 1_800_000_000.0)
    everything = listing(found, ["aux"], 1_800_000_000.0 + 40 * DAY, 4_000_000)
    assert everything.splitlines()[0].startswith("USER         PID %CPU %MEM")
    assert "Jan15" in everything
    assert "Jul22" not in everything
    assert len(listing(found, ["-ef"], 1_800_000_000.0, 4_000_000).splitlines()) == len(found) + 1
    assert listing(found, [], 1_800_000_000.0, 4_000_000).startswith("    PID TTY")


def test_settings_name_the_machine_and_both_versions_of_ip() -> None:
    chosen = settings(persona(host_name="nas7", telnet=False), "/state", now=1.8e9, both_versions=True)
    assert chosen["COWRIE_HONEYPOT_HOSTNAME"] == "nas7"
    assert chosen["COWRIE_TELNET_ENABLED"] == "false"
    assert chosen["COWRIE_SSH_LISTEN_ENDPOINTS"] == r"tcp6:2222:interface=\:\::backlog=4096"
    assert chosen["COWRIE_SHELL_SSH_VERSION"].startswith("OpenSSH_9.2p1 Debian-2+deb12u6, OpenSSL")


def folder(name: str, *children: Node) -> Node:
    return [name, 1, 0, 0, 4096, 0o40755, 7, list(children), None, None]


def file(name: str, content: bytes | None = None) -> Node:
    return [name, 2, 0, 0, len(content or b""), 0o100644, 7, content, None, None]


def test_the_tree_gets_files_and_homes_and_loses_what_tells_of_containers() -> None:
    etc = folder(
        "etc", file("adduser.conf"), file("hostname", b"svr04"), ["os-release", 0, 0, 0, 9, 0, 7, [], "x", None]
    )
    etc[7] += [folder("ssh", file("ssh_host_rsa_key")), file("runit")]
    tree = folder("/", etc, folder("home", folder("phil")), folder("proc", folder("docker")), file(".dockerenv"))
    tree[7] += [folder("var", folder("log", folder("runit")))]
    contents = {"/etc/hostname": b"files01\n", "/etc/os-release": b"Debian", "/etc/ssh/ssh_host_ed25519_key": b"key"}
    dress(tree, persona(users=["alice:x"]), contents)
    parts = {child[0]: child for child in tree[7]}
    assert ".dockerenv" not in parts
    assert [child[0] for child in parts["home"][7]] == ["alice"]
    assert parts["proc"][7] == []
    inside = {child[0]: child for child in parts["etc"][7]}
    assert (inside["hostname"][4], inside["hostname"][7]) == (8, b"files01\n")
    assert (inside["os-release"][1], inside["os-release"][7]) == (2, b"Debian")
    assert [(child[0], child[5] & 0o777) for child in inside["ssh"][7]] == [("ssh_host_ed25519_key", 0o600)]
    add(tree, {"/etc/ssh/ssh_host_rsa_key": b"later"})
    assert [child[7] for child in inside["ssh"][7]] == [b"key", b"later"]
