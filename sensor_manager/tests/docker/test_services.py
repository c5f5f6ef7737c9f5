"""The daemon takes services up, changes them and lets them go."""

import socket
import subprocess
from datetime import UTC, datetime

import pytest
from sensor_support import engine
from sensor_support.attacker import client_command
from sensor_support.builders import PATIENCE, eventually, uuid7
from sensor_support.engine import DOCKER
from sensor_support.namespaces import ATTACKER, ATTACKER6, SENSOR, sh
from sensor_support.sensor_process import Sensor

from sensor_manager.effects.docker_engine import STOP_GRACE
from sensor_manager.effects.engine_api import TIMEOUT
from sensor_wire.v1.network import Network
from sensor_wire.v1.poll import ServiceState

pytestmark = [pytest.mark.docker, pytest.mark.netns]

SO_ORIGINAL_DST = 80
SECOND, SECOND6 = "198.51.100.3", "2001:db8::3"


def test_first_start_to_event(sensor: Sensor) -> None:
    identifier = str(uuid7())
    sensor.want("pot", "sleeper", pot={"options": {"event": f"{identifier},{datetime.now(UTC).isoformat()}"}})
    sensor.runs("pot", "sleeper")
    answer = sensor.meet("id -u")
    assert f"hello {ATTACKER} from pot" in answer
    assert '"status":"stored"' in answer
    assert "10001" in answer
    stored = eventually(lambda: sensor.server.events.get(identifier), "the event is on the server")
    assert stored["destination"] == {"ip": SENSOR, "port": 22}
    assert stored["source"]["ip"] == ATTACKER
    assert stored["service"] == "pot"


def test_two_addresses_have_a_service_each_on_the_same_port(sensor: Sensor) -> None:
    """The second address is the manager's own doing, and goes again when it is not wanted any more."""
    main = {"mode": "static", "address": SENSOR, "prefix": 24}
    identifier = str(uuid7())
    told = {"options": {"event": f"{identifier},{datetime.now(UTC).isoformat()}"}, "address": SECOND}
    sensor.network = Network.model_validate(main | {"additional": [f"{SECOND}/24", f"{SECOND6}/64"]})
    sensor.want("pot", "second", second=told)
    sensor.runs("pot", "second")
    assert f"hello {ATTACKER} from pot" in sensor.meet()
    assert f"hello {ATTACKER} from second" in sensor.meet(target=SECOND)
    assert f"hello {ATTACKER6} from pot" in sensor.meet(source=ATTACKER6, target=SECOND6), "it has no set of its own"
    stored = eventually(lambda: sensor.server.events.get(identifier), "the event is on the server")
    assert stored["destination"] == {"ip": SECOND, "port": 22}
    assert {SENSOR, SECOND, SECOND6} <= {str(each) for each in sensor.server.reports[-1].addresses}
    before = sensor.containers()
    sensor.network = Network.model_validate(main)
    sensor.want("pot", "second", second=told | {"address": None, "ports": {"2222/tcp": 23}})
    sensor.runs("pot", "second")
    addresses = sh("ip", "-n", sensor.net.sensor, "addr", "show", "dev", "eth0")
    assert (SECOND in addresses, SECOND6 in addresses, SENSOR in addresses) == (False, False, True)
    assert sensor.containers()["honeysens-pot"] == before["honeysens-pot"]
    assert "from second" in sensor.meet(port=23)


