"""Source distributions, for packages that have no wheel for an architecture: found and fetched without running them.

pip runs a source distribution's own code to learn its name, even where it only downloads; uv looks into the index.
"""

import ast
import hashlib
import os
import ssl
import sys
import tempfile
import tomllib
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name, parse_wheel_filename

from .architecture import TARGET_PYTHON, Architecture
from .pins import Pin
from .process import BuildError, run

TIMEOUT_S = 180
FROM_PIP = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "no-index": ("UV_NO_INDEX", " "),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", " "),
    "proxy": ("ALL_PROXY", " "),
}
"""pip's settings → uv's variable for each, and what stands between several values."""
FURTHER_PLACES = ("extra-index-url", "find-links")


def without_wheel(pins: Sequence[Pin], architecture: Architecture, target: Path) -> dict[Pin, Path]:
    """Fetch the source distribution of each pin that has no wheel for the architecture into `target`.

    Raises:
        BuildError: the index cannot be asked, or a pin has neither; or a file is not the pinned one.
    """
    settings = pip_settings()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        wanted = _wanted(pins, architecture, folder, settings)
        target.mkdir(parents=True, exist_ok=True)
        return {pin: _fetched(sdist, folder, target, settings) for pin, sdist in wanted.items()}


def _wanted(
    pins: Sequence[Pin], architecture: Architecture, folder: Path, settings: Mapping[str, str]
) -> dict[Pin, dict[str, Any]]:
    """Ask the index alone, and where that does not do all places: uv takes all files of a version from one of them."""
    alone = {option: value for option, value in settings.items() if option not in FURTHER_PLACES}
    if "no-index" not in settings and alone != settings:
        try:
            return _wanted(pins, architecture, folder, alone)
        except BuildError:
            pass  # what is wrong is said by the other answer
    packages = _locked(pins, folder, settings)
    return {pin: found for pin in pins if (found := chosen(pin, packages.get(pin.name, {}), architecture))}


def chosen(pin: Pin, package: Mapping[str, Any], architecture: Architecture) -> dict[str, Any] | None:
    """A package's source distribution as its lock file names it; none where there is a pinned wheel that fits.

    Raises:
        BuildError: there is neither.
    """
    tags = frozenset(architecture.wheel_tags())
    for wheel in package.get("wheels", ()):
        if _pinned(wheel, pin) and parse_wheel_filename(_name(wheel))[3] & tags:
            return None
    sdist: dict[str, Any] | None = package.get("sdist")
    if sdist is None or not _pinned(sdist, pin):
        raise BuildError(
            f"{pin.requirement} has neither a wheel for {architecture.name} nor a source distribution that is pinned."
        )
    return sdist


def pip_settings() -> dict[str, str]:
    """What pip is configured to on this machine, by the names of its options; the environment counts most."""
    shown = run([sys.executable, "-m", "pip", "config", "list"], what="Reading pip's configuration")
    found: dict[str, str] = {}
    for line in sorted(shown.splitlines(), reverse=True):  # those of the environment begin with a colon
        key, _, value = line.partition("=")
        found[key.rpartition(".")[2]] = str(ast.literal_eval(value))
    return found


def uv_settings(settings: Mapping[str, str]) -> dict[str, str]:
    """The same configuration as uv takes it; local folders that are not there are left out, as pip does."""
    variables = {"UV_PYTHON_DOWNLOADS": "never"}
    for option, (variable, between) in FROM_PIP.items():
        values = [
            value
            for value in settings.get(option, "").split()
            if "://" in value or option != "find-links" or Path(value).exists()
        ]
        if values:
            variables[variable] = between.join(values)
    return variables


def _locked(pins: Iterable[Pin], folder: Path, settings: Mapping[str, str]) -> dict[str, Mapping[str, Any]]:
    """What the index has of each package, as a lock file of the standard's (PEP 751) names it."""
    asked, lock = folder / "requirements.in", folder / "pylock.toml"
    asked.write_text("".join(f"{pin.requirement}\n" for pin in pins), encoding="utf-8")
    run(
        [
            *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-deps", "--universal"),
            *(f"--python-version={TARGET_PYTHON}", "--index-strategy=unsafe-best-match", "--format=pylock.toml"),
            *(f"--output-file={lock}", str(asked)),
        ],
        what="Asking the package index for source distributions",
        env=uv_settings(settings),
    )
    packages = tomllib.loads(lock.read_text(encoding="utf-8")).get("packages", ())
    return {canonicalize_name(package["name"]): package for package in packages}


def _fetched(file: Mapping[str, Any], folder: Path, target: Path, settings: Mapping[str, str]) -> Path:
    place, digest = target / _name(file), file["hashes"]["sha256"]
    if not place.exists() or _sha256(place) != digest:
        partial = place.with_name(f".{place.name}.{os.getpid()}")
        try:
            partial.write_bytes(_read(file, folder, settings))
            if _sha256(partial) != digest:
                raise BuildError(f"{_name(file)} is not the pinned file: its hash is another one.")
            partial.replace(place)
        finally:
            partial.unlink(missing_ok=True)
    return place


def _read(file: Mapping[str, Any], folder: Path, settings: Mapping[str, str]) -> bytes:
    if "url" not in file:
        return (folder / str(file["path"])).read_bytes()
    certificates = ssl.create_default_context(cafile=settings.get("cert"))
    handlers: list[urllib.request.BaseHandler] = [urllib.request.HTTPSHandler(context=certificates)]
    if proxy := settings.get("proxy"):
        handlers.append(urllib.request.ProxyHandler({"http": proxy, "https": proxy}))
    try:
        with urllib.request.build_opener(*handlers).open(file["url"], timeout=TIMEOUT_S) as answer:
            return bytes(answer.read())
    except OSError as error:
        raise BuildError(f"{file['url']} cannot be fetched: {error}") from error


def _pinned(file: Mapping[str, Any], pin: Pin) -> bool:
    return f"sha256:{file['hashes'].get('sha256')}" in pin.hashes


def _name(file: Mapping[str, Any]) -> str:
    return str(
        file.get("name")
        or urllib.parse.unquote(urllib.parse.urlsplit(file.get("url") or file["path"]).path.rpartition("/")[2])
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
