"""The sensor manager on an engine and network of its own, against a small server: what it costs, how quick it is."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.errors import BenchError
from bench.progress import Progress
from bench.results import Result, result

if TYPE_CHECKING:
    from sensor_support.mini_server import MiniServer

FIGURES = frozenset({"manager_rss_mib", "manager_cycle_cpu_ms", "manager_start_s", "apply_change_s"})
SUPPORT = Path(__file__).parents[1] / "sensor_manager" / "tests" / "support"
CYCLE = 5.0
"""Seconds between two looks of an unchanged manager."""
PATIENCE = 60.0
NEVER = 86400
MIB_IN_KIB = 1024
HONEYPOT = ["/usr/bin/sleep", "infinity"]
START = (
    "import sys; sys.modules.update(rich=None, greenlet=None); "  # which the sensor's image does not have
    "from sensor_manager.cli import main; sys.exit(main())"
)


@dataclass(frozen=True)
class Bench:
    """A manager that is not started yet, and its world."""

    folder: Path
    namespace: str
    engine: str
    server: "MiniServer"

    def start(self) -> subprocess.Popen[bytes]:
        """Start the manager as the sensor's image does."""
        enter = [shutil.which("nsenter") or "", f"--net=/run/netns/{self.namespace}"]
        places = ["--config", "sensor.json", "--state", "state", "--runtime", "run", "--docker", self.engine]
        return subprocess.Popen(  # noqa: S603 - a command of our own
            [*enter, sys.executable, "-c", START, "run", *places],
            cwd=self.folder,
            env=os.environ | {"MALLOC_ARENA_MAX": "1"},
            stdout=(self.folder / "manager.log").open("wb"),
        )

    def applied(self) -> bool:
        """Tell whether the manager has reported the present state as applied in full."""
        reports, wanted = self.server.reports, self.server.desired
        return bool(reports) and wanted is not None and reports[-1].generation == wanted.generation


def measure_manager(folder: Path, wanted: set[str], progress: Progress, cycles: int = 6) -> list[Result]:
    """The manager's figures, as far as they are wanted.

    Raises:
        BenchError: the manager did not do what it should.
    """
    progress.say("Starting a sensor manager with two honeypots on an engine of its own")
    with _bench(folder) as bench:
        begun = time.monotonic()
        process = bench.start()
        try:
            _until(lambda: bool(bench.server.reports), "the first poll")
            values = {"manager_start_s": time.monotonic() - begun}
            _until(bench.applied, "two honeypots run")
            values["apply_change_s"] = _change(bench)
            time.sleep(CYCLE)  # until it rests
            before = _cpu_ms(process.pid)
            time.sleep(CYCLE * cycles)
            values["manager_cycle_cpu_ms"] = (_cpu_ms(process.pid) - before) / cycles
            values["manager_rss_mib"] = _rss_mib(process.pid)
        finally:
            process.terminate()
            process.wait()
    conditions = {
        "manager_start_s": "from the process's start to its first poll, enrolment included",
        "apply_change_s": "from the poll that brought other options to the new container's start",
        "manager_cycle_cpu_ms": f"mean of {cycles} looks at engine, rules and catch-all; tools it starts included",
        "manager_rss_mib": "after that, two honeypots, one of them a catch-all",
    }
    return [result(name, values[name], conditions[name]) for name in values if name in wanted]


@contextmanager
def _bench(folder: Path) -> Iterator[Bench]:
    if str(SUPPORT) not in sys.path:
        sys.path.append(str(SUPPORT))
    from sensor_support import engine, namespaces  # noqa: PLC0415 - what the manager's own tests are made with
    from sensor_support.mini_server import mini_server  # noqa: PLC0415

    from sensor_manager.effects.network_namespace import in_network_namespace  # noqa: PLC0415

    with ExitStack() as stack:
        net = stack.enter_context(namespaces.lan())
        outside = namespaces.path(net.lan)
        address = namespaces.SERVER
        server = in_network_namespace(outside, lambda: stack.enter_context(mini_server(folder, address)))
        stack.callback(shutil.rmtree, f"/etc/docker/certs.d/{server.address}", ignore_errors=True)
        nested = stack.enter_context(engine.nested_engine(folder, net.sensor))
        engine.copy_base(folder, nested)
        image = engine.build_image(folder, {"measured": ""}, HONEYPOT)
        stack.callback(namespaces.sh, engine.DOCKER, "rmi", "-f", image)
        digest = engine.publish_image(folder, image, server)
        (folder / "sensor.json").write_text(server.config().model_dump_json(), encoding="utf-8")
        _want(server, digest, 1)
        yield Bench(folder, net.sensor, nested.address, server)


def _want(server: "MiniServer", digest: str, generation: int) -> None:
    from sensor_support.builders import desired, service  # noqa: PLC0415

    mapped = service("mapped", repository="test/pot", digest=digest, ports={"2222/tcp": 22}, options={"n": generation})
    caught = service("caught", repository="test/pot", digest=digest, catch_all=True)
    wanted = desired(mapped, caught, generation=generation, ca_chain=server.authority.chain)
    # At first it polls often, so that a change arrives; with the change it is told to rest.
    server.desired = wanted.model_copy(update={"poll_interval": 1 if generation == 1 else NEVER})


def _change(bench: Bench) -> float:
    """Change one service's options; returns the seconds from the poll that brought it to its new container."""
    wanted = bench.server.desired
    if wanted is None:
        raise BenchError("The small server wants nothing.")
    old, seen = _running(bench), len(bench.server.reports)
    _want(bench.server, wanted.services[0].digest, wanted.generation + 1)
    _until(lambda: len(bench.server.reports) > seen, "the next poll")
    begun = time.monotonic()
    _until(lambda: bool(_running(bench) - old), "the new container runs")
    return time.monotonic() - begun


def _running(bench: Bench) -> set[str]:
    command = [shutil.which("docker") or "", "-H", bench.engine, "ps", "-q", "--no-trunc"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())  # noqa: S603


def _until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise BenchError(f"Not within {PATIENCE:.0f} s: {what}.")
        time.sleep(0.01)


def _cpu_ms(process: int) -> float:
    """Processor time of a process and the children it has waited for."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) * 1000 / os.sysconf("SC_CLK_TCK")


def _rss_mib(process: int) -> float:
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / MIB_IN_KIB
