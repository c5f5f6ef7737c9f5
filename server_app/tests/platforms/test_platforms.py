"""Firmware: uploaded, checked, chosen, pinned, downloaded and removed."""

import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from firmware_builder import docker_image, docker_parts, firmware_archive, firmware_members
from server_bench import Bench, report, start
from service_builder import Member, archive, tar
from sqlalchemy import update

from server_app.accounts.models import Role
from server_app.db import now
from server_app.tasks import service as tasks
from server_app.tasks.models import Task, TaskState

FILE = "0123456789abcdef"


def upload(bench: Bench, content: bytes) -> dict[str, Any]:
    """Upload an archive and give back its task, which has run by then."""
    announcement = {"size": len(content), "sha256": sha256(content).hexdigest(), "purpose": "firmware"}
    number = bench.admin.ok("POST", "/uploads", json=announcement)["id"]
    done = bench.admin.ok("PATCH", f"/uploads/{number}", headers={"Upload-Offset": "0"}, data=content)
    task: dict[str, Any] = bench.admin.ok("GET", f"/tasks/{done['task']}")
    return task


def stored(bench: Bench) -> set[str]:
    """The hashes of the archives that are kept."""
    return {path.name.removesuffix(".tar.gz") for path in bench.settings.firmware_dir.glob("*.tar.gz")}


def left(bench: Bench) -> list[Path]:
    return list(bench.settings.uploads_dir.iterdir())


def platform(bench: Bench, name: str = "docker_x86") -> dict[str, Any]:
    found: dict[str, Any] = bench.admin.ok("GET", f"/platforms/{name}")
    return found


def test_the_first_upload_becomes_the_default_and_can_be_downloaded(bench: Bench) -> None:
    assert [item["name"] for item in bench.admin.ok("GET", "/platforms")["items"]] == ["bbb", "docker_x86"]
    assert bench.admin.call("GET", "/platforms/docker_x86/firmware/current").status_code == 404
    content = firmware_archive()

    task = upload(bench, content)

    assert task["state"] == "done", task
    found = platform(bench)
    assert (found["default_firmware"], found["architecture"]) == ("1.0.0", "amd64")
    assert found["firmware"][0]["sha256"] == sha256(content).hexdigest()
    answer = bench.admin.call("GET", "/platforms/docker_x86/firmware/current")
    assert (answer.data, answer.mimetype) == (content, "application/gzip")
    assert "HoneySens-Firmware-docker_x86-1.0.0.tar.gz" in answer.headers["Content-Disposition"]
    part = bench.admin.call("GET", "/platforms/docker_x86/firmware/1.0.0", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.data) == (206, content[10:20])
    assert left(bench) == []


def test_a_disk_image_is_firmware_for_a_beaglebone(bench: Bench) -> None:
    assert upload(bench, firmware_archive(platform="bbb"))["state"] == "done"
    assert platform(bench, "bbb")["default_firmware"] == "1.0.0"
    assert platform(bench)["firmware"] == []


def test_the_same_archive_again_changes_nothing_and_another_of_its_version_is_refused(bench: Bench) -> None:
    first = upload(bench, firmware_archive())
    assert upload(bench, firmware_archive())["result"] == first["result"]
    task = upload(bench, firmware_archive("other"))
    assert task["state"] == "failed"
    assert "Raise the version" in task["reason"]
    assert stored(bench) == {first["result"]["sha256"]}
    assert left(bench) == []


def test_the_default_can_be_changed_and_not_removed(bench: Bench) -> None:
    for version in ("1.0.0", "2.0.0"):
        upload(bench, firmware_archive(version=version))
    assert platform(bench)["default_firmware"] == "1.0.0"
    sensor = bench.sensor()
    etag = sensor.poll().headers["ETag"]
    assert bench.admin.call("DELETE", "/platforms/docker_x86/firmware/1.0.0").status_code == 409
    assert bench.admin.call("DELETE", "/platforms/docker_x86/firmware/current").status_code == 409
    assert bench.admin.call("PATCH", "/platforms/docker_x86", json={"default_firmware": "3"}).status_code == 400

    changed = bench.admin.ok("PATCH", "/platforms/docker_x86", json={"default_firmware": "2.0.0"})

    assert changed["default_firmware"] == "2.0.0"
    assert sensor.poll(**{"If-None-Match": etag}).json["firmware"]["revision"] == "2.0.0"  # type: ignore[index]
    assert bench.admin.call("DELETE", "/platforms/docker_x86/firmware/1.0.0").status_code == 204
    assert [row["revision"] for row in platform(bench)["firmware"]] == ["2.0.0"]
    assert stored(bench) == {platform(bench)["firmware"][0]["sha256"]}


