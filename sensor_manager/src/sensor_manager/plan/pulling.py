"""What is to know about an image before it is pulled, and how far a pull is."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sensor_wire.v1.architecture import Architecture
from sensor_wire.v1.poll import PullProgress

MIB = 1024 * 1024
RESERVE = 64 * MIB
"""Bytes that stay free beside all images, for the events of a day without server."""
ROOM = {"gzip": 4, "zstd": 5}
"""How much disk a compressed layer takes while it is unpacked, by its media type's end, in times of its size."""
ROOM_PLAIN = 2
OCI_NAMES = {Architecture.AMD64: "amd64", Architecture.ARMHF: "arm"}
"""Architectures as image formats call them."""
SHORT_ID = 12
COMPLETE = frozenset({"Download complete", "Extracting", "Pull complete", "Already exists"})


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of an image as the registry has it; `size` in bytes, `content` is the hash of what it unpacks to."""

    digest: str
    size: int
    media_type: str
    content: str


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What the registry says about an image, covered by its digest; `volumes`: it wants to keep files."""

    architecture: str
    layers: tuple[Layer, ...]
    volumes: bool = False


def missing_layers(facts: ImageFacts, present: Collection[str]) -> tuple[Layer, ...]:
    """Return the layers that must be fetched, when the contents of these are there already."""
    return tuple(each for each in facts.layers if each.content not in present)


def objection(
    facts: ImageFacts, architecture: Architecture, missing: Collection[Layer], free: int | None
) -> str | None:
    """Return why the image must not be pulled, or None.

    Args:
        facts: about the image.
        architecture: the sensor's own.
        missing: layers to be fetched.
        free: bytes the engine has left; None where that cannot be known.
    """
    if facts.architecture != OCI_NAMES[architecture]:
        return f"the image is for {facts.architecture}, this sensor is {OCI_NAMES[architecture]}; upload one that fits"
    if facts.volumes:
        return "the image declares volumes, which honeypots do not get; rebuild it without them"
    if free is None or not missing:
        return None
    needed = RESERVE + sum(_room(each) for each in missing)
    if needed <= free:
        return None
    return f"the image needs {_mib(needed)} MiB of the disk, {_mib(free)} are free; remove a service or choose another"


class PullMeter:
    """Adds up what the engine says about the layers of one pull."""

    def __init__(self, missing: Collection[Layer]) -> None:
        self._sizes = {each.digest.partition(":")[2][:SHORT_ID]: each.size for each in missing}
        self._done: dict[str, int] = {}

    def note(self, step: Mapping[str, Any]) -> PullProgress:
        """Take in one step of the engine's account; returns how much has come by now."""
        layer, status = step.get("id"), step.get("status")
        if layer in self._sizes:
            if status in COMPLETE:
                self._done[layer] = self._sizes[layer]
            elif status == "Downloading":
                current = int((step.get("progressDetail") or {}).get("current") or 0)
                self._done[layer] = min(max(current, self._done.get(layer, 0)), self._sizes[layer])
        return PullProgress(done=sum(self._done.values()), total=sum(self._sizes.values()))


def _room(layer: Layer) -> int:
    return layer.size * next((times for kind, times in ROOM.items() if layer.media_type.endswith(kind)), ROOM_PLAIN)


def _mib(size: int) -> int:
    return size // MIB
