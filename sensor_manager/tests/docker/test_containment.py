"""What must not run does not run."""

import shutil

import pytest
from sensor_support.builders import eventually
from sensor_support.namespaces import sh
from sensor_support.sensor_process import Sensor

pytestmark = [pytest.mark.docker, pytest.mark.netns]


def test_raw_service_is_never_started(sensor: Sensor) -> None:
    """The contract of this sensor gives nobody raw access: there is nothing that could be taken over."""
    sensor.want("pot", "raw")
    sensor.runs_at_least("pot")
    eventually(lambda: sensor.has_failed("raw"), "the refusal is reported")
    assert "raw network access" in (sensor.server.reports[-1].model_dump_json())
    assert set(sensor.containers()) == {"honeysens-pot"}


def test_no_honeypot_runs_without_netfilter(sensor: Sensor) -> None:
    sensor.want("pot")
    sensor.runs("pot")
    sensor.kill()
    sh("ip", "netns", "exec", sensor.net.sensor, "nft", "delete", "table", "inet", "honeysens")
    tools = sensor.folder / "tools"
    tools.mkdir()
    for tool in ("conntrack", "ip", "openssl", "sh"):
        (tools / tool).symlink_to(shutil.which(tool) or "")
    sensor.start(path=str(tools))
    eventually(lambda: not sensor.containers(), "the honeypot is stopped")
    eventually(lambda: sensor.has_failed("pot"), "the reason is reported")
    last = sensor.server.reports[-1]
    assert last.error is not None
    assert "nft is not installed" in last.error
    sensor.kill()
    sensor.start()
    eventually(lambda: "hello" in sensor.connect(), "with netfilter the honeypot runs again")
