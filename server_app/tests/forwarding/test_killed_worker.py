"""A worker that is killed while it forwards: nothing is lost, and what had not arrived comes in order."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from event_builder import event
from made_up_sensor import proof_of
from patience import PATIENCE
from server_process import Server, eventually
from syslog_receiver import Receiver, receiver

from server_app.db import Database, now
from server_app.events.service import Intake

ID = re.compile(rb'"event":{"id":"([^"]+)"')
EVENTS = 2000
AT_ONCE = 200
DETAILS = [{"time": "2026-11-21T08:00:01Z", "kind": "x", "data": "x" * 4000}]
"""So large that they are not all in the buffers of both sides while the receiver does not read."""


class Site:
    """The real processes, and a receiver in this one."""

    def __init__(self, server: Server, database: Database, siem: Receiver) -> None:
        self.server, self.intake, self.siem = server, Intake(database), siem
        sensor: int = server.call("POST", "/sensors", json={"name": "one", "division": 1}).json()["id"]
        self.sensor = proof_of(database, sensor)
        settings = {"enabled": True, "host": "127.0.0.1", "port": siem.port, "transport": "tcp"}
        assert server.call("PATCH", "/settings/forwarding", json=settings).ok

    def happens(self, number: int) -> list[str]:
        ids = []
        for _ in range(0, number, AT_ONCE):
            batch = [event(details=DETAILS) for _ in range(AT_ONCE)]
            self.intake.record(self.sensor, batch, now())
            ids += [one["id"] for one in batch]
        return ids

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.server.call("GET", "/forwarding").json()
        return found

    @property
    def arrived(self) -> list[str]:
        """The ids in the order of their first arrival."""
        return list(dict.fromkeys(found[1].decode() for one in self.siem.messages if (found := ID.search(one))))


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    server = Server(tmp_path, "http://127.0.0.1:9", database_url)
    assert server.run("init").returncode == 0
    server.start("web")
    eventually(server.answers)
    server.log_in()
    database = Database(database_url or f"sqlite:///{tmp_path / 'data' / 'server.db'}")
    with receiver() as siem:
        yield Site(server, database, siem)
        server.end()
    database.close()


def test_a_worker_killed_in_the_middle_loses_nothing(site: Site) -> None:
    ids: list[str] = []
    for pause in (100, 1300):  # within its first piece, and after some that it has written down
        site.siem.pauses_at = len(site.siem.messages) + pause
        ids += site.happens(EVENTS)
        worker = site.server.start("worker")
        eventually(lambda: not site.siem.reads.is_set())
        worker.kill()
        worker.wait()
        assert site.state["waiting"] > 0, "it was in the middle"
        site.siem.reads.set()
    more = site.happens(AT_ONCE)
    worker = site.server.start("worker")
    eventually(lambda: site.state["waiting"] == 0)
    eventually(lambda: len(site.arrived) >= len(ids) + len(more))
    assert site.arrived == ids + more

    worker.terminate()
    assert worker.wait(PATIENCE) == 0
    assert not [line for line in site.server.log("worker") if line["level"] == "error"]
