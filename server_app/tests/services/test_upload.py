"""From an uploaded archive to an image in a real registry, or to a failed task that leaves nothing."""

import subprocess
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
import requests
from log_lines import refusals
from patience import PATIENCE
from server_bench import Bench, start
from service_builder import Member, archive, image, metadata, service_archive, tar
from sqlalchemy import update

from server_app.db import now
from server_app.services import service as catalogue
from server_app.services.registry import Registry, RegistryError
from server_app.services.tasks import ADD, REMOVE_IMAGES, ServiceTasks
from server_app.task_queue import TaskQueue
from server_app.tasks import service as tasks
from server_app.tasks.models import Task, TaskState
from server_app.tasks.runner import Runner
from server_app.uploads.tasks import UploadedFiles

FILE = "0123456789abcdef"
AWAY = "http://127.0.0.1:1"
"""Where no registry answers."""


def upload(bench: Bench, content: bytes) -> dict[str, Any]:
    """Upload an archive and give back the task, which has run by then."""
    answer = bench.admin.call("POST", "/services", data=content, content_type="application/gzip")
    assert answer.status_code == 202, answer.text
    assert answer.json is not None
    task: dict[str, Any] = bench.admin.ok("GET", f"/tasks/{answer.json['task']}")
    return task


def images(bench: Bench) -> set[str]:
    """The tags the registry has, `repository:tag`."""
    found = set()
    for repository in requests.get(f"{bench.settings.registry_url}/v2/_catalog", timeout=PATIENCE).json()[
        "repositories"
    ]:
        tags = requests.get(f"{bench.settings.registry_url}/v2/{repository}/tags/list", timeout=PATIENCE).json()
        found |= {f"{repository}:{tag}" for tag in tags.get("tags") or []}
    return found


def files(bench: Bench) -> list[Path]:
    return list(bench.settings.uploads_dir.iterdir())


@pytest.fixture
def repository() -> str:
    """A name in the shared registry that no other test uses."""
    return f"test-{token_hex(8)}"


def test_a_good_archive_becomes_a_service_with_its_image(cataloguing: Bench, repository: str, tmp_path: Path) -> None:
    task = upload(cataloguing, service_archive(repository=repository))

    assert (task["state"], task["progress"], task["reason"]) == ("done", 100, None)
    digest = task["result"]["digest"]
    service = cataloguing.admin.ok("GET", "/services/cowrie")
    assert (service["repository"], service["default_revision"]) == (repository, "1.0.0")
    (revision,) = service["revisions"]
    assert (revision["digest"], revision["ports"]) == (digest, {"2222/tcp": 22})
    assert f"{repository}:amd64-1.0.0" in images(cataloguing)
    assert files(cataloguing) == []

    host = cataloguing.settings.registry_url.removeprefix("http://")
    command = [
        "skopeo",
        "--insecure-policy",
        "copy",
        "--src-tls-verify=false",
        f"docker://{host}/{repository}@{digest}",
    ]
    subprocess.run([*command, f"oci:{tmp_path}/pulled"], check=True, capture_output=True)


def test_the_same_archive_again_changes_nothing(cataloguing: Bench, repository: str) -> None:
    content = service_archive(repository=repository)
    first = upload(cataloguing, content)
    assert upload(cataloguing, content)["result"] == first["result"]
    assert len(cataloguing.admin.ok("GET", "/services/cowrie")["revisions"]) == 1


def test_an_image_that_the_registry_lost_is_pushed_again(cataloguing: Bench, repository: str) -> None:
    content = service_archive(repository=repository)
    digest = upload(cataloguing, content)["result"]["digest"]
    registry = Registry(cataloguing.settings.registry_url)
    registry.delete(repository, digest)
    assert not registry.has(repository, digest)
    assert upload(cataloguing, content)["state"] == "done"
    assert registry.has(repository, digest)


def test_a_second_revision_waits_to_be_chosen(cataloguing: Bench, repository: str) -> None:
    upload(cataloguing, service_archive("one", repository=repository))
    upload(cataloguing, service_archive("two", repository=repository, revision="2.0.0"))
    service = cataloguing.admin.ok("GET", "/services/cowrie")
    assert [row["revision"] for row in service["revisions"]] == ["2.0.0", "1.0.0"]
    assert service["default_revision"] == "1.0.0"

    changed = cataloguing.admin.ok("PATCH", "/services/cowrie", json={"default_revision": "2.0.0"})

    assert changed["default_revision"] == "2.0.0"
    wrong = cataloguing.admin.call("PATCH", "/services/cowrie", json={"default_revision": "3.0.0"})
    assert wrong.status_code == 400


