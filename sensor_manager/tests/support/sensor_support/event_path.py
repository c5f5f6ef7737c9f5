"""The whole way of an event, for faults of the server: the manager's process, TLS, the real server, its database."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from server_process import Server

from sensor_manager.spool.store import SpoolStore
from sensor_support.bad_line import BadLine
from sensor_support.builders import eventually
from sensor_support.event_manager import SERVICE
from sensor_support.event_world import enrol, start_manager, start_server, stored, waiting

INSIDE = (b"INSERT", b"SELECT", b"psycopg", b"sqlalchemy", b"No space", b"recovery", b"socket")
"""Words of the database, which nobody outside is told."""


@dataclass
class EventPath:
    """Both ends, and what the server said in between."""

    folder: Path
    server: Server
    line: BadLine
    sensor: int
    manager: "subprocess.Popen[bytes]"

    @property
    def socket(self) -> Path:
        """Where honeypots hand over events."""
        return self.folder / "services" / SERVICE / "events.sock"

    @property
    def waiting(self) -> int:
        """How many events wait on the sensor."""
        return waiting(self.folder / "spool.db")

    def assert_each_is_there_once(self, acknowledged: set[str]) -> None:
        """Compare what the sensor has taken with the database, once nothing waits any more; ends the manager."""
        eventually(lambda: self.waiting == 0, "the spool is empty")
        self.manager.terminate()
        self.manager.wait()
        with SpoolStore(self.folder / "spool.db") as store:
            report = store.report()
        count, ids = stored(self.server, self.sensor)
        assert (report.depth, report.dropped, report.damaged, report.quarantined) == (0, 0, 0, 0)
        assert count == len(ids) == len(acknowledged)
        assert ids == {identifier.replace("-", "") for identifier in acknowledged}

    def assert_it_asked_for_patience(self) -> None:
        """Whatever went wrong, the server has told sensors when to come again, and nothing of its inside."""
        assert self.line.unavailable
        for status, kind, retry_after, content in self.line.unavailable:
            assert (status, kind) == (503, "application/problem+json"), content
            assert json.loads(content)["status"] == status
            assert int(retry_after or 0) > 0
            assert not any(word in content for word in INSIDE), content

    def assert_all_of_it_works(self) -> None:
        """A new sensor is enrolled: for that web, worker and database are needed."""
        place = self.folder / "another"
        place.mkdir()
        enrol(self.server, place, "another")


@contextmanager
def event_path(folder: Path, database_url: str) -> Iterator[EventPath]:
    """All of it, on a database that is there, for the length of a block."""
    server = start_server(folder, database_url)
    manager: subprocess.Popen[bytes] | None = None
    try:
        eventually(server.answers, "the server answers")
        line = BadLine(folder, server.address, rounds=0)
        (folder / "ca.crt").write_text(line.authority.chain)
        sensor, authorities = enrol(server, folder)
        with line.open(authorities) as url:
            manager = start_manager(folder, url)
            path = EventPath(folder, server, line, sensor, manager)
            eventually(path.socket.exists, "the manager listens")
            yield path
    finally:
        if manager is not None:
            manager.kill()
        server.end()