def test_removing_pinned_firmware_warns_and_lets_sensors_fall_back(bench: Bench) -> None:
    for version in ("1.0.0", "2.0.0"):
        upload(bench, firmware_archive(version=version))
    sensor = bench.sensor("cellar")
    assert sensor.poll().json["firmware"] == {"revision": "1.0.0", "target": "firmware/docker_x86/1.0.0"}  # type: ignore[index]
    etag = sensor.poll().headers["ETag"]
    assert sensor.poll(**{"If-None-Match": etag}).status_code == 204
    pin = {"platform": "docker_x86", "revision": "2.0.0"}
    bench.admin.ok("PATCH", f"/sensors/{sensor.id}", json={"pinned_firmware": pin})
    assert sensor.poll(**{"If-None-Match": etag}).status_code == 200
    assert sensor.poll().json["firmware"]["revision"] == "2.0.0"  # type: ignore[index]
    warned = bench.admin.call("DELETE", "/platforms/docker_x86/firmware/2.0.0")
    assert warned.status_code == 409
    assert "cellar" in warned.text
    assert sensor.poll().json["firmware"]["revision"] == "2.0.0"  # type: ignore[index]

    assert bench.admin.call("DELETE", "/platforms/docker_x86/firmware/2.0.0?confirm=true").status_code == 204

    assert sensor.poll().json["firmware"]["revision"] == "1.0.0"  # type: ignore[index]
    assert bench.admin.ok("GET", f"/sensors/{sensor.id}")["pinned_firmware"] is None


def test_only_firmware_that_is_there_can_be_pinned_and_only_its_platform_minds(bench: Bench) -> None:
    upload(bench, firmware_archive())
    upload(bench, firmware_archive(platform="bbb", version="7"))
    sensor = bench.sensor()
    gone = {"platform": "docker_x86", "revision": "9"}
    refused = bench.admin.call("PATCH", f"/sensors/{sensor.id}", json={"pinned_firmware": gone})
    assert (refused.status_code, "/pinned_firmware" in refused.text) == (400, True)
    other = {"platform": "bbb", "revision": "7"}
    bench.admin.ok("PATCH", f"/sensors/{sensor.id}", json={"pinned_firmware": other})
    assert sensor.poll().json["firmware"]["revision"] == "1.0.0"  # type: ignore[index]
    assert sensor.poll(report(platform="bbb")).json["firmware"]["revision"] == "7"  # type: ignore[index]
    assert sensor.poll(report(platform="dummy")).json["firmware"] is None  # type: ignore[index]


def test_sensors_download_by_certificate_and_strangers_do_not(bench: Bench) -> None:
    content = firmware_archive()
    upload(bench, content)
    path = "/api/platforms/docker_x86/firmware/current"
    assert bench.sensor().call(path, method="GET").data == content
    assert bench.stranger().call(path, method="GET").status_code == 401
    assert bench.user("observer", Role.OBSERVER).call("GET", "/platforms/docker_x86/firmware/1.0.0").data == content


def test_a_file_that_is_gone_is_said_to_be(bench: Bench) -> None:
    digest = upload(bench, firmware_archive())["result"]["sha256"]
    (bench.settings.firmware_dir / f"{digest}.tar.gz").unlink()
    assert bench.admin.call("GET", "/platforms/docker_x86/firmware/current").status_code == 503


def without(name: str) -> bytes:
    return archive(*(member for member in firmware_members() if member.name != name))


def image(*changes: tuple[str, bytes | None]) -> bytes:
    """An archive whose image has other parts."""
    parts = dict(docker_parts()) | {name: part for name, part in changes if part is not None}
    for name, part in changes:
        if part is None:
            del parts[name]
    members = [member for member in firmware_members() if member.name != "firmware.img"]
    return archive(*members, Member("firmware.img", tar(*(Member(name, part) for name, part in parts.items()))))


