"""Which reports are worth a write, and what is wrong with a sensor."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sensor_wire.v1.poll import Report
from server_app.polling.significant import digest
from server_app.sensors.health import health_of, warnings
from server_app.sensors.models import Health

AT = datetime(2026, 11, 21, 8, tzinfo=UTC)
BASE: dict[str, Any] = {
    "observed_at": AT,
    "generation": 3,
    "firmware": "0.1.0",
    "platform": "docker_x86",
    "architecture": "amd64",
    "memory_total": 8000,
    "memory_available": 4100,
    "disk_total": 1000,
    "disk_used": 510,
    "spool": {"depth": 9},
    "services": [{"name": "cowrie", "state": "running"}],
}


def made(**others: Any) -> Report:
    return Report.model_validate(BASE | others)


@pytest.mark.parametrize(
    "others",
    [
        {"uptime": 99},
        {"memory_available": 4200},
        {"disk_used": 540},
        {"spool": {"depth": 10, "bytes": 5}},
        {"clock_offset": 0.5},
        {"observed_at": AT - timedelta(seconds=20)},
    ],
)
def test_figures_that_always_move_are_no_news(others: dict[str, Any]) -> None:
    assert digest(made(**others), AT) == digest(made(), AT)


@pytest.mark.parametrize(
    "others",
    [
        {"generation": 4},
        {"firmware": "0.2.0"},
        {"addresses": ["192.0.2.10"]},
        {"memory_available": 100},
        {"disk_used": 990},
        {"spool": {"depth": 900}},
        {"spool": {"depth": 9, "dropped": 1}},
        {"spool": {"depth": 9, "quarantined": 1}},
        {"clock_offset": 90},
        {"observed_at": AT - timedelta(minutes=5)},
        {"services": []},
        {"services": [{"name": "cowrie", "state": "failed"}]},
        {"services": [{"name": "cowrie", "state": "running", "restarts": 1}]},
        {"update": {"state": "trying", "revision": "0.2.0"}},
        {"error": "no rules"},
    ],
)
def test_what_people_care_for_is_news(others: dict[str, Any]) -> None:
    assert digest(made(**others), AT) != digest(made(), AT)


@pytest.mark.parametrize(
    ("others", "health"),
    [
        ({}, Health.OK),
        ({"error": "no rules"}, Health.ERROR),
        ({"services": [{"name": "cowrie", "state": "failed"}]}, Health.WARNING),
        ({"services": [{"name": "cowrie", "state": "pulling"}]}, Health.OK),
        ({"disk_used": 990}, Health.WARNING),
        ({"disk_total": 0, "disk_used": 0}, Health.OK),
        ({"clock_offset": -61}, Health.WARNING),
        ({"observed_at": AT + timedelta(seconds=61)}, Health.WARNING),
        ({"observed_at": AT + timedelta(seconds=61), "clock_offset": 0}, Health.OK),
        ({"update": {"state": "undone"}}, Health.WARNING),
        ({"update": {"state": "confirmed"}}, Health.OK),
    ],
)
def test_health_is_judged_by_the_report(others: dict[str, Any], health: Health) -> None:
    assert health_of(made(**others), AT) is health
    assert bool(warnings(made(**others), AT)) is (health is Health.WARNING)