def test_both_architectures_of_a_revision_stand_beside_each_other(cataloguing: Bench, repository: str) -> None:
    digests = {
        architecture: upload(cataloguing, service_archive(repository=repository, architecture=architecture))["result"][
            "digest"
        ]
        for architecture in ("amd64", "armhf")
    }
    found = cataloguing.admin.ok("GET", "/services/cowrie")["revisions"]
    assert {row["architecture"]: (row["revision"], row["digest"]) for row in found} == {
        architecture: ("1.0.0", digest) for architecture, digest in digests.items()
    }
    registry = Registry(cataloguing.settings.registry_url)
    assert all(registry.has(repository, digest) for digest in digests.values())


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "is there with another image. Raise the revision"),
        ({"name": "kippo"}, "do not belong together"),
        ({"repository": "elsewhere/cowrie", "revision": "2.0.0"}, "do not belong together"),
    ],
)
def test_what_contradicts_the_catalogue_is_refused(
    cataloguing: Bench, repository: str, fields: dict[str, str], reason: str
) -> None:
    upload(cataloguing, service_archive("one", repository=repository))
    before = cataloguing.admin.ok("GET", "/services"), images(cataloguing)

    task = upload(cataloguing, service_archive("two", **({"repository": repository} | fields)))

    assert task["state"] == "failed"
    assert reason in task["reason"]
    assert (cataloguing.admin.ok("GET", "/services"), images(cataloguing)) == before
    assert files(cataloguing) == []


def bad_archives() -> dict[str, bytes]:
    digest, layout = image()
    good = Member("metadata.xml", metadata(digest=digest)), Member("service.tar", tar(*layout))
    entity = b'<!DOCTYPE service [<!ENTITY x "y">]><service><name>&x;</name></service>'
    other, _ = image("other")
    return {
        "a path outside": archive(*good, Member("../escape", b"x")),
        "a link": archive(*good, Member("link", type=b"2", target="/etc/passwd")),
        "a wrong digest": archive(Member("metadata.xml", metadata(digest=other)), good[1]),
        "a missing field": service_archive(revision=None),
        "an unknown field": service_archive(color="red"),
        "an XML entity": archive(Member("metadata.xml", entity), good[1]),
        "a bomb": archive(good[0], Member("service.tar", b"\0" * 100 * 1024 * 1024)),
        "garbage": b"garbage" * 100,
        "cut off": service_archive()[:-300],
    }


@pytest.mark.parametrize(("what", "content"), bad_archives().items(), ids=bad_archives())
def test_a_bad_archive_leaves_no_file_and_no_image_and_is_logged_once(
    cataloguing: Bench, what: str, content: bytes
) -> None:
    before = images(cataloguing)
    with refusals() as logged:
        task = upload(cataloguing, content)
    assert task["state"] == "failed", what
    assert task["reason"]
    assert len(logged) == 1
    assert files(cataloguing) == []
    assert images(cataloguing) == before
    assert cataloguing.admin.ok("GET", "/services")["items"] == []


@pytest.mark.parametrize("chunked", [False, True])
def test_an_oversized_upload_is_refused_and_leaves_nothing(cataloguing: Bench, chunked: bool) -> None:  # noqa: FBT001 - pytest passes parameters by name
    small = start(cataloguing.settings.model_copy(update={"max_upload_bytes": 1000}))
    environ = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    admin = small.admin
    with refusals() as logged:
        answer = admin.call("POST", "/services", data=b"x" * 1001, environ_overrides=environ if chunked else {})
    assert answer.status_code == 413
    assert answer.mimetype == "application/problem+json"
    assert len(logged) == 1
    assert files(small) == []
    assert small.admin.ok("GET", "/tasks")["items"] == []
    small.database.close()


def test_an_empty_upload_is_refused(cataloguing: Bench) -> None:
    assert cataloguing.admin.call("POST", "/services", data=b"").status_code == 400
    assert files(cataloguing) == []


def test_a_registry_that_is_away_fails_the_task(bench: Bench) -> None:
    away = start(bench.settings.model_copy(update={"registry_url": "http://127.0.0.1:1"}))
    with away.database.writing() as session:
        number = tasks.create(session, ADD, {"file": FILE}, None).id
    (away.settings.uploads_dir / FILE).write_bytes(service_archive())
    away.queue.enqueue(ADD, number)
    task = away.admin.ok("GET", f"/tasks/{number}")
    assert task["state"] == "failed"
    assert "The registry did not take the image" in task["reason"]
    assert files(away) == []
    assert away.admin.ok("GET", "/services")["items"] == []
    away.database.close()


