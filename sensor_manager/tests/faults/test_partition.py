"""The network between sensor and server is cut, both ways or for the answers alone, while honeypots go on writing."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from sensor_support.adapters import Adapters
from sensor_support.bad_line import BadLine
from sensor_support.builders import eventually
from sensor_support.event_manager import SERVICE
from sensor_support.event_world import enrol, start_manager, start_server, stored, waiting
from sensor_support.namespaces import SERVER, lan, path, sh
from server_process import Server

from sensor_manager.spool.store import SpoolStore

pytestmark = pytest.mark.netns
LANES = 16
CUTS = 8
GROWN = 1600
"""Events for each cut, most of which come while it lasts: it is as long as that takes, however quick the machine."""
EVENTS = CUTS * GROWN
BOTH_WAYS, ANSWERS_ONLY = "input", "output"
"""What the server's side drops: all that comes, or only what it says."""


@contextmanager
def cut(namespace: str, hook: str) -> Iterator[None]:
    """Drop packets silently in a namespace for the length of a block; connections that exist stay half dead."""
    chain = f"type filter hook {hook} priority 0; policy drop;"
    sh("ip", "netns", "exec", namespace, "nft", f"table inet cut {{ chain cut {{ {chain} }}; }}")
    try:
        yield
    finally:
        sh("ip", "netns", "exec", namespace, "nft", "delete", "table", "inet", "cut")


def test_partitions_cost_no_event_and_store_none_twice(tmp_path: Path) -> None:
    server = start_server(tmp_path)
    manager: subprocess.Popen[bytes] | None = None
    spool = tmp_path / "spool.db"
    acknowledged: set[str] = set()
    try:
        eventually(server.answers, "the server answers")
        with lan() as net:
            line = BadLine(tmp_path, server.address, rounds=0, address=SERVER, namespace=path(net.lan))
            (tmp_path / "ca.crt").write_text(line.authority.chain)
            sensor, authorities = enrol(server, tmp_path)
            with line.open(authorities) as url:
                manager = start_manager(tmp_path, url, namespace=path(net.sensor))
                socket_path = tmp_path / "services" / SERVICE / "events.sock"
                eventually(socket_path.exists, "the manager listens")
                for number in range(CUTS):
                    adapters = Adapters(socket_path, LANES, GROWN // LANES, first=number * LANES)
                    eventually(partial(adapters.have_handed_over, GROWN // 4), "uploads are under way")
                    with cut(net.lan, ANSWERS_ONLY if number % 2 else BOTH_WAYS):
                        eventually(lambda: not adapters.alive(), "honeypots go on")  # noqa: B023 - called at once
                        there, _ = stored(server, sensor)
                        assert waiting(spool) > GROWN / 3, "nothing gets through but what was under way"
                    acknowledged |= adapters.acknowledged
                    eventually(partial(_more_than, there, server, sensor), "it goes on by itself")
                eventually(lambda: waiting(spool) == 0, "the spool is empty")
                manager.terminate()
                manager.wait()
        with SpoolStore(spool) as store:
            report = store.report()
        count, ids = stored(server, sensor)
        assert (report.depth, report.dropped, report.damaged, report.quarantined) == (0, 0, 0, 0)
        assert count == len(ids) == len(acknowledged) == EVENTS
        assert ids == {identifier.replace("-", "") for identifier in acknowledged}
        assert line.repeated > 0, "what the server had stored when its answers were dropped was sent again"
    finally:
        if manager is not None:
            manager.kill()
        server.end()


def _more_than(there: int, server: Server, sensor: int) -> bool:
    return stored(server, sensor)[0] > there
