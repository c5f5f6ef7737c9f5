"""Scenarios that have passed on this machine with exactly the same content, and so need not run again.

What a scenario can depend on is hashed: every file of the repository but those no scenario reads, the base image and
the server's (they stand for the state of the Debian mirror), and the machine's own programs. If one byte of it
differs, it runs.
"""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
DAYS = 7
"""After which it runs again: mirrors, clocks and kernels change without a byte of ours."""
FOLDER = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "honeysens" / "passed"
NOBODY_READS = ("bench/", "docs/", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "README.md")
PROGRAMS = ("server_app/", "sensor_manager/", "service_images/")
"""What goes into images. A scenario that is not named below is taken to read all of it."""
READS = {
    "base_image": (),
    "container_engine": (),
    "container_images": ("server_app/wire/",),
    "netfilter": ("sensor_manager/", "server_app/wire/"),
    "sensor_container": ("sensor_manager/", "server_app/wire/"),
    "sensor_firmware": ("sensor_manager/", "server_app/wire/"),
    "server": ("server_app/",),
    "service_images": ("service_images/", "server_app/wire/"),
}


def content_of(scenario: str) -> str | None:
    """Hash everything the scenario can depend on; None where that cannot be told, as without git."""
    listed = _output("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    images = _images("base", *(["server"] if scenario == "server" else []))
    if not listed or not images:
        return None
    content = hashlib.sha256()
    for fact in (scenario, images, platform.platform(), sys.version, *map(_version, ("docker", "nft"))):
        content.update(f"{fact}\0".encode())
    for name in sorted(filter(lambda name: reads(scenario, name), listed.split("\0"))):
        path = ROOT / name
        if path.is_file():
            content.update(f"{name}\0{path.stat().st_mode:o}\0".encode())
            content.update(hashlib.sha256(path.read_bytes()).digest())
    return content.hexdigest()


def reads(scenario: str, name: str) -> bool:
    """Tell whether the scenario's outcome can depend on a file, named from the repository's root."""
    if not name or name.startswith(NOBODY_READS):
        return False
    if name.startswith("molecule/"):
        return name.startswith((f"molecule/{scenario}/", "molecule/testinfra/support/"))
    if name.startswith(PROGRAMS):
        return name.startswith(READS.get(scenario, PROGRAMS)) and "/tests/" not in name
    return True


def recall(content: str) -> Counter[str] | None:
    """Return what the tests came to when this content passed; None when it has not, or too long ago."""
    file = FOLDER / content
    try:
        if time.time() - file.stat().st_mtime > DAYS * 86_400:
            return None
        return Counter(json.loads(file.read_text()))
    except (OSError, ValueError):
        return None


def remember(content: str, counts: Counter[str]) -> None:
    """Note that this content has passed; entries that count no longer are removed."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file in FOLDER.iterdir():
        if time.time() - file.stat().st_mtime > DAYS * 86_400:
            file.unlink(missing_ok=True)
    fresh = FOLDER / f".{content}.{os.getpid()}"
    fresh.write_text(json.dumps(counts))
    fresh.replace(FOLDER / content)


def _images(*kinds: str) -> str:
    """The digests of what was built; empty where nothing was."""
    try:
        artifacts = json.loads((ROOT / "dist" / "manifest.json").read_text())["artifacts"]
    except (OSError, ValueError, KeyError):
        return ""
    return " ".join(sorted(str(each["digest"]) for each in artifacts if each["kind"] in kinds))


def _version(program: str) -> str:
    found = shutil.which(program)
    return _output(found, "--version") if found else ""


def _output(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - those above
    return done.stdout if done.returncode == 0 else ""
