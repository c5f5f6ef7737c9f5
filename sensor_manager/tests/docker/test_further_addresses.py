"""Services without an address of their own, at a sensor of several."""

import json
import socket
from contextlib import ExitStack
from functools import partial

import pytest
from sensor_support import namespaces
from sensor_support.builders import eventually
from sensor_support.namespaces import ATTACKER, ATTACKER6, SENSOR, sh
from sensor_support.sensor_process import Sensor

from sensor_manager.effects.network_namespace import in_network_namespace
from sensor_manager.plan.stand_ins import STAND_INS
from sensor_wire.v1.event import Endpoint, Protocol
from sensor_wire.v1.network import Network

pytestmark = [pytest.mark.docker, pytest.mark.netns]

SO_ORIGINAL_DST = 80
SECOND, SECOND6 = "198.51.100.3", "2001:db8::3"
FURTHER = Network.model_validate(
    {"mode": "static", "address": SENSOR, "prefix": 24, "additional": [f"{SECOND}/24", f"{SECOND6}/64"]}
)


def test_events_of_the_catch_all_name_the_address_that_was_meant_also_after_its_restart(sensor: Sensor) -> None:
    sensor.network = FURTHER
    sensor.want("sleeper")
    sensor.runs("sleeper")
    for target, source in ((SECOND, ATTACKER), (SECOND6, ATTACKER6), (SENSOR, ATTACKER)):
        eventually(partial(_is_told, sensor, target, source), f"{target} is told")
    sh("ip", "-n", sensor.net.sensor, "route", "del", str(STAND_INS))
    eventually(lambda: (put_right := sensor.server.reports[-1].netfilter) and put_right.repairs, "it is reported")
    assert _is_told(sensor, SECOND, ATTACKER), "its way is there again"
    sensor.engine.restart()
    eventually(lambda: sensor.restarts("sleeper"), "it is started again")
    eventually(partial(_is_told, sensor, SECOND, ATTACKER), "it is told as before")


def test_events_of_a_mapped_service_name_address_and_port_that_were_meant(sensor: Sensor) -> None:
    sensor.network = FURTHER
    ranged = {"protocol": "udp", "first": 5060, "last": 5080, "container_port": 5060}
    everywhere = {"ports": {"5353/udp": 53}, "port_ranges": [ranged]}
    sensor.want("writer", writer=everywhere)
    sensor.runs("writer")
    cases = [(SECOND, ATTACKER, 53, 5353), (SECOND6, ATTACKER6, 53, 5353), (SENSOR, ATTACKER, 5070, 5060)]
    for target, source, port, seen in cases:
        eventually(partial(_is_told_of_datagram, sensor, (target, port), source, seen), f"{target} is told")


def _is_told_of_datagram(sensor: Sensor, target: tuple[str, int], source: str, seen: int) -> bool:
    """Send a datagram as an attacker, and tell it as an adapter would that sees the honeypot's end alone."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    with in_network_namespace(
        namespaces.path(sensor.net.lan), lambda: socket.socket(family, socket.SOCK_DGRAM)
    ) as client:
        client.bind((source, 0))
        client.sendto(b"?", target)
        source_port = client.getsockname()[1]
    ends = {"source": Endpoint(ip=source, port=source_port), "destination": Endpoint(ip="0.0.0.0", port=seen)}
    answer = sensor.submit("writer", protocol=Protocol.UDP, **ends)
    stored = eventually(lambda: sensor.server.events.get(json.loads(answer)["id"]), "the event is on the server")
    return (stored["destination"]["ip"], stored["destination"]["port"]) == target


def _is_told(sensor: Sensor, target: str, source: str) -> bool:
    return _told(sensor, target, source) == target


def _told(sensor: Sensor, target: str, source: str) -> str | None:
    """Connect as an attacker, tell the contact as the adapter would; returns the event's destination on the server."""
    six = ":" in target
    with ExitStack() as stack:
        captured = [
            stack.enter_context(each) for each in eventually(lambda: sensor.capture("sleeper", ipv6=True), "six")
        ]
        listener = captured[5 if six else 2]
        listener.settimeout(5)
        try:
            client = in_network_namespace(
                namespaces.path(sensor.net.lan), lambda: socket.create_connection((target, 4711), 5, (source, 0))
            )
            stack.enter_context(client)
            connection, _ = listener.accept()
        except OSError:
            return None  # the way is not open yet
        level, size = (socket.IPPROTO_IPV6, 28) if six else (socket.SOL_IP, 16)
        original = stack.enter_context(connection).getsockopt(level, SO_ORIGINAL_DST, size)
    seen = socket.inet_ntop(listener.family if six else socket.AF_INET, original[8:24] if six else original[4:8])
    ends = {"source": Endpoint(ip=source, port=40000), "destination": Endpoint(ip=seen, port=4711)}
    identifier = json.loads(sensor.submit("sleeper", **ends))["id"]
    stored = eventually(lambda: sensor.server.events.get(identifier), "the event is on the server")
    return str(stored["destination"]["ip"])
