"""What a hash-pinned requirements file asks for, on an architecture of our images."""

from collections.abc import Iterable
from dataclasses import dataclass

from packaging.markers import Marker
from packaging.utils import NormalizedName, canonicalize_name

from .architecture import Architecture


@dataclass(frozen=True)
class Pin:
    """One package at one version: `cffi==2.1.1`, and the hashes (`sha256:…`) of the files that may be it."""

    requirement: str
    hashes: tuple[str, ...]

    @property
    def name(self) -> NormalizedName:
        """The package, as indexes name it."""
        return canonicalize_name(self.requirement.partition("==")[0].partition("[")[0].strip())

    def __str__(self) -> str:
        """As a line of a requirements file."""
        return " ".join([self.requirement, *(f"--hash={value}" for value in self.hashes)])


def applicable(requirements: str, architecture: Architecture) -> list[Pin]:
    """The pins of a universal requirements file that apply to our images, without their markers.

    pip would judge the markers by the interpreter it runs in, which on a controller may be another one.
    """
    kept = []
    for line in requirements.replace("\\\n", " ").splitlines():
        requirement, *hashes = line.split("--hash=")
        pinned, _, marker = requirement.partition(";")
        if not pinned.strip() or pinned.lstrip().startswith("#"):
            continue
        if not marker.strip() or Marker(marker).evaluate(architecture.markers):
            kept.append(Pin(pinned.strip(), tuple(value.strip() for value in hashes)))
    return kept


def lines(pins: Iterable[Pin]) -> str:
    """A requirements file of these pins."""
    return "".join(f"{pin}\n" for pin in pins)
