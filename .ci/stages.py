"""`make test`: all checks, cheap ones first; stops at the first that fails and closes with one line like pytest's.

A skipped test counts as a failure: there is nothing here that a machine may leave out.
"""

import os
import re
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
COUNTED = re.compile(r"\b(\d+) (passed|failed|errors?|skipped|xfailed|xpassed)\b")
TOOLS = [
    "chromium",
    "conntrack",
    "docker-registry",
    "iproute2",
    "iputils-ping",
    "nftables",
    "nmap",
    "openssh-client",
    "skopeo",
    "sshpass",
]
INSTALL = (
    'dpkg -s "$@" >/dev/null 2>&1 || '
    '{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; }'
)
PLAY = ["ansible-playbook", "-i", "inventories/demo"]
TESTS = ["server_app", "sensor_manager", "service_images", "image_builder", "roles"]
REAL_PARTS = "docker or netns or postgres"
SCENARIOS_LAST = ["site"]


@dataclass(frozen=True)
class Stage:
    """One step of the whole and the command that does it."""

    name: str
    command: list[str]


def stages() -> list[Stage]:
    """All stages in their order; every molecule scenario there is takes part."""
    scenarios = sorted(file.parent.name for file in (ROOT / "molecule").glob("*/molecule.yml"))
    early, late = ["policy"], SCENARIOS_LAST
    middle = [name for name in scenarios if name not in {*early, *late}]
    playbooks = [f"playbooks/{name}.yml" for name in ("prepare-hosts", "build-base-image", "build-server-images")]
    playbooks += [f"playbooks/{name}.yml" for name in ("build-service-images", "build-firmware")]
    return [
        Stage("lint", ["make", "lint"]),
        Stage("tools", ["sh", "-c", INSTALL, "sh", *TOOLS]),
        Stage("unit tests", ["make", "test-unit"]),
        *(molecule(name) for name in early),
        Stage("images", [*PLAY, *playbooks]),
        Stage("tests on real parts", [sys.executable, "-m", "pytest", "-q", "-m", REAL_PARTS, *TESTS]),
        *(molecule(name) for name in middle),
        *(molecule(name) for name in late if name in scenarios),
    ]


def molecule(scenario: str) -> Stage:
    """The stage that runs one scenario from creation to removal."""
    return Stage(f"molecule {scenario}", ["molecule", "test", "--scenario-name", scenario])


def run(stage: Stage, counts: Counter[str]) -> int:
    """Run a stage with its output shown, add what its tests counted, and return its exit code."""
    environment = os.environ | {"NO_COLOR": "1", "COLUMNS": "160", "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(  # noqa: S603 - the commands are those above
        stage.command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with process:
        for line in process.stdout or ():
            sys.stdout.write(line)
            if " in " in line and "molecule" not in line:
                counts.update({kind: int(number) for number, kind in COUNTED.findall(line)})
    return process.returncode


def main() -> int:
    """Run all stages; returns 0 only if each one passed and no test was skipped."""
    started, counts, failed = time.monotonic(), Counter[str](), ""
    for stage in stages():
        begun = time.monotonic()
        print(f"\n##### {stage.name}", flush=True)  # noqa: T201 - progress
        code = run(stage, counts)
        print(f"##### {stage.name}: {'passed' if code == 0 else f'FAILED ({code})'} "  # noqa: T201 - progress
              f"after {time.monotonic() - begun:.0f} s", flush=True)  # fmt: skip
        if code or counts["skipped"]:
            failed = stage.name
            break
    if failed:
        why = f"'{failed}' failed" if not counts["skipped"] else f"'{failed}' skipped tests, which counts as a failure"
        print(f"\nStopped: {why}. Its output is above.")  # noqa: T201 - the result
        counts["failed"] = max(counts["failed"], 1)
    summary = ", ".join(f"{counts[kind]} {kind}" for kind in ("failed", "passed", "skipped", "errors") if counts[kind])
    print(f"===== {summary} in {time.monotonic() - started:.2f}s =====")  # noqa: T201 - the result
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
