"""No room below /run: the manager goes on, starts, tells what is missing, and makes up for it by itself."""

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from sensor_support.beyond_proxy import NTLM
from sensor_support.builders import SITE, eventually
from sensor_support.dummy_manager import applied, dummy_manager, want
from sensor_support.full_disk import empty, fill, small_disk
from sensor_support.mini_server import MiniServer, mini_server
from sensor_support.namespaces import lan, path

from sensor_manager.effects.cntlm import Cntlm
from sensor_manager.effects.errors import EffectError
from sensor_manager.effects.nftables import Nftables
from sensor_manager.model import Forwarding
from sensor_manager.plan.netfilter import render_sensor
from sensor_wire.v1.poll import ServiceState

pytestmark = pytest.mark.netns


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "run", megabytes=1) as made:
        yield made


def beat(runtime: Path) -> bytes:
    return (runtime / "heartbeat.json").read_bytes()


def health(runtime: Path) -> int:
    """The health check's exit code, just after another cycle."""
    before = beat(runtime)
    eventually(lambda: beat(runtime) != before, "the sign of life goes on")
    command = [sys.executable, "-m", "sensor_manager.cli", "health", "--runtime", str(runtime)]
    return subprocess.run(command, check=False).returncode


def told(server: MiniServer) -> str:
    return (server.reports[-1].error or "") if server.reports else ""


def state(server: MiniServer, name: str) -> ServiceState | None:
    return next((each.state for each in server.reports[-1].services if each.name == name), None)


def test_the_manager_goes_on_without_room_and_tells(tmp_path: Path, runtime: Path) -> None:
    with mini_server(tmp_path) as server:
        (tmp_path / "sensor.json").write_text(server.config().model_dump_json())
        want(server, "cowrie")
        with dummy_manager(tmp_path, state=tmp_path / "state", runtime=runtime) as process:
            eventually(partial(applied, server), "all is as desired while there is room")
            fill(runtime)
            want(server, "cowrie", "recon")
            eventually(lambda: state(server, "recon") is ServiceState.FAILED, "who needs room is not started")
            recon = next(each for each in server.reports[-1].services if each.name == "recon")
            assert "what recon needs beside it cannot be written" in (recon.error or "")
            assert "No space left" in (recon.error or "")
            assert state(server, "cowrie") is ServiceState.RUNNING
            eventually(lambda: "the status for those who look cannot be written" in told(server), "it is reported")
            want(server)
            eventually(partial(applied, server), "what needs none is done")
            assert health(runtime) == 0
            assert process.poll() is None
        with dummy_manager(tmp_path, state=tmp_path / "state", runtime=runtime) as process:
            server.reports.clear()
            eventually(partial(applied, server), "it starts without any room, too")
            assert health(runtime) == 0
            want(server, "recon")
            eventually(lambda: state(server, "recon") is ServiceState.FAILED, "and says the same")
            empty(runtime)
            eventually(partial(applied, server), "with room all is as desired")
            eventually(lambda: not told(server), "and nothing is left to tell")
            assert (runtime / "settings.json").stat().st_size
            assert process.poll() is None


def test_rules_that_cannot_be_remembered_are_in_force_all_the_same(runtime: Path) -> None:
    rules, other = (render_sensor(Forwarding(each)) for each in (SITE.interface, "eth9"))

    with lan() as net:
        sensor = path(net.sensor)
        book = runtime / "book.json"

        def nftables() -> Nftables:
            return Nftables(book)

        first = nftables()
        first.apply(rules, sensor)
        fill(runtime)
        first.apply(other, sensor)
        assert first.current(sensor) == other
        assert nftables().current(sensor) is None, "the next manager does not take them for what was before"
        empty(runtime)
        first.apply(other, sensor)
        assert nftables().current(sensor) == other


def test_a_login_that_cannot_be_written_is_told_as_what_it_is(runtime: Path) -> None:
    fill(runtime)
    with pytest.raises(EffectError, match=r"the login for the proxy cannot be written for cntlm: .*No space left"):
        Cntlm(runtime / "cntlm.conf").tunnel(NTLM)
    assert not list(runtime.glob("*cntlm*"))
