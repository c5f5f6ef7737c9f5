"""Firmware archives, good ones and those with one thing wrong."""

import json
from typing import Any

from service_builder import Member, archive, digest_of, tar

FIELDS = {
    "name": "HoneySens docker_x86",
    "platform": "docker_x86",
    "version": "1.0.0",
    "description": "Docker sensor",
    "changelog": "first",
}


def firmware_metadata(**fields: str | None) -> bytes:
    """A metadata.xml; a field that is None is left out."""
    present = {name: text for name, text in (FIELDS | fields).items() if text is not None}
    body = "".join(f"<{name}>{text}</{name}>" for name, text in present.items())
    return f'<?xml version="1.0" encoding="utf-8"?>\n<firmware>{body}</firmware>\n'.encode()


def docker_parts(content: str = "hello", architecture: str = "amd64") -> dict[str, bytes]:
    """The files of a Docker archive with a tiny image."""
    layer = tar(Member("content.txt", content.encode()))
    config = _json(
        {"architecture": architecture, "os": "linux", "rootfs": {"type": "layers", "diff_ids": [digest_of(layer)]}}
    )
    name = f"{digest_of(config)[7:]}.json"
    layer_name = f"{digest_of(layer)[7:]}.tar"
    manifest = _json([{"Config": name, "RepoTags": ["honeysens/sensor:1.0.0"], "Layers": [layer_name]}])
    return {layer_name: layer, name: config, "manifest.json": manifest}


def docker_image(content: str = "hello", architecture: str = "amd64") -> bytes:
    """What `skopeo copy … docker-archive:` writes."""
    return tar(*(Member(name, part) for name, part in docker_parts(content, architecture).items()))


def disk_image(sectors: int = 64) -> bytes:
    """A disk with a boot sector and nothing on it."""
    return b"\0" * 510 + b"\x55\xaa" + b"\0" * 512 * (sectors - 1)


def firmware_members(content: str = "hello", **fields: str | None) -> list[Member]:
    """The members of a good archive, but for the metadata that is given."""
    bbb = fields.get("platform") == "bbb"
    return [
        Member("metadata.xml", firmware_metadata(**fields)),
        Member("README.md", b"# HoneySens\n"),
        *([] if bbb else [Member(".env", b"IFACE=eth0\n"), Member("docker-compose.yml", b"services: {}\n")]),
        Member("conf", type=b"5"),
        Member("firmware.img", disk_image() if bbb else docker_image(content)),
    ]


def firmware_archive(content: str = "hello", **fields: str | None) -> bytes:
    """A good archive, but for the metadata that is given."""
    return archive(*firmware_members(content, **fields))


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()
