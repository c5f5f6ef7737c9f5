"""A worker that is killed at any point of a task leaves it undone, and says so, or does it when it is back."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_process import CommandProcess
from prepared_database import Prepared
from server_process import Server, ended, eventually
from service_builder import image, service_archive

from server_app.services.registry import Registry

HALTING_SKOPEO = """#!/bin/sh
point=$(cat {folder}/point)
for word; do case $word in copy|inspect|delete) command=$word; break;; esac; done
halt() {{ touch {folder}/reached; exec sleep 600; }}
[ "$point" = "before $command" ] && halt
{real} "$@"
status=$?
[ "$point" = "after $command" ] && halt
exit $status
"""


class Stage:
    """A server whose worker can be stopped at chosen points, where it is killed."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.point = server.folder / "point"
        self.reached = server.folder / "reached"
        self.uploads = server.folder / "data" / "uploads"
        self.registry = Registry(server.environment["HS_REGISTRY_URL"])
        tools = server.folder / "tools"
        tools.mkdir()
        script = tools / "skopeo"
        script.write_text(HALTING_SKOPEO.format(folder=server.folder, real=shutil.which("skopeo")))
        script.chmod(0o755)
        server.environment["PATH"] = f"{tools}:{server.environment['PATH']}"

    def worker(self, point: str = "") -> CommandProcess:
        self.reached.unlink(missing_ok=True)
        self.point.write_text(point)
        return self.server.start("worker")

    def upload(self, archive: bytes) -> int:
        task: int = self.server.call("POST", "/services", data=archive).json()["task"]
        return task

    def task(self, number: int) -> dict[str, Any]:
        found: dict[str, Any] = self.server.call("GET", f"/tasks/{number}").json()
        return found

    def kill(self, worker: CommandProcess) -> None:
        worker.kill()
        worker.wait()


@pytest.fixture
def stage(tmp_path: Path, registry_url: str, prepared: Prepared, initialised: Path) -> Iterator[Stage]:
    server = Server(tmp_path, registry_url, prepared.url, initialised)
    server.start("web")
    eventually(server.answers)
    server.log_in()
    yield Stage(server)
    server.end()


def test_an_archive_whose_worker_is_killed_has_failed_and_leaves_nothing(stage: Stage) -> None:
    """Killed while it pushes, with the image pushed but no rows, and while it reads back."""
    worker = stage.worker()
    for point in ("before copy", "after copy", "after inspect"):
        repository = f"killed/{point.replace(' ', '-')}"
        stage.kill(worker)
        worker = stage.worker(point)
        digest, _ = image(point)
        number = stage.upload(service_archive(point, repository=repository))
        eventually(stage.reached.exists)
        assert stage.task(number)["state"] == "running"
        stage.kill(worker)
        assert stage.registry.has(repository, digest) == (point != "before copy")
        worker = stage.worker()

        task = ended(stage.server, number)

        assert task["state"] == "failed", point
        assert "stopped in the middle" in task["reason"]
        assert list(stage.uploads.iterdir()) == []
        assert not stage.registry.has(repository, digest)
    assert stage.server.call("GET", "/services").json()["items"] == []


def test_an_archive_whose_worker_is_killed_while_it_unpacks_leaves_no_file(stage: Stage) -> None:
    number = stage.upload(service_archive())
    (file,) = stage.uploads.iterdir()
    content = file.read_bytes()
    file.unlink()
    os.mkfifo(file)
    worker = stage.worker()
    with file.open("wb") as pipe:  # opens when the worker reads
        pipe.write(content[: len(content) // 2])
        pipe.flush()
        assert stage.task(number)["state"] == "running"
        eventually(lambda: [path for path in stage.uploads.iterdir() if path.is_dir()])
        stage.kill(worker)
    stage.worker()

    task = ended(stage.server, number)

    assert task["state"] == "failed"
    eventually(lambda: not list(stage.uploads.iterdir()))


def test_removing_images_goes_on_after_a_kill(stage: Stage) -> None:
    worker = stage.worker()
    for point in ("before delete", "after delete"):
        task = ended(stage.server, stage.upload(service_archive(repository="killed/removed")))
        assert task["state"] == "done", task
        stage.kill(worker)
        worker = stage.worker(point)
        assert stage.server.call("DELETE", "/services/cowrie").status_code == 204
        eventually(stage.reached.exists)
        stage.kill(worker)
        worker = stage.worker()

        removal = stage.server.call("GET", "/tasks", params={"type": "remove-service-images"}).json()["items"][0]

        assert ended(stage.server, removal["id"])["state"] == "done", point
        assert not stage.registry.has("killed/removed", task["result"]["digest"])
