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
LANES = 16
EVENTS = 4800


def test_no_event_is_lost_by_an_update_or_by_its_undoing(tmp_path: Path) -> None:
    firmware = built_firmware(tmp_path)
    with next_firmware(firmware.image) as new, firmware_sensor(tmp_path, firmware, SERVICE) as sensor:
        server = sensor.server
        wanted = service(SERVICE).model_copy(update={"digest": describe_image(server, "amd64")})
        server.desired = desired(wanted, ca_chain=server.authority.chain)
        sensor.run(firmware.image)
        eventually(sensor.socket.exists, "it has enrolled and takes events")
        server.available = False
        adapters = Adapters(sensor.socket, LANES, EVENTS // LANES)
        eventually(partial(adapters.have_handed_over, EVENTS // 3), "its spool fills")
        sensor.stop()
        sensor.run(new)
        eventually(partial(adapters.have_handed_over, 2 * EVENTS // 3), "the new one takes events, without a server")
        sensor.remove()
        sensor.run(firmware.image)
        eventually(lambda: not adapters.alive(), "and so does the old one")
        assert server.events == {}, "all of them wait"
        server.available = True
        eventually(lambda: len(server.events) >= EVENTS, "all arrive")
        assert server.events.keys() == adapters.acknowledged
        assert set(server.copies.values()) == {1}
        eventually(lambda: server.reports[-1].spool.depth == 0, "nothing is left")
        report = server.reports[-1].spool
        assert (report.dropped, report.damaged, report.quarantined, report.refused) == (0, 0, 0, 0)
