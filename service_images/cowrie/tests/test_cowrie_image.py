"""cowrie in its container, attacked with a real SSH client."""

import base64
import hashlib
import json
import os
import re
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from honeypot_testing.container import HoneypotContainer
from honeypot_testing.sensor_end import SensorEnd
from honeypot_testing.waiting import wait_for

from sensor_wire.v1.event import EventBody

IMAGE = os.environ.get("HONEYSENS_COWRIE_IMAGE", "honeysens/service-cowrie:latest")

pytestmark = pytest.mark.docker


@pytest.fixture
def cowrie(sensor_end: SensorEnd) -> Iterator[HoneypotContainer]:
    with HoneypotContainer(IMAGE, sensor_end.path.parent, options={"users": ["root:*"]}) as container:
        container.wait_for_port(2222)
        yield container


def ssh(cowrie: HoneypotContainer, user: str, password: str, command: str = "") -> subprocess.CompletedProcess[str]:
    options = [
        "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null",
        "LogLevel=ERROR",
        "NumberOfPasswordPrompts=1",
    ]
    options += ["PubkeyAuthentication=no", "ConnectTimeout=60"]
    flags = [part for option in options for part in ("-o", option)]
    client = ["ssh", *flags, "-p", "2222", f"{user}@{cowrie.address}", command]
    return subprocess.run(
        ["sshpass", "-e", *client],
        env={**os.environ, "SSHPASS": password},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_ipv6_client_is_told_by_its_own_address(sensor_end: SensorEnd, cowrie: HoneypotContainer) -> None:
    with socket.create_connection((cowrie.address6, 2222), 20) as client:
        own = client.getsockname()
        assert client.recv(100).startswith(b"SSH-2.0-")
    wait_for(lambda: str(own[0]) in {str(event.source.ip) for event in sensor_end.events}, "the event")
    event = next(event for event in sensor_end.events if str(event.source.ip) == own[0])
    assert (event.source.port, str(event.destination.ip)) == (own[1], cowrie.address6)


def details(events: list[EventBody], kind: str) -> list[str]:
    return [detail.data for event in events for detail in event.details if detail.kind == kind]


def sessions(events: list[EventBody]) -> dict[str, list[EventBody]]:
    """Group what has a login; the probes for the open port have none."""
    grouped: dict[str, list[EventBody]] = {}
    for event in events:
        grouped.setdefault(event.session, []).append(event)
    return {key: value for key, value in grouped.items() if details(value, "password")}


def closed(sensor: SensorEnd, count: int = 1) -> bool:
    return sum(bool(details(events, "closed")) for events in sessions(sensor.events).values()) >= count


@pytest.mark.emulated
def test_login_with_commands_is_one_session(sensor_end: SensorEnd, cowrie: HoneypotContainer) -> None:
    done = ssh(cowrie, "root", "Winter2026", "uname -a; id")
    assert "Linux files01" in done.stdout, done
    wait_for(lambda: closed(sensor_end), lambda: f"the session to end; {sensor_end.events}")
    assert not sensor_end.problems
    (events,) = sessions(sensor_end.events).values()
    first = events[0]
    assert (first.kind, first.severity) == ("connection", "low")
    assert str(first.source.ip) == cowrie.gateway
    assert (str(first.destination.ip), first.destination.port) == (cowrie.address, 2222)
    assert [details(events, kind) for kind in ("username", "password", "login")] == [
        ["root"],
        ["Winter2026"],
        ["accepted"],
    ]
    assert details(events, "command") == ["uname -a; id"]
    assert max(event.severity for event in events if event.kind == "login") == "high"


@pytest.mark.parametrize("way", ["scp", "sftp", "cat"])
def test_uploaded_file_is_kept_with_its_hash(
    sensor_end: SensorEnd, cowrie: HoneypotContainer, tmp_path: Path, way: str
) -> None:
    sent = tmp_path / "x.bin"
    sent.write_bytes(b"\x7fELF\x00\xff" + bytes(range(256)) * 40)
    options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "PubkeyAuthentication=no", "LogLevel=ERROR"]
    flags = [part for option in options for part in ("-o", option)]
    place = f"root@{cowrie.address}"
    command, said = {
        "scp": (["scp", "-O", "-P", "2222", *flags, str(sent), f"{place}:/tmp/x.bin"], b""),
        "sftp": (["sftp", "-P", "2222", *flags, place], f"put {sent} /tmp/x.bin\nbye\n".encode()),
        "cat": (["ssh", "-p", "2222", *flags, place, "cat > /tmp/x.bin"], sent.read_bytes()),
    }[way]
    begun = datetime.now(UTC)
    done = subprocess.run(
        ["sshpass", "-e", *command],
        input=said,
        env={**os.environ, "SSHPASS": "Winter2026"},
        capture_output=True,
        timeout=120,
        check=False,
    )
    wait_for(lambda: closed(sensor_end), lambda: f"the session's end; {done} {sensor_end.events}")
    files = [json.loads(text) for text in details(sensor_end.events, "file")]
    assert hashlib.sha256(sent.read_bytes()).hexdigest() in {file["sha256"] for file in files}, (files, done)
    (event,) = (event for event in sensor_end.events if details([event], "file"))
    assert (event.kind, event.severity, event.truncated) == ("file", "high", True)
    assert sent.read_bytes()[:4096] in [base64.b64decode(packet.payload) for packet in event.packets]
    assert begun <= event.time <= datetime.now(UTC)
    assert not sensor_end.problems


