"""Daemon, engine and honeypots end and begin again."""

import subprocess

import pytest
from sensor_support.attacker import client_command
from sensor_support.builders import eventually
from sensor_support.engine import DOCKER
from sensor_support.namespaces import sh
from sensor_support.sensor_process import Sensor

pytestmark = [pytest.mark.docker, pytest.mark.netns]


def test_restarts_adopt_what_runs(sensor: Sensor) -> None:
    sensor.want("pot", "sleeper")
    sensor.runs("pot", "sleeper")
    before = sensor.containers()
    rules = sensor.rules()
    sensor.kill()
    sensor.server.available = False
    assert "hello" in sensor.meet()
    sensor.start()
    eventually(lambda: "stored" in sensor.submit("pot"), "the socket is served again")
    assert sensor.containers() == before
    assert sensor.rules() == rules
    sensor.server.available = True
    sensor.server.reports.clear()
    sensor.runs("pot", "sleeper")
    assert sensor.containers() == before
    eventually(lambda: sensor.server.events, "the event of the time without server arrives")


def test_engine_restart_brings_all_back(sensor: Sensor) -> None:
    sensor.want("pot", "sleeper")
    sensor.runs("pot", "sleeper")
    sensor.engine.restart()
    eventually(lambda: "hello" in sensor.connect(), "the honeypot answers again")
    for each in eventually(lambda: sensor.capture("sleeper"), "the catch-all captures again"):
        each.close()


def test_ended_catch_all_is_started_and_prepared_again(sensor: Sensor) -> None:
    sensor.want("sleeper")
    sensor.runs("sleeper")
    sandbox = sensor.inspect("sleeper")["NetworkSettings"]["SandboxKey"]
    sh(DOCKER, "-H", sensor.docker, "kill", "honeysens-sleeper")
    eventually(lambda: sensor.inspect("sleeper")["NetworkSettings"]["SandboxKey"] not in {"", sandbox}, "it is back")
    eventually(lambda: sensor.restarts("sleeper") == 1, "the restart is reported")
    packet, raw, listener = eventually(lambda: sensor.capture("sleeper"), "it captures again")
    with packet, raw, listener:
        listener.settimeout(5)
        with subprocess.Popen(client_command(sensor.net, 4711)) as client:
            connection, _ = listener.accept()
            connection.close()
            client.wait(5)
