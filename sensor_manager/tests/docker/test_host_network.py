"""The sensor in a machine's own network namespace, with listeners of others."""

import socket
from functools import partial
from pathlib import Path

import pytest
from sensor_support import namespaces
from sensor_support.builders import eventually
from sensor_support.engine import DOCKER
from sensor_support.namespaces import SENSOR, sh
from sensor_support.sensor_process import Sensor

from sensor_manager.effects.network_namespace import in_network_namespace

pytestmark = [pytest.mark.docker, pytest.mark.netns]

OWN_NAME = Path("/proc/self/comm").read_text().strip()
"""The listener is a socket of the test's own process."""


def test_port_of_the_machines_own_is_refused_with_both_names_before_anything_is_changed(sensor: Sensor) -> None:
    sensor.kill()
    machine = namespaces.path(sensor.net.sensor)
    with (
        in_network_namespace(machine, partial(socket.create_server, ("127.0.0.1", 23))),
        in_network_namespace(machine, partial(socket.create_server, (SENSOR, 22))) as sshd,
    ):
        sensor.start("--host-network")
        sensor.want("pot", "second", second={"ports": {"2222/tcp": 23}})
        sensor.runs_at_least("second")
        eventually(
            lambda: "from second" in sensor.connect(port=23), "what listens on the loopback address is no matter"
        )
        eventually(lambda: sensor.has_failed("pot"), "the refusal is reported")
        report = sensor.report("pot")
        assert report is not None
        assert report.error == (
            f"{OWN_NAME} of the machine itself ({SENSOR}) listens on tcp port 22; "
            "change the ports of pot, or that program's"
        )
        assert set(sensor.containers()) == {"honeysens-second"}
        assert "honeysens-pot" not in sh(DOCKER, "-H", sensor.docker, "network", "ls")
        sshd.close()
        eventually(lambda: "from pot" in sensor.connect(), "the port is free")
