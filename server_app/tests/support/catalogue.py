"""Services and firmware, as uploads leave them, without images and with next to nothing in archives."""

from hashlib import sha256
from typing import Any

from server_bench import Bench

from sensor_wire.honeypot.manifest import ServiceManifest
from server_app.db import now
from server_app.platforms import service as platforms
from server_app.platforms.archive import FirmwareManifest
from server_app.platforms.kinds import PlatformName
from server_app.platforms.service import Stored
from server_app.platforms.store import FirmwareStore
from server_app.services import service as catalogue


def add_service(bench: Bench, name: str, revision: str = "1.0.0", **others: Any) -> None:
    manifest = {
        "name": name,
        "repository": f"honeysens/{name}",
        "description": "",
        "architecture": "amd64",
        "raw_network_access": False,
        "catch_all": False,
        "port_assignment": {},
        "revision": revision,
        "revision_description": "",
        "digest": f"sha256:{sha256(f'{name}{revision}'.encode()).hexdigest()}",
    } | others
    with bench.database.writing() as session:
        catalogue.add_revision(session, ServiceManifest.model_validate(manifest), now())


def add_firmware(bench: Bench, revision: str) -> None:
    """Firmware for Docker; all of it has the same archive."""
    content = b"firmware"
    stored = Stored(sha256(content).hexdigest(), len(content))
    store = FirmwareStore(bench.settings.firmware_dir)
    with store.locked():
        store.path(stored.sha256).write_bytes(content)
    manifest = FirmwareManifest(
        name="sensor", platform=PlatformName.DOCKER_X86, version=revision, description="", changelog=""
    )
    with bench.database.writing() as session:
        platforms.add_firmware(session, manifest, stored, now())