def test_rows_that_cannot_be_written_take_the_image_back(
    cataloguing: Bench, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(catalogue, "add_revision", fail)
    task = upload(cataloguing, service_archive(repository=repository))

    assert task["state"] == "failed"
    assert "disk" not in task["reason"], "what went wrong inside is for the log"
    assert not any(name.startswith(repository) for name in images(cataloguing))


def test_a_task_that_was_cut_off_has_failed_and_its_image_is_gone(
    cataloguing: Bench, repository: str, tmp_path: Path
) -> None:
    """As a worker leaves it that is killed between push and rows."""
    digest, layout = image(repository)
    for member in layout:
        path = tmp_path / "layout" / member.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(member.content)
    registry = Registry(cataloguing.settings.registry_url)
    registry.push(tmp_path / "layout", repository, "amd64-1.0.0", digest)
    with cataloguing.database.writing() as session:
        half_done = {"image": {"repository": repository, "digest": digest}, "file": FILE}
        number = tasks.create(session, ADD, half_done, None).id
        session.execute(update(Task).values(state=TaskState.RUNNING, started_at=now()))
    (cataloguing.settings.uploads_dir / FILE).write_bytes(b"half done")
    (cataloguing.settings.uploads_dir / "unpack-1" / "blobs").mkdir(parents=True)

    start(cataloguing.settings).database.close()

    task = cataloguing.admin.ok("GET", f"/tasks/{number}")
    assert (task["state"], task["reason"]) == ("failed", f"{tasks.INTERRUPTED} Nothing was changed. Start it again.")
    assert not registry.has(repository, digest)
    assert files(cataloguing) == []


def test_a_task_that_waited_is_done_after_a_restart(cataloguing: Bench, repository: str) -> None:
    with cataloguing.database.writing() as session:
        number = tasks.create(session, ADD, {"file": FILE}, None).id
    (cataloguing.settings.uploads_dir / FILE).write_bytes(service_archive(repository=repository))

    start(cataloguing.settings).database.close()

    assert cataloguing.admin.ok("GET", f"/tasks/{number}")["state"] == "done"
    assert files(cataloguing) == []


def test_a_task_enqueued_twice_runs_once(cataloguing: Bench, repository: str) -> None:
    number = upload(cataloguing, service_archive(repository=repository))["id"]
    cataloguing.queue.enqueue(ADD, number)
    assert cataloguing.admin.ok("GET", f"/tasks/{number}")["state"] == "done"


def test_a_removed_service_takes_its_images_along(cataloguing: Bench, repository: str) -> None:
    upload(cataloguing, service_archive(repository=repository))
    sensor = cataloguing.sensor_row("busy")
    cataloguing.admin.ok("PUT", f"/sensors/{sensor}/services/cowrie", json={"revision": None})
    used = cataloguing.admin.call("DELETE", "/services/cowrie")
    assert used.status_code == 409
    assert "busy" in used.text
    cataloguing.admin.ok("DELETE", f"/sensors/{sensor}/services/cowrie")

    assert cataloguing.admin.call("DELETE", "/services/cowrie").status_code == 204

    assert cataloguing.admin.call("GET", "/services/cowrie").status_code == 404
    assert not any(name.startswith(repository) for name in images(cataloguing))
    assert cataloguing.admin.ok("GET", "/tasks")["items"][0]["state"] == "done"


def test_removing_works_when_the_image_is_already_gone(cataloguing: Bench, repository: str) -> None:
    digest = upload(cataloguing, service_archive(repository=repository))["result"]["digest"]
    Registry(cataloguing.settings.registry_url).delete(repository, digest)
    assert cataloguing.admin.call("DELETE", "/services/cowrie").status_code == 204
    assert cataloguing.admin.ok("GET", "/tasks")["items"][0]["state"] == "done"


def removal(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> int:
    """A service is removed, and the task for its images waits."""
    with monkeypatch.context() as patch:
        patch.setattr(TaskQueue, "enqueue", lambda *_args, **_options: None)
        assert bench.admin.call("DELETE", "/services/cowrie").status_code == 204
    number: int = bench.admin.ok("GET", f"/tasks?type={REMOVE_IMAGES}")["items"][0]["id"]
    return number


def tasks_with(bench: Bench, registry_url: str) -> ServiceTasks:
    uploads = UploadedFiles(bench.database, bench.settings.uploads_dir)
    return ServiceTasks(bench.database, Registry(registry_url), uploads, bench.settings.max_upload_bytes)


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_images_that_a_task_left_behind_are_removed_once_the_registry_answers(
    cataloguing: Bench, repository: str, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    digest = upload(cataloguing, service_archive(repository=repository))["result"]["digest"]
    number = removal(cataloguing, monkeypatch)
    away, back = (tasks_with(cataloguing, url) for url in (AWAY, cataloguing.settings.registry_url))
    if end == "cancelled":
        cataloguing.admin.ok("POST", f"/tasks/{number}/cancel")
    else:
        runner = Runner(cataloguing.database, TaskQueue(cataloguing.settings.data_dir, immediate=True))
        away.register(runner)
        runner.run(runner.kinds[REMOVE_IMAGES], number)
    assert cataloguing.admin.ok("GET", f"/tasks/{number}")["state"] == end
    away.sweep()
    assert back.registry.has(repository, digest)

    back.sweep()

    assert not back.registry.has(repository, digest)
    away.sweep()  # it is done with it, and asks no more


def test_what_was_uploaded_again_meanwhile_is_not_swept(
    cataloguing: Bench, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = service_archive(repository=repository)
    digest = upload(cataloguing, archive)["result"]["digest"]
    cataloguing.admin.ok("POST", f"/tasks/{removal(cataloguing, monkeypatch)}/cancel")
    assert upload(cataloguing, archive)["state"] == "done"
    service = tasks_with(cataloguing, cataloguing.settings.registry_url)
    service.sweep()
    assert service.registry.has(repository, digest)


def test_a_registry_that_does_not_answer_is_no_registry_without_the_image() -> None:
    with pytest.raises(RegistryError):
        Registry(AWAY).has("a", "sha256:" + "0" * 64)
