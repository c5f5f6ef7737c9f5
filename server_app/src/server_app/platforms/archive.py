"""The firmware archive: a gzipped tar of `firmware.img`, its description, and what is needed to start it."""

import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated

from pydantic import StringConstraints, ValidationError

from sensor_wire.base import LongText, RevisionName, ShortText
from server_app.api_base.model import ApiModel
from server_app.archives import bounded_tar, flat_xml
from server_app.archives.bounded_tar import Follower, GunzipReader, Limits, refused
from server_app.field_errors import field_errors
from server_app.platforms import image
from server_app.platforms.image import Image
from server_app.platforms.kinds import PlatformName

METADATA = "metadata.xml"
IMAGE_FILE = "firmware.img"
README = "README.md"
COMPOSE = "docker-compose.yml"
TEXTS = {README, COMPOSE, ".env", "seccomp.json"}
FOLDER = "conf"
"""Empty: the sensor's own configuration goes there."""
MAX_TEXT = 256 * 1024
RATIO = 200
"""Nothing of it is unpacked to the disk, and file systems have much empty space."""
CURRENT = "current"
NEEDED = {
    PlatformName.BBB: {METADATA, IMAGE_FILE},
    PlatformName.DOCKER_X86: {METADATA, IMAGE_FILE, COMPOSE},
}
ROOT = "firmware"
ELEMENTS = {"name", "platform", "version", "description", "changelog"}


class FirmwareManifest(ApiModel):
    """The content of the archive's `metadata.xml`."""

    name: Annotated[ShortText, StringConstraints(min_length=1)]
    platform: PlatformName
    version: RevisionName
    description: LongText
    changelog: LongText


@dataclass
class _Found:
    names: set[str]
    manifest: FirmwareManifest | None = None
    image: Image | None = None


def check(archive: Path, limits: Limits, follow: Follower = lambda _share: None) -> FirmwareManifest:
    """Check an archive in one pass; nothing is written.

    Args:
        archive: the uploaded file.
        limits: bounds of what it may unpack to.
        follow: is told how far it is.

    Raises:
        Invalid: anything about it is not as it must be; the detail says what.
    """
    found = _Found(set())
    with archive.open("rb") as packed, bounded_tar.unpacking():
        reader = GunzipReader(packed, limits, follow)
        for member, content in bounded_tar.members(reader):
            _take(found, member, content)
        reader.drain()
    if found.manifest is None or found.image is None:
        raise refused(f"{METADATA if found.manifest is None else IMAGE_FILE} is missing")
    for name in sorted(NEEDED[found.manifest.platform] - found.names):
        raise refused(f"{name} is missing")
    image.require(found.image, found.manifest.platform)
    return found.manifest


def _take(found: _Found, member: tarfile.TarInfo, content: IO[bytes] | None) -> None:
    found.names.add(member.name)
    if content is None:
        if member.name != FOLDER:
            raise bounded_tar.unexpected(member)
    elif member.name == METADATA:
        found.manifest = parse(bounded_tar.content_of(member, content, flat_xml.MAX_BYTES))
    elif member.name == IMAGE_FILE:
        found.image = image.read(content, member.size)
    elif member.name in TEXTS:
        bounded_tar.content_of(member, content, MAX_TEXT).decode()
    else:
        raise bounded_tar.unexpected(member)


def parse(content: bytes) -> FirmwareManifest:
    """The manifest in a `metadata.xml`.

    Raises:
        Invalid: names the element that is missing, unknown, repeated or wrong.
    """
    fields = flat_xml.elements(content, ROOT, ELEMENTS, frozenset())
    try:
        manifest = FirmwareManifest.model_validate({name: text.strip() for name, text in fields.items()})
    except ValidationError as error:
        first = field_errors(error)[0]
        raise flat_xml.wrong(first.pointer[1:], first.reason) from error
    if manifest.version == CURRENT:
        raise flat_xml.wrong("version", f"cannot be {CURRENT!r}: that names the default")
    return manifest
