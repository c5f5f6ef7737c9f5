"""Attackers come by IPv6."""

import socket
from datetime import UTC, datetime

import pytest
from sensor_support import namespaces
from sensor_support.builders import eventually, uuid7
from sensor_support.namespaces import ATTACKER6, SENSOR6, ping
from sensor_support.sensor_process import Sensor

from sensor_manager.effects.network_namespace import in_network_namespace

pytestmark = [pytest.mark.docker, pytest.mark.netns]

SO_ORIGINAL_DST = 80


def test_ipv6_attackers_reach_honeypots_and_are_told_by_their_own_address(sensor: Sensor) -> None:
    identifier = str(uuid7())
    sensor.want("pot", "sleeper", pot={"options": {"event": f"{identifier},{datetime.now(UTC).isoformat()}"}})
    sensor.runs("pot", "sleeper")
    assert f"hello {ATTACKER6} from pot" in sensor.meet(source=ATTACKER6)
    stored = eventually(lambda: sensor.server.events.get(identifier), "the event is on the server")
    assert stored["destination"] == {"ip": SENSOR6, "port": 22}
    assert stored["source"]["ip"] == ATTACKER6
    assert SENSOR6 in {str(each) for each in sensor.server.reports[-1].addresses}
    assert len(sensor.capture("sleeper")) == 3, "an older adapter asks for these"
    *_, packets, _, listener = sensor.capture("sleeper", ipv6=True)
    with listener, packets, in_network_namespace(namespaces.path(sensor.net.lan), _client6) as client:
        packets.settimeout(5)
        listener.settimeout(5)
        client.connect((SENSOR6, 4711))
        connection, peer = listener.accept()
        with connection:
            original = connection.getsockopt(socket.IPPROTO_IPV6, SO_ORIGINAL_DST, 28)
        assert (peer[0], int.from_bytes(original[2:4])) == (ATTACKER6, 4711)
        assert ping(sensor.net.lan, SENSOR6)
        while packets.recv(2000)[6:41:34] != bytes([socket.IPPROTO_ICMPV6, 128]):
            pass  # until the echo request


def _client6() -> socket.socket:
    made = socket.socket(socket.AF_INET6)
    made.settimeout(5)
    made.bind((ATTACKER6, 0))
    return made
