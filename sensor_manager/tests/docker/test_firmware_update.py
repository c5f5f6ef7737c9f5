"""The Docker sensor's container is replaced by one of new firmware, and back, while its spool is full of events."""

from functools import partial
from pathlib import Path

import pytest
from sensor_support.adapters import Adapters
from sensor_support.builders import desired, eventually, service
from sensor_support.firmware import built_firmware, firmware_sensor, next_firmware
from sensor_support.images import describe_image

pytestmark = pytest.mark.docker
SERVICE = "cowrie"
LANES = 8
WAVE = 800
"""Events that come around each change; together no more connections at a time than a service may have."""


def test_no_event_is_lost_by_an_update_or_by_its_undoing(tmp_path: Path) -> None:
    firmware = built_firmware(tmp_path)
    with next_firmware(firmware.image) as new, firmware_sensor(tmp_path, firmware, SERVICE) as sensor:
        server = sensor.server
        wanted = service(SERVICE).model_copy(update={"digest": describe_image(server, "amd64")})
        server.desired = desired(wanted, ca_chain=server.authority.chain)
        sensor.run(firmware.image)
        eventually(sensor.socket.exists, "it has enrolled and takes events")
        server.available = False
        waves = [Adapters(sensor.socket, LANES, WAVE // LANES)]
        eventually(partial(waves[0].have_handed_over, WAVE // 2), "its spool fills")
        for end, image in ((sensor.stop, new), (sensor.remove, firmware.image)):
            end()
            sensor.run(image)
            waves.append(Adapters(sensor.socket, LANES, WAVE // LANES, first=len(waves) * LANES))
            eventually(partial(waves[-1].have_handed_over, WAVE // 2), "it takes events, without a server")
        eventually(lambda: not any(wave.alive() for wave in waves), "all events are acknowledged")
        assert server.events == {}, "all of them wait"
        server.available = True
        eventually(lambda: len(server.events) >= WAVE * len(waves), "all arrive")
        assert server.events.keys() == set[str]().union(*(wave.acknowledged for wave in waves))
        assert set(server.copies.values()) == {1}
        eventually(lambda: server.reports[-1].spool.depth == 0, "nothing is left")
        report = server.reports[-1].spool
        assert (report.dropped, report.damaged, report.quarantined, report.refused) == (0, 0, 0, 0)
