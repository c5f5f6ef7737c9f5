"""Archives arrive in pieces, go on where they broke off, and are worked in when they are whole."""

import os
import resource
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from shutil import disk_usage
from typing import Any

import pytest
from server_bench import Bench, start
from service_builder import service_archive
from sqlalchemy import update
from werkzeug.exceptions import ClientDisconnected
from werkzeug.test import TestResponse

from server_app.accounts.models import Role
from server_app.db import now
from server_app.errors import Conflict, OutOfSpace
from server_app.task_queue import TaskQueue
from server_app.uploads import files
from server_app.uploads.models import Upload
from server_app.uploads.service import KEEP, MAX_OPEN
from server_app.uploads.tasks import STALE_SECONDS, UploadedFiles

FILE = "0123456789abcdef"
CONTENT = service_archive(repository="uploaded/cowrie")


def announce(bench: Bench, content: bytes = CONTENT, **others: Any) -> TestResponse:
    body = {"size": len(content), "sha256": sha256(content).hexdigest(), "purpose": "firmware"} | others
    return bench.admin.call("POST", "/uploads", json=body)


def announced(bench: Bench, content: bytes = CONTENT, **others: Any) -> int:
    answer = announce(bench, content, **others)
    assert answer.status_code == 201, answer.text
    assert answer.json is not None
    number: int = answer.json["id"]
    assert answer.headers["Location"] == f"/api/uploads/{number}"
    return number


def send(bench: Bench, number: int, offset: int | str, piece: bytes, **options: Any) -> TestResponse:
    headers = {"Upload-Offset": str(offset)}
    return bench.admin.call("PATCH", f"/uploads/{number}", headers=headers, data=piece, **options)


def stored(bench: Bench) -> list[Path]:
    folder = bench.settings.uploads_dir
    return list(folder.iterdir()) if folder.exists() else []


def sweep(bench: Bench) -> None:
    UploadedFiles(bench.database, bench.settings.uploads_dir).sweep()


def make_old(path: Path) -> None:
    long_ago = path.stat().st_mtime - STALE_SECONDS - 1
    os.utime(path, (long_ago, long_ago))


def test_an_archive_in_pieces_becomes_a_service(cataloguing: Bench) -> None:
    number = announced(cataloguing, purpose="service")
    for offset in range(0, len(CONTENT), 300):
        head = cataloguing.admin.call("HEAD", f"/uploads/{number}")
        assert (head.headers["Upload-Offset"], head.headers["Upload-Length"]) == (str(offset), str(len(CONTENT)))
        answer = send(cataloguing, number, offset, CONTENT[offset : offset + 300])
        assert answer.status_code == 200, answer.text
    assert answer.json is not None
    assert answer.json["offset"] == len(CONTENT)
    task = cataloguing.admin.ok("GET", f"/tasks/{answer.json['task']}")
    assert (task["state"], task["type"]) == ("done", "add-service"), task
    assert cataloguing.admin.ok("GET", "/services/cowrie")["default_revision"] == "1.0.0"
    assert stored(cataloguing) == []
    assert cataloguing.admin.ok("GET", f"/uploads/{number}")["offset"] == len(CONTENT)
    assert send(cataloguing, number, len(CONTENT), b"").status_code == 409, "complete is complete"
    assert cataloguing.admin.call("DELETE", f"/uploads/{number}").status_code == 409


@pytest.mark.parametrize("offset", ["", "-1", "x", "1e3", "9" * 30, "²"])
def test_an_offset_that_is_none_is_refused(bench: Bench, offset: str) -> None:
    number = announced(bench)
    headers = {"Upload-Offset": offset.encode().decode("latin-1")}
    answer = bench.admin.call("PATCH", f"/uploads/{number}", headers=headers, data=b"x")
    assert answer.status_code == 400
    assert bench.admin.ok("GET", f"/uploads/{number}")["offset"] == 0


