"""Whatever is killed comes back, honeypots outlive it, and a stop is clean."""

import pytest
from scenario_testing.machine import DOCKER, eventually, run
from scenario_testing.sensor import SENSOR, engine_answers, inside, inspect, nested, process

MANAGER = "sensor-manager run"
ENGINE = "^dockerd"


def state(name: str) -> str:
    return nested("inspect", "--format", "{{.State.Status}} {{.State.Pid}} {{.State.StartedAt}}", name)


@pytest.mark.parametrize("pattern", [MANAGER, ENGINE])
def test_killed_service_comes_back_and_honeypots_run_on(honeypot: str, pattern: str) -> None:
    before, running = process(pattern), state(honeypot)
    inside("kill", "-9", before)
    eventually(f"{pattern} was started again", lambda: process(pattern) not in ("", before))
    eventually("the engine inside answers", engine_answers)
    assert state(honeypot) == running
    assert nested("exec", honeypot, "echo", "alive") == "alive"


def test_stop_ends_honeypots_and_services_in_order(honeypot: str) -> None:
    run(DOCKER, "stop", SENSOR)
    assert inspect(".State.ExitCode") == 0  # 137 were: killed after the stop timeout
    run(DOCKER, "start", SENSOR)
    eventually("the engine inside answers", engine_answers)
    assert nested("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", honeypot) == "exited 143"
    eventually("the manager runs", lambda: process(MANAGER))


def test_health_check_asks_the_manager() -> None:
    assert inspect(".Config.Healthcheck.Test") == ["CMD", "sensor-manager", "health"]
    eventually("the manager has given a sign of life", lambda: "no heartbeat" not in complaint())


def test_manager_says_in_its_log_why_it_cannot_enrol() -> None:
    eventually("the server's address is in the log", lambda: "10.213.201.1" in log())


def complaint() -> str:
    return inside("sensor-manager", "health", check=False).stderr


def log() -> str:
    done = run(DOCKER, "logs", SENSOR)
    return done.stdout + done.stderr
