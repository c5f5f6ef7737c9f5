"""The industrial controller in its container, worked on with a library that people write S7 clients with."""

import os
from collections.abc import Iterator

import pytest
import snap7
from honeypot_testing.container import HoneypotContainer
from honeypot_testing.sensor_end import SensorEnd
from honeypot_testing.waiting import wait_for
from snap7.error import S7ProtocolError
from snap7.type import Block

from sensor_wire.v1.event import EventBody

IMAGE = os.environ.get("HONEYSENS_CONPOT_IMAGE", "honeysens/service-conpot:latest")
S7 = 1102

pytestmark = pytest.mark.docker


@pytest.fixture
def plc(sensor_end: SensorEnd) -> Iterator[HoneypotContainer]:
    options = {"host_name": "PUMP-07", "protocols": ["s7"]}
    with HoneypotContainer(IMAGE, sensor_end.path.parent, memory_mb=128, options=options) as container:
        container.wait_for_port(S7)
        yield container


def test_client_reads_writes_and_stops(sensor_end: SensorEnd, plc: HoneypotContainer) -> None:
    client = snap7.Client()
    client.connect(plc.address, 0, 2, S7)
    assert client.get_cpu_info().ASName == b"PUMP-07"
    assert client.list_blocks_of_type(Block.DB, 20)[:2] == [1, 2]
    assert client.db_write(1, 40, bytearray(b"\xca\xfe")) == 0
    assert client.db_read(1, 40, 2) == b"\xca\xfe"
    with pytest.raises(S7ProtocolError, match="Incorrect password"):
        client.set_session_password("geheim")
    assert client.plc_stop() == 0
    client.disconnect()

    def told() -> dict[tuple[str, str], EventBody]:
        return {(each.kind, each.data): event for event in sensor_end.events for each in event.details}

    expected = {
        ("write", "DB1 at 40.0 bytes=2 values=cafe"): ("exploit", "high"),
        ("stop", "CPU STOP"): ("exploit", "high"),
        ("password", "geheim"): ("exploit", "high"),  # in one bundle with what is graver
    }
    wait_for(lambda: expected.keys() <= told().keys(), lambda: f"all of it; {sensor_end.events}")
    found = {detail: told()[detail] for detail in expected}
    assert {detail: (event.kind, event.severity) for detail, event in found.items()} == expected
    assert len({event.session for event in found.values()}) == 1
    (ends,) = {(event.source.ip, event.destination.ip, event.destination.port) for event in found.values()}
    assert [str(end) for end in ends] == [plc.gateway, plc.address, str(S7)]
    assert not sensor_end.problems
