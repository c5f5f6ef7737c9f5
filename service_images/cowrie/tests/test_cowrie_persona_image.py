"""What cowrie in its container shows of itself, looked at with real clients: nothing that other cowries show."""

import base64
import hashlib
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from honeypot_testing.container import HoneypotContainer
from honeypot_testing.sensor_end import SensorEnd
from honeypot_testing.waiting import PATIENCE, wait_for

from sensor_wire.v1.event import EventBody

IMAGE = os.environ.get("HONEYSENS_COWRIE_IMAGE", "honeysens/service-cowrie:latest")
WEAK = "admin123"
IDENTITIES = (bytes(range(32)).hex(), bytes(32).hex())

pytestmark = pytest.mark.docker


@contextmanager
def cowrie(sensor_end: SensorEnd, identity: str = IDENTITIES[0], **options: Any) -> Iterator[HoneypotContainer]:
    folder = sensor_end.path.parent
    (folder / "identity").write_text(identity)
    with HoneypotContainer(IMAGE, folder, options=options) as container:
        for port in (2222, 2223) if options.get("telnet", True) else (2222,):
            container.wait_for_port(port)
        yield container


def ssh(cowrie: HoneypotContainer, command: str, password: str = WEAK, *more: str) -> subprocess.CompletedProcess[str]:
    options = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "ConnectTimeout=60")
    flags = [part for option in (*more, *options, "PubkeyAuthentication=no") for part in ("-o", option)]
    return subprocess.run(
        ["sshpass", "-e", "ssh", *flags, "-p", "2222", f"root@{cowrie.address}", command],
        env={**os.environ, "SSHPASS": password},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def host_keys(cowrie: HoneypotContainer) -> dict[str, set[str]]:
    """By the address's version: kind and key, as OpenSSH's own tool finds them; the one for RSA may be a while off."""
    wait_for(lambda: "ssh-rsa" in keyscan(cowrie.address, "rsa"), "the host key for RSA")
    found = {}
    for address in (cowrie.address, cowrie.address6):
        lines = keyscan(address, "ed25519,ecdsa,rsa").splitlines()
        found["6" if ":" in address else "4"] = {line.split(" ", 1)[1] for line in lines}
    return found


def keyscan(address: str, kinds: str) -> str:
    scan = ["ssh-keyscan", "-T", "60", "-p", "2222", "-t", kinds, address]
    return subprocess.run(scan, capture_output=True, text=True, timeout=PATIENCE, check=False).stdout


def test_host_keys_are_the_identitys(sensor_end: SensorEnd) -> None:
    shown = []
    for identity in (IDENTITIES[0], IDENTITIES[0], IDENTITIES[1]):
        with cowrie(sensor_end, identity) as container:
            keys = host_keys(container)
            assert keys["4"] == keys["6"]
            assert {key.split()[0] for key in keys["4"]} == {"ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"}
            shown.append(keys["4"])
    assert shown[0] == shown[1], "a new container has the keys of the old one"
    assert not shown[0] & shown[2], "another sensor has others"


RSA_OF_FIRST = "b52e1718001df70ecdc897a7d083352091b58f4d74b85cb2dc9b3e4e82469334"
"""What the first identity leads to. If a newer library searches otherwise, sensors show another key than before."""


def test_host_key_for_rsa_is_the_known_one_and_used_as_openssh_does(sensor_end: SensorEnd) -> None:
    with cowrie(sensor_end) as container:
        (key,) = (each for each in host_keys(container)["4"] if each.startswith("ssh-rsa "))
        fingerprint = hashlib.sha256(base64.b64decode(key.split()[1])).hexdigest()
        assert fingerprint == RSA_OF_FIRST
        for algorithm in ("rsa-sha2-512", "rsa-sha2-256"):
            shown = ssh(container, "cat /etc/ssh/ssh_host_rsa_key.pub", WEAK, f"HostKeyAlgorithms={algorithm}")
            assert shown.stdout == f"{key} root@files01\n", shown
        refused = ssh(container, "id", WEAK, "HostKeyAlgorithms=ssh-rsa", "LogLevel=INFO")
        assert "no matching host key type found. Their offer: rsa-sha2-512,rsa-sha2-256,ecdsa" in refused.stderr


KNOWN = {
    "hostname": "svr04|nas3",
    "uname -a": r"svr04|3\.2\.0-4|6\.1\.0-21-amd64",
    "cat /etc/hostname": "svr04",
    "cat /etc/hosts": "nas3",
    "cat /etc/passwd": "phil|richard|libuuid|gnats",
    "cat /etc/group": "phil|vboxsf",
    "cat /etc/shadow": r"4aOmWdpJ|ErqInBoz|15800",
    "cat /etc/resolv.conf": r"8\.8\.",
    "cat /etc/debian_version": r"^12\.5",
    "cat /etc/os-release": "ELF",
    "cat /etc/fstab": "ELF",
    "cat /etc/ssh/ssh_host_ed25519_key.pub": "ELF",
    "cat /root/.bashrc": "ELF",
    "ls -a /home": "phil",
    "ls -a /": "dockerenv",
    "ls /proc": "docker",
    "cat /proc/version": r"6\.1\.0-21-amd64|2024-05-03",
    "cat /proc/cpuinfo": "E5-2680",
    "lscpu": "E5-2680",
    "cat /proc/meminfo": "4054744",
    "cat /proc/modules": "br_netfilter|nft_chain_nat",
    "free": "4054744",
    "df": "65626fdc|rootfs",
    "mount": "ext3|/lib/init/rw",
    "dmesg": r"2\.6\.26|lenny|2009",
    "ps aux": "Jul22|VBoxService|ejabberd",
    "uptime": r"up (0 min|1 min)|0\.00, 0\.00, 0\.00",
    "w": r"0\.00, 0\.00, 0\.00|::ffff",
    "last": "::ffff",
    "netstat -an": "upstart|acpid|::ffff",
    "ssh 10.9.8.7": r"9d:30:97|2\.6\.26|authenticity",
    "busybox": r"1\.20",
    "perl -v": r"5\.14",
    "help": r"4\.2\.37",
    "lspci": "AMD|NVIDIA",
    "gcc --version": "Free Software Foundation",
    "ethtool eth0": "Link detected",
    "yum": "plugins",
    "getconf LONG_BIT": "^32",
}
"""Commands, and what cowrie's own answers have that scanners know."""

EXPECTED = {
    "hostname": "^backup7$",
    "uname -a": r"^Linux backup7 6\.1\.0-37-amd64 ",
    "cat /etc/hosts": r"backup7\.plant\.example",
    "cat /proc/version": r"6\.1\.0-37-amd64",
    "cat /etc/ssh/ssh_host_ed25519_key.pub": "^ssh-ed25519 .* root@backup7$",
    "cat /etc/passwd": "alice:x:1000:1000:",
    "ls -a /home": "alice",
    "cat /etc/os-release": "bookworm",
    "ifconfig": "HWaddr 00:1b:1b:",
    "ps aux": r"sshd: root@pts/0[\s\S]*ps aux",
    "ssh 10.9.8.7": "No route to host",
    "busybox": r"1\.35",
    "last": r"wtmp begins",
    "getconf LONG_BIT": "^64",
    "lspci": "command not found",
}


def test_no_default_that_scanners_know_survives(sensor_end: SensorEnd) -> None:
    chosen: dict[str, Any] = {
        "host_name": "backup7",
        "domain": "plant.example",
        "mac_vendor": "Siemens",
        "users": ["root:x", "alice:y"],
    }
    with cowrie(sensor_end, **chosen) as container:
        commands = sorted({*KNOWN, *EXPECTED})
        halves = [commands[::2], commands[1::2]]
        answers: dict[str, str] = {}
        for half in halves:
            done = ssh(container, "; ".join(f"{each}; echo =====" for each in half), "x")
            parts = (done.stdout + "\n").split("=====\n")
            assert len(parts) == len(half) + 1, done
            answers |= dict(zip(half, parts, strict=False))
            errors = done.stderr
            answers |= {each: answers[each] + errors for each in half if each.split()[0] in {"ssh", "lspci", "busybox"}}
    found = {each: re.search(KNOWN[each], answers[each], re.MULTILINE) for each in KNOWN}
    assert {each: match.group() for each, match in found.items() if match} == {}
    missing = {each: answers[each] for each in EXPECTED if not re.search(EXPECTED[each], answers[each], re.MULTILINE)}
    assert missing == {}


def test_only_who_is_named_gets_in(sensor_end: SensorEnd) -> None:
    with cowrie(sensor_end, users=["root:!secret", "root:/^.*$/"]) as container:
        assert ssh(container, "id", "!secret").stdout.startswith("uid=0(root)")
        assert ssh(container, "id", "/^.*$/").stdout.startswith("uid=0(root)")
        for password in ("secret", "anything", "root"):
            assert ssh(container, "id", password).stdout == "", password


def test_an_appliance_names_itself_and_telnet_can_be_off(sensor_end: SensorEnd) -> None:
    chosen: dict[str, Any] = {
        "os_family": "appliance",
        "telnet": False,
        "motd": ["Authorised staff only"],
        "ssh_banner": "SSH-2.0-Nas_1",
    }
    with cowrie(sensor_end, **chosen) as container:
        done = ssh(container, "cat /etc/issue; uname -r; cat /etc/motd; df | tail -1")
        assert "openmediavault" in done.stdout
        assert "6.1.0-35-amd64" in done.stdout
        assert "Authorised staff only" in done.stdout
        with socket.create_connection((container.address, 2222), PATIENCE) as client:
            assert client.recv(100) == b"SSH-2.0-Nas_1\r\n"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((container.address, 2223), PATIENCE)


def test_nmap_names_what_the_persona_claims(sensor_end: SensorEnd) -> None:
    with cowrie(sensor_end) as container:
        command = ["nmap", "-Pn", "-n", "-sV", "-p", "2222,2223", container.address]
        seen = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
    assert re.search(r"2222/tcp open +ssh +OpenSSH 9.2p1 Debian 2\+deb12u6", seen), seen
    assert re.search(r"2223/tcp open +telnet +Linux telnetd", seen), seen


class Telnet:
    """Debian's `telnet`, as somebody at a keyboard uses it."""

    def __init__(self, address: str) -> None:
        command = ["telnet", address, "2223"]
        self._client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        assert self._client.stdout is not None
        os.set_blocking(self._client.stdout.fileno(), False)

    def expect(self, words: str) -> str:
        """Read until these words have come."""
        assert self._client.stdout is not None
        text, deadline = "", time.monotonic() + PATIENCE
        while words not in text:
            assert time.monotonic() < deadline, f"waited for {words!r}; came {text!r}"
            text += (self._client.stdout.read() or b"").decode(errors="replace")
            time.sleep(0.02)
        return text

    def type(self, line: str) -> None:
        assert self._client.stdin is not None
        self._client.stdin.write(line.encode() + b"\n")

    def close(self) -> None:
        self._client.kill()
        self._client.wait()


def details(events: list[EventBody], kind: str) -> list[str]:
    return [detail.data for event in events for detail in event.details if detail.kind == kind]


def of_session(sensor: SensorEnd, password: str) -> list[EventBody]:
    known = {event.session for event in sensor.events if password in details([event], "password")}
    return [event for event in sensor.events if event.session in known]


def ended(sensor: SensorEnd, password: str) -> bool:
    return bool(details(of_session(sensor, password), "closed"))


def test_telnet_is_told_as_such_by_both_versions_of_ip(sensor_end: SensorEnd) -> None:
    with cowrie(sensor_end, host_name="plc3", users=["admin:first4", "admin:first6"]) as container:
        for version, address in (("4", container.address), ("6", container.address6)):
            client = Telnet(address)
            greeting = client.expect("plc3 login: ")
            assert "Debian GNU/Linux 12" in greeting
            client.type("admin")
            client.expect("Password: ")
            client.type("wrong")
            client.expect("Login incorrect")
            client.type("admin")
            client.expect("Password: ")
            client.type(f"first{version}")
            client.expect("admin@plc3:~$ ")
            client.type("uname -r; id")
            assert "6.1.0-37-amd64" in client.expect("(admin)")
            client.type("exit")
            wait_for(partial(ended, sensor_end, f"first{version}"), "the session's end")
            client.close()
            events = of_session(sensor_end, f"first{version}")
            assert details(events, "login") == ["refused", "accepted"]
            assert details(events, "password") == ["wrong", f"first{version}"]
            assert "uname -r; id" in details(events, "command")
            assert {(str(event.destination.ip), event.destination.port) for event in events} == {(address, 2223)}
            (source,) = {str(event.source.ip) for event in events}
            assert source == container.gateway if version == "4" else ":" in source
            summaries = " ".join(event.summary for event in events)
            assert "Telnet" in summaries
            assert "SSH" not in summaries
    assert not sensor_end.problems


def test_telnet_client_that_answers_no_option_is_asked_to_log_in(sensor_end: SensorEnd) -> None:
    with cowrie(sensor_end, host_name="plc3") as container, socket.create_connection((container.address, 2223)) as bot:
        told = b""
        while not told.endswith(b"plc3 login: "):
            told += (came := bot.recv(1000))
            assert came, told
        assert told.startswith(b"\xff\xfd\x18\xff\xfd \xff\xfd#\xff\xfd'"), (
            "these four are asked for by Linux's telnetd"
        )
        bot.sendall(b"root\r\nsecret\r\n")
        wait_for(lambda: of_session(sensor_end, "secret"), "the login")


def test_telnet_client_tells_its_environment(sensor_end: SensorEnd) -> None:
    """Some daemons let a user in who is called `-f root`: that is told as what it is."""
    with cowrie(sensor_end, host_name="plc3") as container:
        command = ["telnet", "-l", "-f root", container.address, "2223"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
            wait_for(lambda: "CVE-2026-24061" in str(details(sensor_end.events, "exploit")), "the exploit")
            client.kill()


def test_without_an_identity_it_works_all_the_same(sensor_end: SensorEnd) -> None:
    folder: Path = sensor_end.path.parent
    with HoneypotContainer(IMAGE, folder) as container:
        container.wait_for_port(2222)
        assert host_keys(container)["4"]
        assert "there is no identity" in container.logs()