def test_first_event_comes_at_the_connection(sensor_end: SensorEnd, cowrie: HoneypotContainer) -> None:
    with socket.create_connection((cowrie.address, 2222)) as connection:
        port = connection.getsockname()[1]
        wait_for(
            lambda: any(event.source.port == port for event in sensor_end.events),
            "an event while the client is silent",
        )


def test_refused_login_keeps_the_credentials(sensor_end: SensorEnd, cowrie: HoneypotContainer) -> None:
    assert ssh(cowrie, "nobody", "pass\x01\u00e9").returncode != 0
    wait_for(lambda: closed(sensor_end), "the session to end")
    (events,) = sessions(sensor_end.events).values()
    assert (details(events, "username"), details(events, "login")) == (["nobody"], ["refused"])
    assert details(events, "password") == [r"pass\x01\xc3\xa9"]  # cowrie's own way to write what is not printable


def test_flood_of_logins_keeps_each_session(sensor_end: SensorEnd, cowrie: HoneypotContainer) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: ssh(cowrie, "root", f"password-{number}", "exit"), range(200)))
    wait_for(lambda: closed(sensor_end, 200), lambda: f"200 sessions; {len(sessions(sensor_end.events))}")
    assert not sensor_end.problems
    grouped = sessions(sensor_end.events)
    passwords = sorted(data for events in grouped.values() for data in details(events, "password"))
    assert passwords == sorted(f"password-{number}" for number in range(200))
    assert len({event.id for event in sensor_end.events}) == len(sensor_end.events)


def test_sensor_that_goes_and_returns_gets_all_once(sensor_end: SensorEnd, cowrie: HoneypotContainer) -> None:
    def restart() -> None:
        sensor_end.stop()
        sensor_end.start()
        sensor_end.lose_answers = 3

    with ThreadPoolExecutor(4) as pool:
        attacks = [pool.submit(ssh, cowrie, "root", f"password-{number}", "exit") for number in range(20)]
        attacks[8].result()
        restart()
        for attack in attacks:
            attack.result()
    wait_for(lambda: closed(sensor_end, 20), lambda: f"20 sessions; {len(sessions(sensor_end.events))}")
    unique = {event.id: event for event in sensor_end.events}
    assert len(unique) < len(sensor_end.events), "no answer was lost: the test tried nothing"
    logins = details(list(unique.values()), "password")
    assert sorted(logins) == sorted(f"password-{number}" for number in range(20))


def test_crashed_adapter_goes_on_where_it_was(sensor_end: SensorEnd, cowrie: HoneypotContainer) -> None:
    ssh(cowrie, "root", "before", "exit")
    kill = """
import os, pathlib
for process in pathlib.Path('/proc').glob('[0-9]*'):
    if (process / 'cmdline').read_bytes().endswith(b'\\0cowrie_adapter\\0'):
        os.kill(int(process.name), 9)
        print(process)
"""
    assert cowrie.execute("python", "-c", kill)
    ssh(cowrie, "root", "after", "exit")
    wait_for(lambda: closed(sensor_end, 2), "both sessions")
    unique = {event.id: event for event in sensor_end.events}
    logins = details(list(unique.values()), "password")
    assert sorted(logins) == ["after", "before"]


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("wget http://example.org/x.sh", "Temporary failure in name resolution"),
        ("wget http://198.51.100.7/x.sh", "failed|unable|refused|unreachable"),
        ("wget http://8.8.8.8/x.sh", "failed|unable|refused|unreachable"),
        ("curl http://8.8.8.8/x.sh", "curl:"),
        ("curl http://example.org/x.sh", "Could not resolve host"),
        ("tftp -g -r x 8.8.8.8", ""),
        ("nc 8.8.8.8 80", ""),
        ("ping -c 1 example.org", ""),
    ],
)
def test_no_way_out_and_quickly(cowrie: HoneypotContainer, command: str, answer: str) -> None:
    done = ssh(cowrie, "root", "x", f"{command}; echo done")
    assert "done" in done.stdout
    assert re.search(answer, done.stdout + done.stderr), done
    assert cowrie.went_out() == {}, "it has tried to reach somebody"


def test_stop_hands_over_the_rest(sensor_end: SensorEnd, cowrie: HoneypotContainer) -> None:
    with ThreadPoolExecutor(1) as pool:
        attack = pool.submit(ssh, cowrie, "root", "x", "sleep 60")
        wait_for(lambda: details(sensor_end.events, "login"), "the login")
        assert cowrie.stop() == 0
        attack.result()
    assert details(sensor_end.events, "command") == ["sleep 60"]
