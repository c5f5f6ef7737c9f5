"""Services in the catalogue, as uploads leave them, without images."""

from hashlib import sha256
from typing import Any

from server_bench import Bench

from sensor_wire.honeypot.manifest import ServiceManifest
from server_app.db import now
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
