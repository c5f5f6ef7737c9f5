"""`firmware.img`, looked at while it streams by: a Docker archive with one complete image, or the image of a disk."""

import json
import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import IO, Any

from pydantic import BaseModel, Field, ValidationError

from server_app.archives import bounded_tar
from server_app.archives.bounded_tar import CHUNK, refused
from server_app.platforms.kinds import PlatformName

SECTOR = 512
BOOT_SIGNATURE = b"\x55\xaa"
TAR_MAGIC = b"ustar"
TAR_MAGIC_AT = 257
MAX_JSON = 1024 * 1024
MANIFEST = "manifest.json"
CONFIG = re.compile(r"([0-9a-f]{64})\.json")
IMAGE = "/firmware.img"


@dataclass(frozen=True)
class Image:
    """What an image turned out to be."""

    is_disk: bool
    architecture: str | None = None


class _Entry(BaseModel):
    config: str = Field(alias="Config")
    layers: list[str] = Field(alias="Layers", max_length=512)


class _RootFs(BaseModel):
    diff_ids: list[str] = Field(max_length=512)


class _Config(BaseModel):
    architecture: str
    os: str
    rootfs: _RootFs


@dataclass
class _Parts:
    texts: dict[str, bytes] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)


def read(content: IO[bytes], size: int) -> Image:
    """Read all of an image and say what it is.

    Args:
        content: the image.
        size: bytes it has.

    Raises:
        Invalid: it is neither of both, or not complete.
    """
    stream = _Peeked(content)
    if stream.head[TAR_MAGIC_AT : TAR_MAGIC_AT + len(TAR_MAGIC)] == TAR_MAGIC:
        return Image(is_disk=False, architecture=_docker_archive(stream))
    if stream.head[-len(BOOT_SIGNATURE) :] != BOOT_SIGNATURE or len(stream.head) < SECTOR or size % SECTOR:
        raise refused("firmware.img is neither a Docker archive nor the image of a disk", IMAGE)
    count = 0
    while chunk := stream.read(CHUNK):
        count += len(chunk)
    if count != size:
        raise refused("firmware.img is cut off", IMAGE)
    return Image(is_disk=True)


def require(image: Image, platform: PlatformName) -> None:
    """Raises `Invalid` unless the image is one for this platform."""
    if image.is_disk != (platform is PlatformName.BBB):
        raise refused(f"firmware.img is not one for {platform}", IMAGE)
    if platform is PlatformName.DOCKER_X86 and image.architecture != "linux/amd64":
        raise refused(f"the image is made for {image.architecture}, not for {platform}", IMAGE)


def _docker_archive(stream: "_Peeked") -> str:
    parts = _Parts()
    # Older layouts have symbolic links from layer to layer; nothing is extracted here.
    for member, content in bounded_tar.members(stream, links=True):
        if content is None:
            continue
        name = member.name.removeprefix("./")
        if name == MANIFEST or CONFIG.fullmatch(name):
            parts.texts[name] = bounded_tar.content_of(member, content, MAX_JSON)
            parts.hashes[name] = sha256(parts.texts[name]).hexdigest()
        else:
            parts.hashes[name] = _hash(content)
    while stream.read(CHUNK):
        pass
    return _complete(parts)


def _complete(parts: _Parts) -> str:
    entries = _parsed(MANIFEST, parts)
    if not isinstance(entries, list) or len(entries) != 1:
        raise refused(f"{MANIFEST} in firmware.img does not name exactly one image", IMAGE)
    try:
        entry = _Entry.model_validate(entries[0])
        named = CONFIG.fullmatch(entry.config)
        config = _Config.model_validate(_parsed(entry.config, parts))
    except ValidationError as error:
        raise refused(f"{MANIFEST} or the configuration in firmware.img has a wrong structure", IMAGE) from error
    if named is None or parts.hashes[entry.config] != named[1]:
        raise refused("the configuration in firmware.img is not what its name says", IMAGE)
    if [f"sha256:{parts.hashes.get(layer)}" for layer in entry.layers] != config.rootfs.diff_ids:
        raise refused("the layers in firmware.img are not those of its configuration", IMAGE)
    return f"{config.os[:32]}/{config.architecture[:32]}"


def _parsed(name: str, parts: _Parts) -> Any:
    if name not in parts.texts:
        raise refused(f"{name[:100]!r} is missing in firmware.img", IMAGE)
    try:
        return json.loads(parts.texts[name])
    except (ValueError, RecursionError) as error:
        raise refused(f"{name} in firmware.img is not JSON", IMAGE) from error


def _hash(content: IO[bytes]) -> str:
    digest = sha256()
    while chunk := content.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


class _Peeked:
    """A stream whose first sector has been looked at."""

    def __init__(self, content: IO[bytes]) -> None:
        self.head = content.read(SECTOR)
        self._rest = self.head
        self._content = content

    def read(self, size: int) -> bytes:
        if self._rest:
            data, self._rest = self._rest[:size], self._rest[size:]
            return data
        return self._content.read(size)
