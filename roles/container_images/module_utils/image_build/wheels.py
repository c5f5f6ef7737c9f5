"""Python wheels for images: fetched hash-checked on the controller, or built from what is pinned or our own."""

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import sources
from .architecture import INTERPRETER, TARGET_PYTHON, Architecture
from .pins import Pin, applicable, lines
from .process import BuildError, run

SOURCE_DATE_EPOCH = "1700000000"
FORMAT = 1
"""Part of the name of every built wheel's folder: raise it when wheels are built in another way."""

Compile = Callable[[Path, Path, Path], None]
"""Builds a source distribution (first argument) with the build backends of a folder (second) into a folder (third)."""


@dataclass(frozen=True)
class Wheelhouse:
    """Where the wheels for one architecture come from.

    Attributes:
        architecture: that of the images.
        cache: holds fetched wheels, in `sdists` fetched source distributions, in `built` the wheels made of them.
        backends: hash-pinned requirements file of all build backends that source distributions may ask for.
        compile: builds one of them, without network.
    """

    architecture: Architecture
    cache: Path
    backends: Path
    compile: Compile

    def fetch(self, requirements: Path, target: Path, backends: Path | None = None) -> str:
        """Put the wheels a requirements file names into `target`; what `cache` already holds is not fetched again.

        Args:
            requirements: hash-pinned, with markers.
            target: the folder to put them into.
            backends: a folder of build backends; without it those of `self.backends` are fetched when they are needed.

        Returns:
            The requirements file that goes with these wheels: a wheel built here has its own hash, not the source's.

        Raises:
            BuildError: a file is missing at the package index, its hash is not the pinned one, or it cannot be built.
        """
        for folder in (self.cache, target):
            folder.mkdir(parents=True, exist_ok=True)
        pins = applicable(requirements.read_text(encoding="utf-8"), self.architecture)
        built = {pin: wheel for pin in pins if (wheel := self._built(pin))}
        rest = [pin for pin in pins if pin not in built]
        try:
            self._stage(rest, target)
        except BuildError:
            without = self._download(rest)
            self._stage([pin for pin in rest if pin not in without], target)
            built |= self._build(without, backends)
        for wheel in built.values():
            shutil.copyfile(wheel, target / wheel.name)
        return lines(Pin(pin.requirement, (f"sha256:{_sha256(built[pin])}",)) if pin in built else pin for pin in pins)

    def _stage(self, pins: Sequence[Pin], target: Path) -> None:
        """Copy wheels out of the cache; only the cache may answer."""
        offline = {"PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": os.devnull}
        self._pip_download(pins, "--no-index", f"--find-links={self.cache}", f"--dest={target}", env=offline)

    def _download(self, pins: Sequence[Pin]) -> dict[Pin, Path]:
        """Fetch what is missing; returns the source distributions of those that have no wheel."""
        try:
            self._pip_download(pins, f"--dest={self.cache}")
        except BuildError as refusal:
            without = sources.without_wheel(pins, self.architecture, self.cache / "sdists")
            if not without:
                raise refusal from None
            self._pip_download([pin for pin in pins if pin not in without], f"--dest={self.cache}")
            return without
        return {}

    def _pip_download(self, pins: Sequence[Pin], *options: str, env: dict[str, str] | None = None) -> None:
        if not pins:
            return
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as pinned:
            pinned.write(lines(pins))
            pinned.flush()
            command = [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
                *("--require-hashes", "--no-deps", "--only-binary=:all:", "--implementation=cp"),
                *(f"--python-version={TARGET_PYTHON}", f"--abi={INTERPRETER}"),
                *(f"--platform={platform}" for platform in self.architecture.wheel_platforms),
                f"--requirement={pinned.name}",
            ]
            run([*command, *options], what=f"Fetching wheels for {self.architecture.name}", env=env)

    def _build(self, without: dict[Pin, Path], backends: Path | None) -> dict[Pin, Path]:
        """Build the wheels of source distributions, each in a folder named by all that decides what it will be."""
        with tempfile.TemporaryDirectory() as scratch:
            if without and backends is None:
                backends = Path(scratch)
                self.fetch(self.backends, backends, backends)
            return {pin: self._compiled(sdist, backends or Path(scratch)) for pin, sdist in without.items()}

    def _compiled(self, sdist: Path, backends: Path) -> Path:
        place = self._place(f"sha256:{_sha256(sdist)}")
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as scratch:
            folder = Path(scratch) / "wheel"
            folder.mkdir()
            self.compile(sdist, backends, folder)
            shutil.rmtree(place, ignore_errors=True)
            folder.rename(place)
        (wheel,) = place.glob("*.whl")
        return wheel

    def _built(self, pin: Pin) -> Path | None:
        return next((wheel for value in pin.hashes for wheel in self._place(value).glob("*.whl")), None)

    def _place(self, sdist_hash: str) -> Path:
        facts = [FORMAT, self.architecture.name, TARGET_PYTHON, _sha256(self.backends), sdist_hash]
        return self.cache / "built" / hashlib.sha256("\n".join(map(str, facts)).encode()).hexdigest()[:32]


def build(package: Path, target: Path) -> None:
    """Build the wheel of one of our own distributions into `target`, without network and the same every time.

    Raises:
        BuildError: the build backend refused.
    """
    programs = str(Path(sys.executable).parent)
    run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"),
            *("--no-index", "--no-cache-dir", f"--wheel-dir={target}", str(package)),
        ],
        what=f"Building the wheel of {package}",
        env={"SOURCE_DATE_EPOCH": SOURCE_DATE_EPOCH, "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"},
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
