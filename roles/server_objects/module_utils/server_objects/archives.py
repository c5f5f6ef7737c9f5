"""The service archives that were built, as `dist/manifest.json` names them."""

import json
import re
import tarfile
from pathlib import Path
from typing import Any

from .reconcile import Archive


class NotBuiltError(Exception):
    """A service has no archive; the message says which playbook makes it."""


def built(manifest: Path, services: list[str]) -> list[tuple[str, Archive]]:
    """Each service with its archive, one for each architecture that it was built for.

    Args:
        manifest: `dist/manifest.json`; archives are found relative to it.
        services: names.

    Raises:
        NotBuiltError: there is no manifest, or it names no archive of one of them.
    """
    if not services:
        return []
    artifacts = json.loads(manifest.read_text(encoding="utf-8"))["artifacts"] if manifest.exists() else []
    found = [item for item in artifacts if item["kind"] == "service" and item["path"]]
    missing = [name for name in services if name not in {item["name"] for item in found}]
    if missing:
        raise NotBuiltError(
            f"{manifest} names no archive of {', '.join(missing)}. Run playbooks/build-service-images.yml."
        )
    return [(name, _archive(item, manifest.parent)) for name in services for item in found if item["name"] == name]


def _archive(item: dict[str, Any], folder: Path) -> Archive:
    file = folder / item["path"]
    return Archive(item["version"], item["arch"], digest(file), file)


def digest(archive: Path) -> str:
    """The image's digest out of an archive's metadata, which is its first member; empty if it names none."""
    with tarfile.open(archive) as tar:
        member = tar.next()
        content = tar.extractfile(member) if member else None
        found = re.search(rb"<digest>([^<]+)</digest>", content.read()) if content else None
    return found[1].decode() if found else ""
