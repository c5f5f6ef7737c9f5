"""Stages that have passed on this machine with exactly the same content, and so need not run again.

What a stage can depend on is hashed: every file of the repository but those it does not read, the images it starts
from (the base image also stands for the state of the Debian mirror), and the machine's own programs. If one byte of
it differs, it runs.
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
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
DAYS = 7
"""After which it runs again: mirrors, clocks and kernels change without a byte of ours."""
FOLDER = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "honeysens" / "passed"
NOBODY_READS = ("docs/", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "README.md")
HONEYPOT_PAGE = "docs/adding-a-honeypot.md"
WIRE = "server_app/wire/"
PROGRAMS = ("server_app/", "sensor_manager/", "service_images/", "bench/")
"""What goes into images, and what measures them."""
ANSIBLE = ("roles/", "playbooks/", "inventories/", "image_builder/", "molecule/")


@dataclass(frozen=True)
class Reading:
    """What the outcome of a stage depends on, besides the files that belong to nothing below.

    Attributes:
        programs: those of `PROGRAMS`, or folders of theirs.
        images: the kinds of images that it starts from, as `dist/manifest.json` names them.
        tests: whether it runs tests of the programs; if it is no scenario, it reads nothing of `ANSIBLE` then.
        documents: how the names of those of `NOBODY_READS` begin that it reads after all.
    """

    programs: tuple[str, ...] = ()
    images: tuple[str, ...] = ("base",)
    tests: bool = False
    documents: tuple[str, ...] = ()


SCENARIOS = {
    "armhf": Reading(("service_images/", WIRE), tests=True),
    "base_image": Reading(),
    "container_engine": Reading(),
    "container_images": Reading((WIRE,)),
    "netfilter": Reading(("sensor_manager/", WIRE)),
    "sensor_container": Reading(("sensor_manager/", WIRE)),
    "sensor_firmware": Reading(("sensor_manager/", WIRE)),
    "server": Reading(("server_app/",), ("base", "server"), tests=True),
    "service_images": Reading(("service_images/", WIRE), tests=True, documents=(HONEYPOT_PAGE,)),
}
"""A scenario that is not named here is taken to read all of it."""
TESTS = {
    "faults of the database": Reading(("sensor_manager/", "server_app/"), ("base", "server"), tests=True),
    "faults of the sensor": Reading(("sensor_manager/", "server_app/"), (), tests=True),
    "rates of honeypots": Reading(("bench/", "service_images/", WIRE), ("base", "service"), tests=True),
    "sensor in namespaces": Reading(("sensor_manager/", WIRE), (), tests=True),
    "sensor on an engine": Reading(
        ("sensor_manager/", WIRE, "bench/", "service_images/"), ("base", "service", "firmware"), tests=True
    ),
    "server on PostgreSQL": Reading(
        ("server_app/",),
        ("base", "server"),
        tests=True,
        documents=("docs/api.md", "docs/operating", "docs/sensors.md"),
    ),
    "service images": Reading(("service_images/", WIRE), ("base", "service"), tests=True, documents=(HONEYPOT_PAGE,)),
}
RULES = {"ansible-lint": Reading(images=())}
READS = SCENARIOS | TESTS | RULES


def content_of(stage: str) -> str | None:
    """Hash everything the stage can depend on; None where that cannot be told, as without git."""
    listed = _output("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    kinds = READS[stage].images if stage in READS else ("base",)
    images = _images(*kinds)
    if not listed or (kinds and not images):
        return None
    content = hashlib.sha256()
    drives_tools = stage in READS and READS[stage].tests
    installed = _output("dpkg-query", "--show") if drives_tools else ""
    for fact in (stage, images, installed, platform.platform(), sys.version, *map(_version, ("docker", "nft"))):
        content.update(f"{fact}\0".encode())
    for name in sorted(filter(lambda name: reads(stage, name), listed.split("\0"))):
        path = ROOT / name
        if path.is_file():
            content.update(f"{name}\0{path.stat().st_mode:o}\0".encode())
            content.update(hashlib.sha256(path.read_bytes()).digest())
    return content.hexdigest()


def reads(stage: str, name: str) -> bool:
    """Tell whether the stage's outcome can depend on a file, named from the repository's root."""
    reading = READS.get(stage, Reading(PROGRAMS))
    if not name or (name.startswith(NOBODY_READS) and not name.startswith(reading.documents)):
        return False
    if name.startswith(PROGRAMS):
        return name.startswith(reading.programs) and (reading.tests or "/tests/" not in name)
    if name.startswith("molecule/") and stage not in RULES:
        return name.startswith("molecule/testinfra/support/" if stage in TESTS else _of_scenario(stage))
    return not (stage in TESTS and name.startswith(ANSIBLE))


def _of_scenario(scenario: str) -> tuple[str, str]:
    return f"molecule/{scenario}/", "molecule/testinfra/support/"


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
