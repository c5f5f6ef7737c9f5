"""The OCI image layout within a service archive: one image, complete, byte for byte what its digests say."""

import json
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sensor_wire.base import ImageDigest
from sensor_wire.v1.architecture import Architecture
from server_app.archives import bounded_tar
from server_app.archives.bounded_tar import CHUNK, refused

MAX_JSON = 1024 * 1024
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
BLOB = re.compile(r"blobs/sha256/([0-9a-f]{64})")
FOLDERS = {".", "blobs", "blobs/sha256"}
SMALL_FILES = {"oci-layout", "index.json"}
OCI_NAMES = {Architecture.AMD64: "amd64", Architecture.ARMHF: "arm"}


@dataclass(frozen=True)
class Layout:
    """An unpacked layout: its folder, and the blobs in it by digest with their sizes in bytes."""

    folder: Path
    blobs: dict[str, int]


class _Descriptor(BaseModel):
    model_config = ConfigDict(extra="ignore")

    digest: ImageDigest
    size: int = Field(ge=0)
    media_type: str = Field(alias="mediaType")


class _Index(BaseModel):
    model_config = ConfigDict(extra="ignore")

    manifests: list[_Descriptor]


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="ignore")

    config: _Descriptor
    layers: list[_Descriptor] = Field(max_length=512)


class _Config(BaseModel):
    model_config = ConfigDict(extra="ignore")

    architecture: str
    os: str


def unpack(stream: IO[bytes], folder: Path) -> Layout:
    """Unpack a layout's tar; every blob is checked against its name on the way.

    Args:
        stream: the tar.
        folder: where to; only the fixed names of a layout are written.

    Raises:
        Invalid: there is something else in it, or a blob is not what its name says.
    """
    (folder / "blobs" / "sha256").mkdir(parents=True)
    blobs: dict[str, int] = {}
    for member, content in bounded_tar.members(stream):
        name = member.name.removeprefix("./")
        blob = BLOB.fullmatch(name)
        if content is None:
            if name not in FOLDERS:
                raise bounded_tar.unexpected(member)
        elif name in SMALL_FILES:
            (folder / name).write_bytes(bounded_tar.content_of(member, content, MAX_JSON))
        elif blob is None:
            raise bounded_tar.unexpected(member)
        else:
            digest = f"sha256:{blob[1]}"
            if digest in blobs or _copied(content, folder / name) != blob[1]:
                raise refused(f"the content of {name} is not what its name says", "/service.tar")
            blobs[digest] = member.size
    return Layout(folder, blobs)


def check(layout: Layout, digest: str, architecture: Architecture) -> None:
    """Check that the layout is exactly one complete image.

    Args:
        layout: unpacked, so its blobs are what their names say.
        digest: of the image's manifest, as metadata.xml states it.
        architecture: the one it must be made for.

    Raises:
        Invalid: says what is missing, too much or different.
    """
    for name in sorted(SMALL_FILES):
        if not (layout.folder / name).exists():
            raise refused(f"{name} is missing in service.tar", "/service.tar")
    index = _parsed(_Index, layout.folder / "index.json")
    if len(index.manifests) != 1 or index.manifests[0].media_type != MANIFEST_TYPE:
        raise refused("index.json does not name exactly one OCI image manifest", "/service.tar")
    if index.manifests[0].digest != digest:
        raise refused("the digest in metadata.xml is not that of the image", "/metadata.xml/digest")
    manifest = _parsed(_Manifest, _blob(layout, index.manifests[0]))
    needed = [index.manifests[0], manifest.config, *manifest.layers]
    for descriptor in needed:
        _blob(layout, descriptor)
    superfluous = layout.blobs.keys() - {descriptor.digest for descriptor in needed}
    if superfluous:
        raise refused(f"{min(superfluous)} in service.tar is not part of the image", "/service.tar")
    config = _parsed(_Config, _blob(layout, manifest.config))
    if config.os != "linux" or config.architecture != OCI_NAMES[architecture]:
        reason = f"the image is made for {config.os[:32]}/{config.architecture[:32]}, not for {architecture}"
        raise refused(reason, "/metadata.xml/architecture")


def _blob(layout: Layout, descriptor: _Descriptor) -> Path:
    if layout.blobs.get(descriptor.digest) != descriptor.size:
        raise refused(f"{descriptor.digest} is missing in service.tar or has another size", "/service.tar")
    return layout.folder / "blobs" / "sha256" / descriptor.digest.removeprefix("sha256:")


def _copied(content: IO[bytes], target: Path) -> str:
    digest = sha256()
    with target.open("xb") as file:
        while chunk := content.read(CHUNK):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def _parsed[M: BaseModel](model: type[M], path: Path) -> M:
    if path.stat().st_size > MAX_JSON:
        raise refused(f"{path.name} in service.tar is larger than {MAX_JSON} bytes", "/service.tar")
    try:
        value: Any = json.loads(path.read_bytes())
        return model.model_validate(value)
    except (ValueError, RecursionError) as error:
        reason = "has a wrong structure" if isinstance(error, ValidationError) else "is not JSON"
        raise refused(f"{path.name} in service.tar {reason}", "/service.tar") from error