def test_removed_service_leaves_nothing_and_catch_all_takes_its_port(sensor: Sensor) -> None:
    sensor.want("pot", "sleeper")
    sensor.runs("pot", "sleeper")
    assert "hello" in sensor.meet()
    sensor.want("sleeper")
    sensor.runs("sleeper")
    assert set(sensor.containers()) == {"honeysens-sleeper"}
    assert "test/pot" not in sensor.images()
    assert sh(DOCKER, "-H", sensor.docker, "volume", "ls", "-q") == ""
    _, _, listener = sensor.capture("sleeper")
    with listener:
        listener.settimeout(5)
        answers = subprocess.Popen(client_command(sensor.net, 22), stdout=subprocess.PIPE)
        connection, peer = listener.accept()
        with connection:
            original = connection.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16)
            connection.sendall(b"caught")
        assert peer[0] == ATTACKER
        assert int.from_bytes(original[2:4]) == 22
        assert answers.communicate(timeout=PATIENCE)[0] == b"caught"
    sensor.want("pot", "sleeper")
    sensor.runs("pot", "sleeper")
    assert "hello" in sensor.meet()


def test_new_revision_replaces_old_one_only_when_its_image_is_there(sensor: Sensor) -> None:
    sensor.want("pot")
    sensor.runs("pot")
    before = sensor.containers()
    missing = f"sha256:{'0' * 64}"
    sensor.want("pot", "sleeper", pot={"digest": missing, "revision": "2"})
    eventually(lambda: sensor.has_failed("pot"), "the pull's failure is reported")
    failed = sensor.report("pot")
    assert failed is not None
    assert failed.error is not None
    assert missing in failed.error
    assert sensor.containers()["honeysens-pot"] == before["honeysens-pot"]
    assert "hello" in sensor.meet()
    eventually(lambda: "honeysens-sleeper" in sensor.containers(), "the other service runs all the same")
    sensor.want("pot", "sleeper", pot={"revision": "3"})
    sensor.runs("pot", "sleeper")
    assert sensor.containers()["honeysens-pot"] != before["honeysens-pot"]


def test_hopeless_services_say_why_and_hinder_no_other(sensor: Sensor) -> None:
    foreign_container = sh(DOCKER, "-H", sensor.docker, "create", "--network", "none", engine.BASE, "true").strip()
    sensor.want("pot", "foreign", "looping")
    sensor.runs_at_least("pot")
    eventually(lambda: "hello" in sensor.connect(), "attackers are let in at once, or a moment after the report")
    foreign = eventually(
        lambda: (found := sensor.report("foreign")) and found.state is ServiceState.FAILED and found, "the refusal"
    )  # between two attempts; while it asks the registry again, it is pulling
    assert "the image is for arm, this sensor is amd64" in foreign.error
    verdict = eventually(lambda: (found := sensor.report("looping")) and found.crash_loop and found, "the verdict")
    assert verdict.state is ServiceState.FAILED
    assert set(verdict.log) == {"out of cheese"}
    assert "code 255, again and again" in verdict.error
    sensor.want("pot")
    sensor.runs("pot")
    assert set(sensor.containers()) == {"honeysens-pot"}
    assert sh(DOCKER, "-H", sensor.docker, "ps", "-aq", "--no-trunc", "-f", f"id={foreign_container}"), "not ours"


def test_who_does_not_listen_to_reason_is_ended_and_hinders_nobody(sensor: Sensor) -> None:
    """The engine's own record says that it was asked, left its time, and then ended."""
    sensor.want("pot", "stubborn")
    sensor.runs("pot", "stubborn")
    assert "from stubborn" in sensor.meet(port=24), "so it ignores what it is asked by now"
    before = sensor.containers()
    sensor.want("pot", "second", second={"ports": {"2222/tcp": 23}})
    sensor.runs("pot", "second")
    assert sensor.containers().keys() == {"honeysens-pot", "honeysens-second"}
    assert sensor.containers()["honeysens-pot"] == before["honeysens-pot"]
    assert "from pot" in sensor.meet()
    assert "from second" in sensor.meet(port=23)
    asked, ended, end = sensor.ending(before["honeysens-stubborn"])
    assert (asked["Actor"]["Attributes"]["signal"], ended["Actor"]["Attributes"]["signal"]) == ("15", "9")
    assert end["Actor"]["Attributes"]["exitCode"] == "137"
    assert STOP_GRACE <= (ended["timeNano"] - asked["timeNano"]) / 1e9 < TIMEOUT
