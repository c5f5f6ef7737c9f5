"""What removed services leave in the registry's volume goes when its container collects, and all else stays."""

from pathlib import Path

from scenario_testing.deployed import Admin
from scenario_testing.machine import docker, eventually
from service_builder import image, service_archive

REGISTRY = "molecule-server-registry"


def upload(admin: Admin, name: str) -> None:
    archive = service_archive(name, name=name, repository=f"honeysens/{name}")
    admin.ended(admin.call("POST", "/services", data=archive).json()["task"])


def remove(admin: Admin, name: str) -> None:
    """Remove a service; returns when the worker has removed its image from the registry, too."""
    admin.call("DELETE", f"/services/{name}")
    task = admin.call("GET", "/tasks", params={"type": "remove-service-images"}).json()["items"][0]["id"]
    admin.ended(task)


def blobs_of(name: str) -> set[str]:
    """The digests of all parts of a service's image."""
    return {member.name.rpartition("/")[2] for member in image(name)[1][2:]}


def blobs() -> set[str]:
    """The digests of what takes room in the registry's volume."""
    volume = Path(docker("volume", "inspect", "--format", "{{.Mountpoint}}", REGISTRY))
    return {path.parent.name for path in volume.glob("docker/registry/v2/blobs/sha256/*/*/data")}


def test_a_removed_services_image_makes_room_and_others_stay(admin: Admin) -> None:
    upload(admin, "kept")
    upload(admin, "removed")
    assert blobs_of("kept") | blobs_of("removed") <= blobs()
    remove(admin, "removed")
    assert blobs_of("removed") <= blobs(), "nothing would be left to collect"

    docker("kill", "--signal", "USR1", REGISTRY)

    eventually("the registry has collected", lambda: not blobs_of("removed") & blobs())
    assert blobs_of("kept") <= blobs()
    eventually("it works again", lambda: admin.call("GET", "/services/registry").json()["available"])
    upload(admin, "removed")
    assert blobs_of("removed") <= blobs(), "what was collected can come back"
    for name in ("kept", "removed"):
        remove(admin, name)
