"""What the server's registry says about an image, before the engine fetches it."""

import json
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from sensor_manager.plan.pulling import OCI_NAMES, ImageFacts, Layer
from sensor_manager.server.client import ServerClient, refusal
from sensor_manager.server.errors import ServerError
from sensor_wire.v1.architecture import Architecture

MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
ANY = "*/*"


class _Content(BaseModel):
    digest: str
    size: int = Field(ge=0)
    media_type: str = Field(alias="mediaType")


class _Manifest(BaseModel):
    config: _Content
    layers: list[_Content]


class _Root(BaseModel):
    diff_ids: list[str]


class _Wishes(BaseModel):
    volumes: dict[str, Any] | None = Field(default=None, alias="Volumes")


class _Config(BaseModel):
    architecture: str
    rootfs: _Root
    config: _Wishes | None = None


class _Platform(BaseModel):
    architecture: str


class _Entry(BaseModel):
    digest: str
    platform: _Platform


def image_facts(client: ServerClient, repository: str, digest: str, architecture: Architecture) -> ImageFacts:
    """Ask for an image's layers and architecture; of an image for several, the one for this sensor's.

    Raises:
        ServerError: the registry does not have it, or what it has is something else.
    """
    what = f"{repository}@{digest}"
    try:
        document = json.loads(_verified(client, f"/v2/{repository}/manifests/{digest}", digest))
        if isinstance(document, dict) and "manifests" in document:
            digest = _own(document, OCI_NAMES[architecture])
            document = json.loads(_verified(client, f"/v2/{repository}/manifests/{digest}", digest))
        manifest = _Manifest.model_validate(document)
        config = _Config.model_validate_json(
            _verified(client, f"/v2/{repository}/blobs/{manifest.config.digest}", manifest.config.digest)
        )
        layers = zip(manifest.layers, config.rootfs.diff_ids, strict=True)
        return ImageFacts(
            config.architecture,
            tuple(Layer(each.digest, each.size, each.media_type, content) for each, content in layers),
            volumes=bool(config.config and config.config.volumes),
        )
    except (ValidationError, ValueError) as error:
        raise ServerError(f"{what} is no image that runs here: {error}") from error


def _own(index: dict[str, Any], architecture: str) -> str:
    entries = [_Entry.model_validate(each) for each in index["manifests"]]
    own = next((each.digest for each in entries if each.platform.architecture == architecture), None)
    if own is None:
        raise ValueError(f"it is for {', '.join(each.platform.architecture for each in entries)}, not {architecture}")
    return own


def _verified(client: ServerClient, path: str, digest: str) -> bytes:
    response = client.get(path, {"Accept": ", ".join(MANIFESTS) if "/manifests/" in path else ANY})
    if response.status != HTTPStatus.OK:
        raise refusal(f"{path} is", response)
    if f"sha256:{sha256(response.body).hexdigest()}" != digest:
        raise ServerError(f"{path} is not what its digest says; nothing of it is used")
    return response.body
