"""A thousand sensors return in the same moment, each with events: the server takes all of them, each once."""

import json
import random
import threading
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from made_up_fleet import Member, made_up_fleet
from postgres_container import postgres
from sensor_support.builders import PATIENCE, event
from sensor_support.event_world import all_stored
from whole_server import WholeServer, whole_server

from sensor_manager.plan.backoff import backoff_delay
from sensor_manager.server.client import ServerClient
from sensor_manager.server.errors import ServerError
from sensor_manager.server.events import upload
from sensor_manager.server.poll import poll
from sensor_manager.spool.uploader import FIRST_DELAY, MAX_DELAY
from sensor_wire.v1.architecture import Architecture
from sensor_wire.v1.event import ItemStatus
from sensor_wire.v1.poll import Report

pytestmark = pytest.mark.postgres
SENSORS = 1000
EVENTS = 5
PATIENT = {429, 503}
"""Answers by which a server may ask for patience."""


class Returning(threading.Thread):
    """A sensor that was away, as the server meets it: it polls and uploads, and comes again until it is rid of all.

    Attributes:
        spool: events that the server has not named yet, as JSON by their ids.
        met: statuses of answers that were refusals; None where there was no answer.
    """

    def __init__(self, member: Member, site: WholeServer, gate: threading.Barrier) -> None:
        super().__init__(daemon=True)
        events = [event(time=datetime.now(UTC), session=f"s{member.id}") for _ in range(EVENTS)]
        self.member = member
        self.spool = {str(each.id): each.model_dump_json() for each in events}
        self.told = [identifier.replace("-", "") for identifier in self.spool]
        self.met: list[int | None] = []
        self._site = site
        self._gate = gate

    def run(self) -> None:
        """Come at the same moment as all others."""
        self._gate.wait()
        while self.spool:
            try:
                self._come()
            except ServerError as error:
                self.met.append(error.status)
                jitter = random.random()
                threading.Event().wait(backoff_delay(len(self.met), first=FIRST_DELAY, cap=MAX_DELAY, jitter=jitter))

    def _come(self) -> None:
        files = self.member.certificate, self.member.key
        with ServerClient(self._site.url, self._site.authorities, files) as client:
            poll(client, report(), None)
            result = upload(client, list(self.spool.values()))
        for item in result.results:
            assert item.status is not ItemStatus.REJECTED, item
            self.spool.pop(str(item.id))


def report() -> Report:
    return Report(
        observed_at=datetime.now(UTC), firmware="0.1.0", platform="docker_x86", architecture=Architecture.AMD64
    )


def test_a_thousand_sensors_return_at_once(tmp_path: Path) -> None:
    for name in ("postgres", "server", "fleet"):
        (tmp_path / name).mkdir()
    with postgres(tmp_path / "postgres") as url, whole_server(tmp_path / "server", url) as site:
        fleet = made_up_fleet(tmp_path / "fleet", url, tmp_path / "server" / "ca", SENSORS)
        workers = site.workers()
        gate = threading.Barrier(SENSORS)
        returning = [Returning(member, site, gate) for member in fleet]
        for sensor in returning:
            sensor.start()
        for sensor in returning:
            sensor.join(PATIENCE)
        assert sum(sensor.is_alive() for sensor in returning) == 0, "all are rid of their events"
        met = Counter(status for sensor in returning for status in sensor.met)
        assert set(met) <= {None, *PATIENT}, met
        assert all(status < 500 or status in PATIENT for status in answered(site))
        told = [(sensor.member.id, identifier) for sensor in returning for identifier in sensor.told]
        assert sorted(all_stored(site.server)) == sorted(told)
        assert site.workers() == workers, "none of them had to be started again"
        assert site.server.answers()
        assert [line for line in site.server.log("web") if line["level"] == "error"] == []


def answered(site: WholeServer) -> list[int]:
    """The statuses of all that the server's door has answered and found worth a line."""
    lines = [json.loads(line) for line in site.proxy.logs(stderr=False).splitlines() if line.startswith(b"{")]
    return [line["status"] for line in lines]