@pytest.mark.parametrize("offset", [0, 50, 101, len(CONTENT)])
def test_a_piece_for_another_place_is_refused_and_the_right_one_named(bench: Bench, offset: int) -> None:
    number = announced(bench)
    send(bench, number, 0, CONTENT[:100])
    answer = send(bench, number, offset, b"x")
    assert answer.status_code == 409
    assert "100 bytes have arrived" in answer.text
    assert bench.admin.ok("GET", f"/uploads/{number}")["offset"] == 100


@pytest.mark.parametrize("chunked", [False, True])
def test_more_than_was_announced_is_refused_and_changes_nothing(bench: Bench, chunked: bool) -> None:  # noqa: FBT001 - pytest passes parameters by name
    number = announced(bench)
    send(bench, number, 0, CONTENT[:100])
    environ = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    answer = send(bench, number, 100, CONTENT, environ_overrides=environ if chunked else {})
    assert answer.status_code == 413
    assert bench.admin.ok("GET", f"/uploads/{number}")["offset"] == 100


def test_what_arrived_before_a_connection_broke_is_kept(tmp_path: Path) -> None:
    class Breaking(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            piece = super().read(min(10, size or 0))
            if not piece:
                raise ClientDisconnected
            return piece

    with files.appending(tmp_path, FILE) as file, pytest.raises(ClientDisconnected):
        file.append(Breaking(b"x" * 25), 100)
    assert files.size_of(tmp_path, FILE) == 25


def test_two_cannot_append_at_once(tmp_path: Path) -> None:
    with files.appending(tmp_path, FILE), pytest.raises(Conflict), files.appending(tmp_path, FILE):
        pass


def test_a_full_disk_keeps_the_file_as_it_was(tmp_path: Path) -> None:
    """Full for this process: the kernel refuses larger files."""
    bounds = resource.getrlimit(resource.RLIMIT_FSIZE)
    with files.appending(tmp_path, FILE) as file:
        file.append(BytesIO(b"x" * 10), 100)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20, bounds[1]))
        try:
            with pytest.raises(OutOfSpace):
                file.append(BytesIO(b"x" * 50), 100)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, bounds)
    assert files.size_of(tmp_path, FILE) == 10


def test_another_content_than_announced_is_refused(cataloguing: Bench) -> None:
    number = announced(cataloguing, purpose="service", sha256="0" * 64)
    answer = send(cataloguing, number, 0, CONTENT)
    assert answer.json is not None
    task = cataloguing.admin.ok("GET", f"/tasks/{answer.json['task']}")
    assert task["state"] == "failed"
    assert "SHA-256 differs" in task["reason"]
    assert stored(cataloguing) == []
    assert cataloguing.admin.ok("GET", "/services")["items"] == []


def test_bytes_that_all_arrived_before_a_crash_are_completed_by_an_empty_piece(cataloguing: Bench) -> None:
    number = announced(cataloguing, purpose="service")
    send(cataloguing, number, 0, CONTENT[:-1])
    (file,) = stored(cataloguing)
    with file.open("ab") as whole:
        whole.write(CONTENT[-1:])
    assert cataloguing.admin.ok("GET", f"/uploads/{number}")["task"] is None
    answer = send(cataloguing, number, len(CONTENT), b"")
    assert answer.json is not None
    assert cataloguing.admin.ok("GET", f"/tasks/{answer.json['task']}")["state"] == "done"


@pytest.fixture
def small(bench: Bench) -> Iterator[Bench]:
    small = start(bench.settings.model_copy(update={"max_upload_bytes": 1000}))
    yield small
    small.database.close()


def test_number_and_sizes_of_unfinished_uploads_are_bounded(small: Bench) -> None:
    assert announce(small, size=1001).status_code == 413
    first = announced(small, size=1000)
    announced(small, size=600)
    assert announce(small, size=401).status_code == 409
    small.admin.ok("DELETE", f"/uploads/{first}")
    for _ in range(MAX_OPEN - 1):
        announced(small, size=1)
    assert announce(small, size=1).status_code == 409
    assert len(small.admin.ok("GET", "/uploads")["items"]) == MAX_OPEN


