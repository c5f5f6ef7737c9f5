"""The service archive: a gzipped tar of exactly `metadata.xml` and `service.tar`, an OCI layout."""

from dataclasses import dataclass
from pathlib import Path

from sensor_wire.honeypot.manifest import ServiceManifest
from server_app.archives import bounded_tar, flat_xml
from server_app.archives.bounded_tar import Follower, GunzipReader, Limits, refused
from server_app.services import metadata, oci_layout

METADATA = "metadata.xml"
IMAGE = "service.tar"


@dataclass(frozen=True)
class CheckedArchive:
    """An archive that is what it says: its manifest, and the folder with the OCI layout."""

    manifest: ServiceManifest
    layout: Path


def unpack(archive: Path, folder: Path, limits: Limits, follow: Follower = lambda _share: None) -> CheckedArchive:
    """Check an archive in one pass and unpack its image.

    Args:
        archive: the uploaded file.
        folder: an empty one; what is in it after a refusal is of no use.
        limits: bounds of what it may unpack to.
        follow: is told how far it is.

    Raises:
        Invalid: anything about it is not as it must be; the detail says what.
    """
    manifest: ServiceManifest | None = None
    layout: oci_layout.Layout | None = None
    with archive.open("rb") as packed, bounded_tar.unpacking():
        reader = GunzipReader(packed, limits, follow)
        for member, content in bounded_tar.members(reader):
            if content is None:
                raise bounded_tar.unexpected(member)
            if member.name == METADATA:
                manifest = metadata.parse(bounded_tar.content_of(member, content, flat_xml.MAX_BYTES))
            elif member.name == IMAGE:
                layout = oci_layout.unpack(content, folder)
            else:
                raise bounded_tar.unexpected(member)
        reader.drain()
    if manifest is None or layout is None:
        raise refused(f"{METADATA if manifest is None else IMAGE} is missing")
    oci_layout.check(layout, manifest.digest, manifest.architecture)
    return CheckedArchive(manifest, layout.folder)
