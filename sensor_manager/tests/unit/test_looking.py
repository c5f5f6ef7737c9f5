"""What people see who look at a sensor."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sensor_support.builders import event

from sensor_manager.cli import main
from sensor_manager.console.status_page import status_page
from sensor_manager.settings import Settings
from sensor_manager.spool.store import SpoolStore
from sensor_manager.status import Status, write_settings
from sensor_wire.v1.architecture import Architecture
from sensor_wire.v1.poll import ConnectionReport, ConnectionState, Report, SpoolReport


def page(**known: Any) -> str:
    report = Report(
        observed_at=datetime.now(UTC), firmware="1", platform="docker_x86", architecture=Architecture.AMD64, **known
    )
    status = Status(
        sensor="7 test",
        server="https://sensors.example",
        written_at=0,
        answered_at=None,
        refusal=None,
        wanted_generation=1,
        report=report,
        attempts={},
        netfilter_error=None,
    )
    return "\n".join(status_page(status, None, 0))


@pytest.mark.parametrize(
    ("known", "line"),
    [
        (
            {"connection": ConnectionReport(state=ConnectionState.TRYING)},
            "connection  a change is tried, and undone unless the server answers",
        ),
        (
            {"connection": ConnectionReport(state=ConnectionState.UNDONE, reason="no answer")},
            "connection  the last change was undone: no answer",
        ),
        ({}, "clock       the server has not told the time yet"),
        ({"clock_offset": 0.4}, "clock       agrees with the server's"),
        ({"clock_offset": -3600.2}, "clock       3600 s behind the server's"),
        ({"spool": SpoolReport(quarantined=2)}, "2 set aside; see: sensor-manager quarantine"),
        (
            {"spool": SpoolReport(refused=3, damaged=1)},
            "            3 of honeypots were refused, 1 files of events were damaged",
        ),
    ],
)
def test_the_page_says_what_is_unusual(known: dict[str, Any], line: str) -> None:
    assert line in page(**known)


def test_events_that_nobody_takes_can_be_looked_at(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(
        config=tmp_path / "sensor.json",
        state=tmp_path / "a state",
        runtime=tmp_path,
        interface="eth0",
        platform="dummy",
        docker="unix:///nowhere",
        docker_certs=tmp_path,
    )
    write_settings(settings)
    look = ["quarantine", "--runtime", str(tmp_path)]
    assert main(look) == 1
    assert "cannot be read" in capsys.readouterr().err
    settings.state.mkdir()
    with SpoolStore(settings.spool) as store:
        for number in range(2):
            store.append(event(number, summary="typed \u009b2J"))
        for each in store.oldest(1, 10**6):
            store.set_aside(each, "refused with status 400")
        assert main(look) == 0, "beside a manager at work"
    first, body = capsys.readouterr().out.splitlines()
    assert first == f"{event(0).id}  refused with status 400"
    assert '"summary":"typed \\x9b2J"' in body
