"""The real server on this machine for one measurement: made by our own roles, removed at the end whatever happens."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

import docker
import yaml
from docker.errors import DockerException
from docker.models.containers import Container

from bench.admin import Credentials, read_secret
from bench.errors import BenchError
from bench.loads import FLOOR as FLOOR_PARTS
from bench.loads import SERVER
from bench.progress import Progress
from bench.subject import Subject
from bench.target import Target

ROOT = Path(__file__).parents[1]
INVENTORY = ROOT / "bench" / "inventory"
PREPARE = ("playbooks/prepare-hosts.yml", "playbooks/build-base-image.yml", "playbooks/build-server-images.yml")
DEPLOY, FLOOR = "playbooks/deploy-server.yml", "bench/playbooks/floor.yml"
DIST = ROOT / "dist" / "bench"
LOG = DIST / "ansible.log"
LAST_LINES = 15
FLOOR_PORT = 8444


@contextmanager
def local_stack(progress: Progress, folder: Path, *, keep: bool) -> Iterator[Subject]:
    """Proxy, web, worker, registry and PostgreSQL in containers, and a floor beside.

    Args:
        progress: what to tell.
        folder: for keys and certificates of the fleet.
        keep: leave it running at the end, to look into it; the next run uses it and then removes it.

    Raises:
        BenchError: it could not be made; the message says what failed.
    """
    variables = yaml.safe_load((INVENTORY / "group_vars" / "server.yml").read_text(encoding="utf-8"))
    ca_file = DIST / "server-ca.crt"
    signal.signal(signal.SIGTERM, _interrupt)
    DIST.mkdir(parents=True, exist_ok=True)
    LOG.write_text("", encoding="utf-8")
    try:
        progress.say(f"Building images and starting the server; see {LOG.relative_to(ROOT)}")
        play(*PREPARE, DEPLOY, FLOOR)
        engine, prefix = docker.from_env(), variables["server_name_prefix"]
        web = engine.containers.get(f"{prefix}-web")
        socket = engine.volumes.get(f"{prefix}-postgres-socket").attrs["Mountpoint"]
        password = read_secret(DIST / "secrets" / "database_password")
        yield Subject(
            target=Target(variables["server_public_url"], ca_file),
            credentials=Credentials("admin", read_secret(DIST / "secrets" / "admin_password")),
            folder=folder,
            floor=Target(f"https://{variables['server_listen_address']}:{FLOOR_PORT}", ca_file),
            database=f"host={socket} dbname=honeysens user=honeysens password={password}",
            worker_memory=lambda: worker_memory(web),
            processor=lambda: processor(engine, prefix),
            receiver=variables["server_listen_address"],
        )
    except DockerException as error:
        raise BenchError(f"The container engine refused: {error}. Is it running? See docker ps.") from error
    finally:
        if not keep:
            progress.say("Removing the server")
            play(FLOOR, DEPLOY, "-e", "floor_state=absent server_state=absent server_purge=true")


def play(*arguments: str) -> None:
    """Run playbooks with the bench's inventory.

    Raises:
        BenchError: it failed; the message ends with the last lines of its log.
    """
    command = ["ansible-playbook", "-i", str(INVENTORY), *arguments]
    with LOG.open("a", encoding="utf-8") as log:
        done = subprocess.run(  # noqa: S603 - our own playbooks
            command, cwd=ROOT, env=os.environ | {"NO_COLOR": "1"}, stdout=log, stderr=subprocess.STDOUT, check=False
        )
    if done.returncode:
        last = "\n".join(LOG.read_text(encoding="utf-8").splitlines()[-LAST_LINES:])
        raise BenchError(f"{' '.join(command)} ended with {done.returncode}; the end of {LOG}:\n{last}")


def worker_memory(web: Container) -> list[float]:
    """Resident memory of each worker process of gunicorn, in MiB; the first process only watches over them."""
    listed = web.top(ps_args="-eo pid,ppid")["Processes"]
    processes = {int(pid): int(parent) for pid, parent in listed}
    workers = [pid for pid, parent in processes.items() if parent in processes]
    return [_resident(pid) for pid in workers]


def processor(engine: docker.DockerClient, prefix: str) -> dict[str, float]:
    """Seconds of processor time that each container on the way of a request has used so far."""
    return {part: _processor_seconds(engine, f"{prefix}-{part}") for part in (*SERVER, *FLOOR_PARTS)}


def _processor_seconds(engine: docker.DockerClient, name: str) -> float:
    usage = engine.api.stats(name, stream=False, one_shot=True)["cpu_stats"]["cpu_usage"]
    return int(usage["total_usage"]) / 1e9


def _resident(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
