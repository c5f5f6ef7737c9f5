"""Service archives: `metadata.xml` and `service.tar` (an OCI layout), as sensors' servers take them.

The same image gives the same bytes: nothing in an archive depends on when or where it was written.
"""

import gzip
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from defusedxml.ElementTree import parse

GZIP_LEVEL = 1
"""The layers are compressed already."""


class ArchiveError(Exception):
    """Why an archive cannot be written, and what to do."""


@dataclass(frozen=True)
class Service:
    """What names a service archive."""

    name: str
    revision: str
    architecture: str

    @property
    def file_name(self) -> str:
        """As the documents name these archives."""
        return f"{self.name}-{self.revision}-{self.architecture}.tar.gz"


def read_service(metadata: Path, architecture: str) -> Service:
    """Name and revision out of a service's metadata.

    Raises:
        ArchiveError: the file does not name them.
    """
    root = _root(metadata)
    name, revision = root.findtext("name"), root.findtext("revision")
    if not name or not revision:
        raise ArchiveError(f"{metadata} names no service or no revision.")
    return Service(name, revision, architecture)


def complete_metadata(metadata: Path, *, digest: str, architecture: str) -> bytes:
    """The service's metadata with what only the build knows: architecture and the image's manifest digest."""
    root = _root(metadata)
    for tag, text in (("architecture", architecture), ("digest", digest)):
        for former in root.findall(tag):
            root.remove(former)
        ET.SubElement(root, tag).text = text
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def export_layout(image: str, layout: Path) -> str:
    """Write an image of the engine as an OCI layout and return its manifest's digest.

    Raises:
        ArchiveError: skopeo failed; carries what it said.
    """
    command = ["skopeo", "--insecure-policy", "copy", "--quiet", f"docker-daemon:{image}", f"oci:{layout}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a fixed program
    except FileNotFoundError as error:
        raise ArchiveError("skopeo is not installed.") from error
    if done.returncode != 0:
        raise ArchiveError(f"skopeo cannot export {image}: {done.stderr.strip()}")
    (manifest,) = json.loads((layout / "index.json").read_text(encoding="utf-8"))["manifests"]
    return str(manifest["digest"])


def write_archive(metadata: Path, image: str, service: Service, target: Path) -> None:
    """Write the archive of a built image to `target`, complete or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        work = Path(scratch)
        digest = export_layout(image, work / "layout")
        document = complete_metadata(metadata, digest=digest, architecture=service.architecture)
        (work / "metadata.xml").write_bytes(document)
        _tar(work / "layout", work / "service.tar")
        with tarfile.open(work / "plain.tar", "w", format=tarfile.PAX_FORMAT) as archive:
            for name in ("metadata.xml", "service.tar"):
                archive.add(work / name, arcname=name, filter=_normalised)
        partial = work / service.file_name
        with (
            (work / "plain.tar").open("rb") as plain,
            partial.open("wb") as raw,
            gzip.GzipFile(filename="", mode="wb", compresslevel=GZIP_LEVEL, fileobj=raw, mtime=0) as packed,
        ):
            shutil.copyfileobj(plain, packed)
        partial.replace(target)


def file_digest(path: Path) -> str:
    """`sha256:…` of a file."""
    with path.open("rb") as content:
        return f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"


def _root(metadata: Path) -> ET.Element:
    root = parse(metadata).getroot()
    if root is None:
        raise ArchiveError(f"{metadata} is empty.")
    return root


def _tar(folder: Path, target: Path) -> None:
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(folder.rglob("*")):
            archive.add(path, arcname=str(path.relative_to(folder)), recursive=False, filter=_normalised)


def _normalised(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.mtime, info.uid, info.gid, info.uname, info.gname = 0, 0, 0, "", ""
    info.mode = 0o755 if info.isdir() else 0o644
    return info