LAYER, CONFIG, _ = docker_parts()
BAD = {
    "no description": (without("metadata.xml"), "metadata.xml is missing"),
    "no image": (without("firmware.img"), "firmware.img is missing"),
    "no compose file": (without("docker-compose.yml"), "docker-compose.yml is missing"),
    "an unknown platform": (firmware_archive(platform="amiga"), "<platform>"),
    "another platform": (archive(*firmware_members(), Member("x")), "does not belong"),
    "the reserved version": (firmware_archive(version="current"), "names the default"),
    "a missing element": (firmware_archive(changelog=None), "<changelog> in metadata.xml is missing"),
    "a folder too many": (archive(*firmware_members(), Member("etc", type=b"5")), "does not belong"),
    "no manifest": (image(("manifest.json", None)), "'manifest.json' is missing"),
    "no configuration": (image((CONFIG, None)), "is missing in firmware.img"),
    "another configuration": (image((CONFIG, b'{"architecture": "x"}')), "wrong structure"),
    "no layer": (image((LAYER, None)), "not those of its configuration"),
    "another layer": (image((LAYER, b"evil")), "not those of its configuration"),
    "two images": (image(("manifest.json", b"[{}, {}]")), "exactly one image"),
    "a wrong architecture": (
        archive(*firmware_members()[:-1], Member("firmware.img", docker_image(architecture="arm"))),
        "made for linux/arm",
    ),
    "a disk for Docker": (
        archive(*firmware_members()[:-1], firmware_members(platform="bbb")[-1]),
        "not one for docker_x86",
    ),
    "text as image": (archive(*firmware_members()[:-1], Member("firmware.img", b"hello")), "neither"),
}


@pytest.mark.parametrize(("content", "reason"), BAD.values(), ids=BAD)
def test_a_bad_archive_is_refused_and_leaves_nothing(bench: Bench, content: bytes, reason: str) -> None:
    task = upload(bench, content)
    assert task["state"] == "failed"
    assert reason in task["reason"]
    assert (left(bench), stored(bench), platform(bench)["firmware"]) == ([], set(), [])


def test_what_skopeo_saves_is_read(bench: Bench, tmp_path: Path) -> None:
    """The real tool's layout, which has links in it."""
    saved = tmp_path / "firmware.img"
    (tmp_path / "oci.tar").write_bytes(b"")
    source = tmp_path / "source.img"
    source.write_bytes(tar(*(Member(*part) for part in docker_parts().items())))
    command = ["skopeo", "--insecure-policy", "copy", "--quiet", f"docker-archive:{source}"]
    subprocess.run([*command, f"docker-archive:{saved}:honeysens/sensor:1"], check=True)
    task = upload(bench, archive(*firmware_members()[:-1], Member("firmware.img", saved.read_bytes())))
    assert task["state"] == "done", task


@pytest.mark.parametrize("row", [True, False], ids=["after its row", "before its row"])
def test_a_worker_that_was_killed_leaves_an_archive_only_with_its_row(bench: Bench, row: bool) -> None:  # noqa: FBT001 - pytest passes parameters by name
    if row:
        digest = upload(bench, firmware_archive())["result"]["sha256"]
    else:
        digest = "0" * 64
        (bench.settings.firmware_dir).mkdir(exist_ok=True)
        (bench.settings.firmware_dir / f"{digest}.tar.gz").write_bytes(b"half done")
    with bench.database.writing() as session:
        number = tasks.create(session, "add-firmware", {"file": FILE, "archive": digest}, None).id
        session.execute(update(Task).where(Task.id == number).values(state=TaskState.RUNNING, started_at=now()))
    (bench.settings.uploads_dir / FILE).write_bytes(b"half done")

    start(bench.settings).database.close()

    assert bench.admin.ok("GET", f"/tasks/{number}")["state"] == "failed"
    assert stored(bench) == ({digest} if row else set())
    assert left(bench) == []


def test_archives_without_a_row_are_swept_at_the_start(bench: Bench) -> None:
    kept = upload(bench, firmware_archive())["result"]["sha256"]
    (bench.settings.firmware_dir / f"{'0' * 64}.tar.gz").write_bytes(b"x")
    start(bench.settings).database.close()
    assert stored(bench) == {kept}
