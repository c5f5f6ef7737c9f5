"""More connections at a time than cowrie takes: none is lost without a word, and it goes on."""

import os
import re
import selectors
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest
from honeypot_testing.container import HoneypotContainer
from honeypot_testing.sensor_end import SensorEnd
from honeypot_testing.waiting import PATIENCE

IMAGE = os.environ.get("HONEYSENS_COWRIE_IMAGE", "honeysens/service-cowrie:latest")
SSH, TELNET = 2222, 2223

pytestmark = pytest.mark.docker


@pytest.fixture
def cowrie(sensor_end: SensorEnd) -> Iterator[HoneypotContainer]:
    with HoneypotContainer(IMAGE, sensor_end.path.parent, options={"users": ["root:*"]}) as container:
        for port in (SSH, TELNET):
            container.wait_for_port(port)
        yield container


def first_words(address: tuple[str, int], connections: int) -> Counter[bytes]:
    """Connect so many times at once, stay, and count what each is told first; nothing where it is just closed."""
    words: Counter[bytes] = Counter()
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        for _ in range(connections):
            connection = stack.enter_context(socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET))
            connection.settimeout(0)
            connection.connect_ex(address)
            selector.register(connection, selectors.EVENT_READ, connection)
        while selector.get_map():
            ready = selector.select(PATIENCE)
            assert ready, f"{len(selector.get_map())} of {connections} connections got no answer; {words}"
            for key, _ in ready:
                selector.unregister(key.data)
                words[first_word(key.data)] += 1
    return words


def first_word(connection: socket.socket) -> bytes:
    try:
        return connection.recv(100)
    except ConnectionError:
        return b""


def told(sensor: SensorEnd, port: int) -> int:
    """How many connections to a port the events account for."""
    events = [event for event in sensor.events if event.destination.port == port]
    entries = [f"{detail.kind}: {detail.data}" for event in events for detail in event.details]
    alone = sum(entry.startswith("connection: ") for entry in entries)
    return alone + sum(int(found[1]) for found in map(re.compile(r"repeated: (\d+) more").match, entries) if found)


def test_800_connections_at_once_are_answered_or_turned_away_and_all_told(
    sensor_end: SensorEnd, cowrie: HoneypotContainer
) -> None:
    words = first_words((cowrie.address, SSH), 800)
    served = sum(count for word, count in words.items() if word.startswith(b"SSH-2.0-"))
    assert served >= 100
    assert words[b"Exceeded MaxStartups\r\n"] + words[b""] == 800 - served > 0
    with socket.create_connection((cowrie.address, SSH), PATIENCE) as later:
        assert later.recv(100).startswith(b"SSH-2.0-")
    assert cowrie.stop() == 0
    assert not sensor_end.problems
    assert told(sensor_end, SSH) == 800 + 1 + 1, "these, the later one, and that of the wait for the port"


def test_one_source_leaves_room_for_another_by_both_protocols(sensor_end: SensorEnd, cowrie: HoneypotContainer) -> None:
    with ExitStack() as stack:
        for port in (SSH, TELNET):
            for _ in range(110):
                stack.enter_context(socket.create_connection((cowrie.address, port), PATIENCE))
        for port, greeting in ((SSH, b"SSH-2.0-"), (TELNET, b"\xff\xfd")):
            with socket.create_connection((cowrie.address6, port), PATIENCE) as other:
                assert other.recv(100).startswith(greeting)
    assert cowrie.stop() == 0
    assert "Traceback" not in cowrie.logs()
    assert [told(sensor_end, port) for port in (SSH, TELNET)] == [110 + 1 + 1] * 2
    crowds = [event for event in sensor_end.events if event.session.startswith("crowd-")]
    assert {str(event.source.ip) for event in crowds} == {cowrie.gateway}
    assert {event.destination.port for event in crowds} == {SSH, TELNET}


@contextmanager
def writing_session(cowrie: HoneypotContainer, number: int) -> Iterator[None]:
    """A client that has written and read a file, and stays."""
    options = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "PubkeyAuthentication=no")
    flags = [part for option in (*options, "ConnectTimeout=60") for part in ("-o", option)]
    words = f"echo word-{number} > /tmp/own; cat /tmp/own; ls /tmp; sleep 600"
    command = ["sshpass", "-p", "x", "ssh", *flags, "-p", str(SSH), f"root@{cowrie.address}", words]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as client:
        try:
            assert client.stdout is not None
            lines = [client.stdout.readline().strip() for _ in range(2)]
            assert lines == [f"word-{number}", "own"], cowrie.logs()[-500:]
            yield
        finally:
            client.kill()


def test_sessions_that_write_share_what_they_do_not_change(cowrie: HoneypotContainer) -> None:
    """A copy of all for each of so many would be more than the container may have."""
    with ExitStack() as stack, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: stack.enter_context(writing_session(cowrie, number)), range(60)))
        assert cowrie.running
