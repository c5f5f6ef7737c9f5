"""Python wheels for images: fetched hash-checked on the controller, or built from our own distributions."""

import os
import sys
import tempfile
from pathlib import Path

from packaging.markers import Marker

from .process import BuildError, run

SOURCE_DATE_EPOCH = "1700000000"
TARGET_PYTHON = "3.13"
"""Debian 13's Python, which all our images run."""

TARGET_PLATFORMS = (
    *(f"manylinux_2_{minor}_x86_64" for minor in range(41, 16, -1)),
    "manylinux2014_x86_64",
    "manylinux2010_x86_64",
    "manylinux1_x86_64",
)
_TARGET_ENVIRONMENT = {
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "python_version": TARGET_PYTHON,
    "python_full_version": f"{TARGET_PYTHON}.0",
    "sys_platform": "linux",
    "os_name": "posix",
    "platform_system": "Linux",
    "platform_machine": "x86_64",
}


def applicable(requirements: str) -> str:
    """The lines of a universal, hash-pinned requirements file that apply to our images, without their markers.

    pip would judge the markers by the interpreter it runs in, which on a controller may be another one.
    """
    kept = []
    for line in requirements.replace("\\\n", " ").splitlines():
        requirement, *hashes = line.split("--hash=")
        pinned, _, marker = requirement.partition(";")
        if not pinned.strip() or pinned.lstrip().startswith("#"):
            continue
        if not marker.strip() or Marker(marker).evaluate(_TARGET_ENVIRONMENT):
            kept.append(" ".join([pinned.strip(), *(f"--hash={value.strip()}" for value in hashes)]))
    return "".join(f"{line}\n" for line in kept)


def fetch(requirements: Path, target: Path, cache: Path) -> None:
    """Put the wheels a requirements file names into `target`; what `cache` already holds is not fetched again.

    Raises:
        BuildError: a wheel is missing at the package index, or its hash is not the pinned one.
    """
    cache.mkdir(parents=True, exist_ok=True)
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as pinned:
        pinned.write(applicable(requirements.read_text(encoding="utf-8")))
        pinned.flush()
        offline = [*_pip_download(Path(pinned.name)), "--no-index", f"--find-links={cache}", f"--dest={target}"]
        try:
            run(offline, what=f"Staging the wheels of {requirements}", env=_WITHOUT_PIP_SETTINGS)
        except BuildError:
            online = [*_pip_download(Path(pinned.name)), f"--dest={cache}"]
            run(online, what=f"Fetching the wheels of {requirements}")
            run(offline, what=f"Staging the wheels of {requirements}", env=_WITHOUT_PIP_SETTINGS)


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


_WITHOUT_PIP_SETTINGS = {"PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": os.devnull}
"""Only the cache may answer when we look for what is there."""


def _pip_download(requirements: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--require-hashes", "--no-deps", "--only-binary=:all:", "--implementation=cp"),
        f"--python-version={TARGET_PYTHON}",
        f"--abi=cp{TARGET_PYTHON.replace('.', '')}",
        *(f"--platform={platform}" for platform in TARGET_PLATFORMS),
        f"--requirement={requirements}",
    ]
