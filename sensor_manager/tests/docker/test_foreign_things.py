"""Containers, networks, images and volumes of others in the same engine go on through all that happens to ours."""

import json
from collections.abc import Iterator

import pytest
from sensor_support import engine
from sensor_support.builders import eventually
from sensor_support.engine import DOCKER
from sensor_support.namespaces import sh
from sensor_support.sensor_process import Sensor

pytestmark = [pytest.mark.docker, pytest.mark.netns]

TAG = "foreign.example/test/base:1"
FOREIGN = {
    "honeysens-old": [],
    "hs-pot0": ["--label", "io.honeysens.contract=x", "--label", "io.honeysens.image=x"],
    "pot": ["--label", "io.honeysens=service", "--label", "io.honeysens.firmware=1"],
    "kept": ["--label", "example.service=pot", "--volume", "kept:/kept"],
}
"""Named or labelled like ours, but none of them by the one label that counts."""


@pytest.fixture
def foreign(sensor: Sensor) -> Iterator[str]:
    """Things of others; what is yielded is all that the engine says of them."""

    def docker(*arguments: str) -> str:
        return sh(DOCKER, "-H", sensor.docker, *arguments)

    docker("tag", engine.BASE, TAG)
    docker("network", "create", "--label", "io.honeysens.contract=x", "--subnet", "10.77.0.0/24", "honeysens-lan")
    for name, labels in FOREIGN.items():
        docker("run", "-d", "--network", "honeysens-lan", "--name", name, *labels, engine.BASE, "sleep", "infinity")
    docker("create", "--network", "none", "--name", "honeysens-pot0", engine.BASE, "true")
    yield _of_others(sensor)
    for name in (*FOREIGN, "honeysens-pot0"):
        docker("rm", "-fv", name)
    docker("rmi", TAG)
    docker("volume", "rm", "kept")


def _of_others(sensor: Sensor) -> str:
    def inspected(kind: str, *names: str) -> list[dict[str, object]]:
        found: list[dict[str, object]] = json.loads(sh(DOCKER, "-H", sensor.docker, kind, "inspect", *names))
        return found

    things = inspected("container", *FOREIGN, "honeysens-pot0"), inspected("network", "honeysens-lan")
    return json.dumps([*things, inspected("image", TAG), inspected("volume", "kept")], indent=1, sort_keys=True)


def test_what_is_not_ours_is_never_touched(sensor: Sensor, foreign: str) -> None:
    sensor.want("pot", "sleeper")
    sensor.runs("pot", "sleeper")
    sensor.want("pot", pot={"options": {"greeting": "again"}, "revision": "2"})
    sensor.runs("pot")
    assert "hello" in sensor.meet()
    sensor.kill()
    sensor.start()
    sensor.want()
    eventually(lambda: "test/pot" not in sensor.images(), "all of ours is gone")
    assert sensor.containers().keys() == FOREIGN.keys()
    assert _of_others(sensor) == foreign
