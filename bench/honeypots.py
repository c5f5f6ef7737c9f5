"""What the honeypots take of a sensor's memory: all of them at once, as a sensor runs them, while nobody comes."""

import time
from contextlib import ExitStack
from pathlib import Path

from bench.errors import BenchError
from bench.images import MANIFEST, built_services
from bench.progress import Progress
from bench.results import Result, result
from bench.stand import stand

FIGURES = frozenset({"honeypots_rss_mib"})
REST_SECONDS = 5.0
"""Memory that has not changed for so long is that of a honeypot at rest."""
PATIENCE = 120.0
KIB_IN_MIB = 1024


def measure_honeypots(folder: Path, progress: Progress, manifest: Path = MANIFEST) -> list[Result]:
    """The resident memory of all honeypots that were built for this machine, beside that of the bare software.

    Raises:
        BenchError: there are none, or one of them does not run.
    """
    images = built_images(manifest)
    progress.say(f"Starting {len(images)} honeypots")
    sizes = _resident(folder / "whole", images, bare=False)
    progress.say("Starting their software alone")
    alone = _resident(folder / "bare", images, bare=True)
    parts = ", ".join(f"{name} {size:.0f}" for name, size in sorted(sizes.items()))
    conditions = f"{len(images)} honeypots at rest, what they share counted once: {parts}; floor: without adapters"
    return [result("honeypots_rss_mib", sum(sizes.values()), conditions, sum(alone.values()))]


def built_images(manifest: Path = MANIFEST) -> dict[str, str]:
    """The images of this machine's architecture, by their services' folders.

    Raises:
        BenchError: there are none.
    """
    images = {item["name"]: item["image"] for item in built_services(manifest) if item["arch"] == "amd64"}
    if not images:
        raise BenchError(f"{manifest} names no services: run `make images`.")
    return images


def _resident(folder: Path, images: dict[str, str], *, bare: bool) -> dict[str, float]:
    """MiB of each service (proportional set sizes, so that they add up)."""
    with ExitStack() as stack:
        running = {
            name: stack.enter_context(stand(name, image, folder / name, bare=bare)).container
            for name, image in images.items()
        }
        deadline, before, since = time.monotonic() + PATIENCE, 0.0, time.monotonic()
        while True:
            ended = [name for name, container in running.items() if not container.running]
            if ended:
                raise BenchError(f"{ended[0]} has ended: {running[ended[0]].logs()[-500:]}")
            sizes = {name: sum(map(pss_mib, container.processes())) for name, container in running.items()}
            now, total = time.monotonic(), sum(sizes.values())
            if abs(total - before) > total / 100:
                before, since = total, now
            elif now - since >= REST_SECONDS:
                return sizes
            if now > deadline:
                raise BenchError(f"The honeypots are not at rest after {PATIENCE:.0f} s.")
            time.sleep(0.5)


def pss_mib(process: int) -> float:
    """The proportional set size of a process of this machine; nothing once it has ended."""
    try:
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return 0.0  # it has ended meanwhile
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / KIB_IN_MIB
