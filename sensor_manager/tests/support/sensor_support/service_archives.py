"""The honeypots as they were built for sensors: their archives, in a server's registry and as services to run."""

import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from defusedxml.ElementTree import fromstring

from sensor_support.mini_server import MiniServer
from sensor_wire.honeypot.metadata import manifest_of
from sensor_wire.v1.desired import DesiredService

DIST = Path(__file__).parents[4] / "dist"
OCTETS = "application/octet-stream"

type Options = Mapping[str, Any]


def publish_archives(server: MiniServer, persona: Options, own: Mapping[str, Options]) -> list[DesiredService]:
    """Put the images of all archives for this machine into the server's registry, byte for byte.

    Args:
        server: whose registry.
        persona: options by names that all services share; each gets those that it declares and accepts.
        own: further options by service.

    Returns:
        The services with all their ports, as a server would want them of a sensor.
    """
    built = [item for item in _artifacts() if item["kind"] == "service" and item["arch"] == "amd64" and item["path"]]
    assert built, f"{DIST} has no service archives; build them first (make images)"
    return [_publish(server, DIST / item["path"], persona, own.get(item["name"], {})) for item in built]


def _artifacts() -> list[dict[str, Any]]:
    manifest = DIST / "manifest.json"
    return list(json.loads(manifest.read_text())["artifacts"]) if manifest.exists() else []


def _publish(server: MiniServer, archive: Path, persona: Options, own: Options) -> DesiredService:
    with tarfile.open(archive) as tar:
        manifest = manifest_of({each.tag: each.text or "" for each in fromstring(_member(tar, "metadata.xml").read())})
        with tarfile.open(fileobj=_member(tar, "service.tar")) as layout:
            _copy_layout(server, layout)
    assert manifest.digest in server.blobs, f"the image of {archive} is another than it says"
    declared: Any = manifest.options.get("properties", {})
    fitting = {
        name: value
        for name, value in persona.items()
        if name in declared and value in declared[name].get("enum", [value])
    }
    return DesiredService(
        name=manifest.name,
        revision=manifest.revision,
        repository=manifest.repository,
        digest=manifest.digest,
        ports=manifest.port_assignment,
        port_ranges=manifest.port_ranges,
        catch_all=manifest.catch_all,
        options=fitting | dict(own),
        limits=manifest.limits,
    )


def _copy_layout(server: MiniServer, layout: tarfile.TarFile) -> None:
    (top,) = json.loads(_member(layout, "index.json").read())["manifests"]
    for member in layout.getmembers():
        folder, _, name = member.name.rpartition("/")
        digest = f"sha256:{name}"
        if folder == "blobs/sha256" and name and digest not in server.blobs:
            kind = top["mediaType"] if digest == top["digest"] else OCTETS
            server.blobs[digest] = (kind, _member(layout, member.name).read())


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    found = tar.extractfile(name)
    assert found is not None, name
    return found
