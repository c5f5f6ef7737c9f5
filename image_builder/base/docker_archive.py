"""Wrap a root file system tar into a docker-archive for `docker load`: the same bytes give the same image id.

`docker import` stamps the current time into the image, and old engines ignore its platform. Standard library only.
"""

import argparse
import hashlib
import io
import json
import tarfile
from datetime import UTC, datetime
from pathlib import Path

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def image_config(layer_sha256: str, platform: str, created: str) -> bytes:
    """The image's configuration; its SHA-256 is the image id."""
    architecture, _, variant = platform.partition("/")
    config = {
        "architecture": architecture,
        **({"variant": variant} if variant else {}),
        "os": "linux",
        "created": created,
        "config": {"Env": [f"PATH={PATH}"], "Cmd": ["/bin/sh"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer_sha256}"]},
        "history": [{"created": created, "created_by": "mmdebstrap"}],
    }
    return json.dumps(config, sort_keys=True, separators=(",", ":")).encode()


def write_archive(layer: Path, archive: Path, *, reference: str, platform: str, epoch: int) -> str:
    """Write the archive and return the image id.

    Args:
        layer: uncompressed tar of the root file system.
        archive: the file to write.
        reference: name and tag the image is loaded under.
        platform: architecture and variant as OCI names them, such as amd64 or arm/v7.
        epoch: creation time, seconds since the epoch.
    """
    with layer.open("rb") as content:
        layer_sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    created = datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    config = image_config(layer_sha256, platform, created)
    image_id = hashlib.sha256(config).hexdigest()
    layer_name = f"{layer_sha256}/layer.tar"
    manifest = [{"Config": f"{image_id}.json", "RepoTags": [reference], "Layers": [layer_name]}]
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tar:
        with layer.open("rb") as content:
            tar.addfile(_entry(layer_name, layer.stat().st_size, epoch), content)
        for name, document in ((f"{image_id}.json", config), ("manifest.json", json.dumps(manifest).encode())):
            tar.addfile(_entry(name, len(document), epoch), io.BytesIO(document))
    return f"sha256:{image_id}"


def _entry(name: str, size: int, epoch: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size, epoch, 0o644
    return info


def main() -> None:
    """Read the arguments, write the archive, print the image id."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("layer", type=Path)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--reference", required=True)
    parser.add_argument("--platform", default="amd64", help="architecture and variant, as OCI names them")
    parser.add_argument("--epoch", type=int, required=True)
    options = parser.parse_args()
    image_id = write_archive(
        options.layer,
        options.archive,
        reference=options.reference,
        platform=options.platform,
        epoch=options.epoch,
    )
    print(image_id)  # noqa: T201 - this is what it is called for


if __name__ == "__main__":
    main()