def test_an_archive_for_which_the_disk_has_no_room_is_refused_when_it_is_announced(bench: Bench) -> None:
    huge = start(bench.settings.model_copy(update={"max_upload_bytes": 2**53}))
    free = disk_usage(bench.settings.data_dir).free
    refused = announce(huge, size=free + 2**30)
    first = announced(huge, size=free * 2 // 3)
    beside = announce(huge, size=free * 2 // 3)
    huge.admin.ok("DELETE", f"/uploads/{first}")
    announced(huge, size=free * 2 // 3)
    huge.database.close()

    assert (refused.status_code, beside.status_code) == (507, 507)
    assert "disk" in refused.text


def test_a_service_is_refused_while_there_is_no_registry_to_push_it_to(bench: Bench) -> None:
    away = start(bench.settings.model_copy(update={"registry_url": "http://127.0.0.1:9"}))
    answer = announce(away, purpose="service")
    away.database.close()

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert bench.admin.ok("GET", "/uploads")["items"] == []


@pytest.mark.parametrize("wrong", [{"size": 0}, {"sha256": "A" * 64}, {"purpose": "music"}, {"name": "x"}])
def test_a_wrong_announcement_is_refused(bench: Bench, wrong: dict[str, Any]) -> None:
    assert announce(bench, **wrong).status_code == 400


def test_an_upload_is_for_its_owner_and_administrators(bench: Bench) -> None:
    number = announced(bench)
    manager = bench.user("manager", Role.MANAGER, 1)
    assert (
        manager.call("POST", "/uploads", json={"size": 1, "sha256": "0" * 64, "purpose": "service"}).status_code == 403
    )
    assert manager.ok("GET", "/uploads")["items"] == []
    for method in ("GET", "PATCH", "DELETE"):
        answer = manager.call(method, f"/uploads/{number}", headers={"Upload-Offset": "0"})
        assert answer.status_code == 404, method


def test_a_removed_upload_leaves_nothing(bench: Bench) -> None:
    number = announced(bench)
    send(bench, number, 0, CONTENT[:100])
    assert bench.admin.call("DELETE", f"/uploads/{number}").status_code == 204
    assert stored(bench) == []
    assert bench.admin.call("GET", f"/uploads/{number}").status_code == 404


def test_abandoned_uploads_and_stray_files_are_swept_and_others_stay(bench: Bench) -> None:
    old, fresh = announced(bench), announced(bench)
    for number in (old, fresh):
        send(bench, number, 0, CONTENT[:100])
    for path in stored(bench):
        make_old(path)
    stray, arriving = (bench.settings.uploads_dir / name for name in ("0" * 16, "1" * 16))
    for path in (stray, arriving):
        path.write_bytes(b"x")
    make_old(stray)
    with bench.database.writing() as session:
        abandoned = now() - KEEP - timedelta(minutes=1)
        session.execute(update(Upload).where(Upload.id == old).values(changed_at=abandoned))

    sweep(bench)

    assert bench.admin.call("GET", f"/uploads/{old}").status_code == 404
    assert bench.admin.ok("GET", f"/uploads/{fresh}")["offset"] == 100
    assert not stray.exists()
    assert arriving.exists()
    assert len(stored(bench)) == 2


def test_the_file_of_a_task_that_waits_is_not_swept(cataloguing: Bench) -> None:
    bench = cataloguing
    with_worker_away = replace(bench.app.extensions["honeysens"], queue=TaskQueue(bench.settings.data_dir))
    bench.app.extensions["honeysens"] = with_worker_away
    answer = bench.admin.ok("POST", "/services", data=CONTENT)
    (file,) = stored(bench)
    make_old(file)
    sweep(bench)
    assert file.exists()
    bench.admin.ok("POST", f"/tasks/{answer['task']}/cancel")
    sweep(bench)
    assert not file.exists()
