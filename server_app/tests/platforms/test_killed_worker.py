"""A worker killed while it works a firmware archive in: all of it is there, or nothing and a reason."""

import os
from hashlib import sha256
from pathlib import Path

import pytest
from dying_worker import Point, When, killed
from firmware_builder import firmware_archive
from server_bench import Bench, start

from server_app.task_queue import TaskQueue

CONTENT = firmware_archive()


def files(bench: Bench) -> list[Path]:
    folders = bench.settings.uploads_dir, bench.settings.firmware_dir
    return [path for folder in folders if folder.exists() for path in folder.iterdir() if path.name != "lock"]


def make_old(bench: Bench) -> None:
    for path in bench.settings.uploads_dir.iterdir():
        os.utime(path, (0, 0))


@pytest.mark.parametrize(
    ("point", "in_its_place"),
    [
        (Point("UPDATE tasks", times=2), False),  # it is being checked
        (Point("INSERT INTO firmware"), True),
        (Point("INSERT INTO firmware", When.AFTER_ITS_COMMIT), True),
    ],
    ids=lambda given: f"{given.statement} {given.when}" if isinstance(given, Point) else "",
)
def test_firmware_whose_worker_is_killed_is_there_or_has_failed(
    bench: Bench,
    point: Point,
    in_its_place: bool,  # noqa: FBT001 - pytest passes parameters by name
) -> None:
    digest = sha256(CONTENT).hexdigest()
    announced = {"size": len(CONTENT), "sha256": digest, "purpose": "firmware"}
    upload = bench.admin.ok("POST", "/uploads", json=announced)["id"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TaskQueue, "enqueue", lambda *_args, **_options: None)
        headers = {"Upload-Offset": "0"}
        number = bench.admin.ok("PATCH", f"/uploads/{upload}", data=CONTENT, headers=headers)["task"]
    stored = bench.settings.firmware_dir / f"{digest}.tar.gz"
    killed(bench.settings, point)
    assert stored.exists() == in_its_place

    start(bench.settings).database.close()

    task = bench.admin.ok("GET", f"/tasks/{number}")
    if point.when is When.AFTER_ITS_COMMIT:
        make_old(bench)  # nobody waits for what was uploaded; it is swept in an hour
        start(bench.settings).database.close()
        assert (task["state"], files(bench)) == ("done", [stored])
        assert bench.admin.ok("GET", "/platforms/docker_x86/firmware/1.0.0") == CONTENT
    else:
        assert (task["state"], files(bench)) == ("failed", [])
        assert task["reason"].endswith("in the middle of this task. Nothing was changed. Start it again.")
        assert bench.admin.ok("GET", "/platforms/docker_x86")["firmware"] == []
