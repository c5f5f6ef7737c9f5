"""Service archives, good ones and those with one thing wrong."""

import gzip
import io
import json
import tarfile
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

FIELDS = {
    "name": "cowrie",
    "repository": "honeysens/cowrie",
    "description": "SSH honeypot",
    "architecture": "amd64",
    "rawNetworkAccess": "false",
    "catchAll": "false",
    "portAssignment": '{"2222/tcp": 22}',
    "revision": "1.0.0",
    "revisionDescription": "first",
}


@dataclass(frozen=True)
class Member:
    """A member of a tar: its content, or what kind of thing it is instead."""

    name: str
    content: bytes = b""
    type: bytes = tarfile.REGTYPE
    target: str = ""


def tar(*members: Member) -> bytes:
    """A tar with these members in this order."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for member in members:
            info = tarfile.TarInfo(member.name)
            info.type = member.type
            info.linkname = member.target
            info.size = len(member.content) if member.type == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(member.content) if info.size else None)
    return buffer.getvalue()


def metadata(**fields: str | None) -> bytes:
    """A metadata.xml; a field that is None is left out."""
    present = {name: text for name, text in (FIELDS | fields).items() if text is not None}
    body = "".join(f"<{name}>{text}</{name}>" for name, text in present.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<service>{body}</service>\n'.encode()


def digest_of(content: bytes) -> str:
    return f"sha256:{sha256(content).hexdigest()}"


def image(content: str = "hello", architecture: str = "amd64") -> tuple[str, list[Member]]:
    """A tiny image: the digest of its manifest, and the members of its OCI layout."""
    layer_tar = tar(Member("content.txt", content.encode()))
    layer = gzip.compress(layer_tar, mtime=0)
    config = _json(
        {
            "architecture": architecture,
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(layer_tar)]},
        }
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": _descriptor("application/vnd.oci.image.config.v1+json", config),
            "layers": [_descriptor("application/vnd.oci.image.layer.v1.tar+gzip", layer)],
        }
    )
    index = _json(
        {"schemaVersion": 2, "manifests": [_descriptor("application/vnd.oci.image.manifest.v1+json", manifest)]}
    )
    members = [
        Member("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'),
        Member("index.json", index),
        *(Member(f"blobs/sha256/{digest_of(blob)[7:]}", blob) for blob in (manifest, config, layer)),
    ]
    return digest_of(manifest), members


def archive(*members: Member) -> bytes:
    """The gzipped tar."""
    return gzip.compress(tar(*members), mtime=0)


def service_archive(content: str = "hello", **fields: str | None) -> bytes:
    """A good service archive, but for the metadata that is given; its image is made for their architecture."""
    digest, layout = image(content, "arm" if fields.get("architecture") == "armhf" else "amd64")
    return archive(
        Member("metadata.xml", metadata(**({"digest": digest} | fields))), Member("service.tar", tar(*layout))
    )


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def _descriptor(media_type: str, blob: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(blob), "size": len(blob)}
