"""`make test`: all checks, cheap ones first; stops at the first that fails and closes with one line like pytest's.

Stages stand in phases. Those of one phase do not touch each other and share lanes; a phase starts when the one before
it has passed, and what needs images waits for them. A skipped test counts as a failure: there is nothing here that a
machine may leave out. At its end each stage says what it took: one with many seconds, but few of the processor, waits.
What takes long on real parts and has passed with the same content is not run again (see passed_before.py); FRESH=1 runs
all.
"""

import os
import platform
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import passed_before

ROOT = Path(__file__).parents[1]
FAILED_TEST = re.compile(r"(FAILED|ERROR) \S+(::|\.py\b)")
"""As pytest names them; Ansible says FAILED, too, of what it tries again."""
COUNTED = re.compile(r"\b(\d+) (passed|failed|errors?|skipped|xfailed|xpassed)\b")
BOOKWORM = platform.freedesktop_os_release().get("VERSION_CODENAME") == "bookworm"
TOOLS = [
    "apache2-utils",
    "chromium",
    "cntlm",
    "conntrack",
    "curl",
    "dnsmasq-base",
    "docker-registry",
    "freeradius",
    "freerdp2-x11" if BOOKWORM else "freerdp3-x11",
    "freetds-bin",
    "glewlwyd",
    "haproxy",
    "hostapd",
    "iproute2",
    "iputils-ping",
    "jq",
    "ldap-utils",
    "libfaketime",
    "mariadb-client",
    "mbpoll",
    "nftables",
    "nmap",
    "openssh-client",
    "openssl",
    "postgresql-client",
    "redis-tools",
    "rsyslog",
    "rsyslog-openssl",
    "sip-tester",
    "sipsak",
    "skopeo",
    "slapd",
    "smbclient",
    "snmp",
    "squid",
    "swaks",
    "sshpass",
    "udhcpc",
    "wpasupplicant",
    "xauth",
    "xvfb",
    "strace",
    "telnet",
]
# dpkg's own --status calls a package fine that was removed and has left its configuration.
INSTALL = r"""
for each; do
  dpkg-query --show --showformat '${db:Status-Status}\n' "$each" 2>/dev/null | grep -qx installed && continue
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
  exit
done
"""
PLAY = ["ansible-playbook", "-i", "inventories/demo"]
TESTS = ["server_app", "sensor_manager", "service_images", "image_builder", "roles", "bench"]
QUICK = ["server_app/wire", *TESTS[1:]]
PYTEST = [sys.executable, "-m", "pytest", "-q", "--durations=5", "--durations-min=5"]
RATES = "bench/tests/test_honeypot_rates.py"
FAULTS, NAMESPACES = "sensor_manager/tests/faults", "sensor_manager/tests/netns"
ON_ENGINES = ["sensor_manager/tests/docker", NAMESPACES, "bench/tests/test_manager.py"]
IN_PARALLEL = ["-n", "2", "--dist", "loadscope"]  # with a PostgreSQL, or an engine, for each process
WAITING = ["-n", "4", "--dist", "loadscope"]  # honeypots tell most at the end of half a minute
LANES = 3
"""One more than the usual two cores: real parts often wait. With more, the same work takes more of the processor."""
# The longest go first, so that no lane ends long after the others. A scenario that is not named here comes after them.
LONGEST_FIRST = [
    "armhf",
    "server",
    "sensor_firmware",
    "sensor_container",
    "container_engine",
    "netfilter",
    "service_images",
]
# `site` looks at the end whether anything of ours is left on the machine: nothing else may run beside it.
ALONE = ["site"]
# Scenarios that are cheap, or look at this machine as it is, whatever the content.
NEVER_REMEMBERED = ["default", "policy", "site"]


@dataclass(frozen=True)
class Stage:
    """One step of the whole and the command that does it.

    Attributes:
        remembered: its name in `passed_before`, where its outcome depends on its content alone; empty for what is run
            each time.
        after: the stage of its phase that must have passed before; empty for none.
    """

    name: str
    command: list[str]
    remembered: str = ""
    after: str = ""


@dataclass
class Result:
    """What the stages that have ended came to: tests counted by outcome, and why no further stage may start.

    Attributes:
        before: tests of scenarios that were not run, because they have passed with the same content.
        failed: pytest's lines on tests that failed, each behind its stage's name.
    """

    counts: Counter[str] = field(default_factory=Counter)
    before: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def phases() -> list[list[Stage]]:
    """All stages in their order; every molecule scenario there is takes part."""
    scenarios = sorted(file.parent.name for file in (ROOT / "molecule").glob("*/molecule.yml"))
    middle = [name for name in scenarios if name not in {"policy", *LONGEST_FIRST, *ALONE}]
    playbooks = [f"playbooks/{name}.yml" for name in ("prepare-hosts", "build-base-image", "build-server-images")]
    playbooks += [f"playbooks/{name}.yml" for name in ("build-service-images", "build-firmware")]
    cheap = [
        Stage("lint", ["make", "lint-code"]),
        Stage("unit tests", ["make", "test-unit", f"TESTS={' '.join(QUICK)}"]),
        Stage("images", [*PLAY, *playbooks]),
        molecule("policy"),
        remembered("ansible-lint", "ansible-lint"),
        Stage("server on SQLite", ["make", "test-unit", "TESTS=server_app/tests"]),
        remembered("faults of the sensor", *PYTEST, "-m", "netns", FAULTS),
    ]
    on_images = [
        remembered("server on PostgreSQL", *PYTEST, *IN_PARALLEL, "-m", "postgres or tools", "server_app"),
        remembered("sensor on an engine", *PYTEST, *IN_PARALLEL, "-m", "docker", *ON_ENGINES),
        remembered("faults of the database", *PYTEST, "-m", "postgres", FAULTS),
        Stage("proxy", [*PYTEST, "-m", "docker", "server_app"]),
        remembered("service images", *PYTEST, *WAITING, "-m", "docker or netns", "service_images"),
        remembered("rates of honeypots", *PYTEST, "-m", "docker", RATES),
        remembered("sensor in namespaces", *PYTEST, "-m", "netns and not docker", NAMESPACES),
        *(molecule(name) for name in [*LONGEST_FIRST, *middle]),
    ]
    return [
        [Stage("tools", ["sh", "-c", INSTALL, "sh", *TOOLS])],
        [*cheap, *(replace(stage, after="images") for stage in on_images)],
        *([molecule(name)] for name in ALONE),
    ]


def remembered(name: str, *command: str) -> Stage:
    """The stage that is left out where it has passed with the same content."""
    return Stage(name, list(command), name)


def molecule(scenario: str) -> Stage:
    """The stage that runs one scenario from creation to removal."""
    command = ["molecule", "test", "--scenario-name", scenario]
    return Stage(f"molecule {scenario}", command, "" if scenario in NEVER_REMEMBERED else scenario)


def run_if_new(stage: Stage, result: Result, prefix: str) -> None:
    """Run a stage unless it has passed with the same content."""
    content = passed_before.content_of(stage.remembered) if stage.remembered else None
    before = passed_before.recall(content) if content and not os.environ.get("FRESH") else None
    if before is not None:
        say(f"##### {stage.name}: passed before with the same content, {before['passed']} tests; FRESH=1 repeats it")
        with result.lock:
            result.before += before
        return
    counts = run(stage, result, prefix)
    # What was changed while it ran is not what has passed.
    if counts is not None and content and content == passed_before.content_of(stage.remembered):
        passed_before.remember(content, counts)


def run(stage: Stage, result: Result, prefix: str) -> Counter[str] | None:
    """Run a stage with its output shown behind `prefix`, and add what it came to; None if that is no pass."""
    begun, counts = time.monotonic(), Counter[str]()
    say(f"\n##### {stage.name}")
    environment = os.environ | {"NO_COLOR": "1", "COLUMNS": "160", "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(  # noqa: S603 - the commands are those above
        stage.command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with process:
        for line in process.stdout or ():
            moment = f"[{time.monotonic() - begun:.0f} s] " if line.startswith("INFO ") else ""  # molecule's steps
            say(f"{prefix}{moment}{line.rstrip()}")
            if FAILED_TEST.match(line):
                result.failed.append(f"{stage.name}: {line.rstrip()}")
            if " in " in line and "molecule" not in line:
                counts.update({kind: int(number) for number, kind in COUNTED.findall(line)})
        _, status, used = os.wait4(process.pid, 0)  # with what its children used, but not its containers
        code = process.returncode = os.waitstatus_to_exitcode(status)
    ended = "passed" if code == 0 else f"FAILED ({code})"
    processor = used.ru_utime + used.ru_stime
    say(f"##### {stage.name}: {ended} after {time.monotonic() - begun:.0f} s, {processor:.0f} s of the processor")
    with result.lock:
        result.counts.update(counts)
        if code:
            result.failures.append(f"'{stage.name}' failed")
        elif counts["skipped"]:
            result.failures.append(f"'{stage.name}' skipped tests, which counts as a failure")
        else:
            return counts
    return None


def run_phase(phase: list[Stage], result: Result) -> None:
    """Run the stages of one phase in lanes; once one has failed, those that run end and no other starts."""
    waiting, passed, changed = list(phase), {""}, threading.Condition()
    shared = len(phase) > 1

    def first_possible() -> Stage | None:
        """The next stage to run, once there is one; None if none is left or one has failed."""
        with changed:
            while waiting and not result.failures:
                for stage in waiting:
                    if stage.after in passed:
                        waiting.remove(stage)
                        return stage
                changed.wait()
        return None

    def lane() -> None:
        while stage := first_possible():
            try:
                run_if_new(stage, result, f"{stage.name.removeprefix('molecule ')} | " if shared else "")
            finally:  # whoever waits for it must not do so for ever
                with changed:
                    passed.add(stage.name)
                    changed.notify_all()

    with ThreadPoolExecutor(LANES) as lanes:
        for ended in [lanes.submit(lane) for _ in range(LANES)]:
            ended.result()


def say(line: str) -> None:
    """Print one whole line at once, whoever else prints."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Run all phases; returns 0 only if each stage passed and no test was skipped."""
    started, result = time.monotonic(), Result()
    for phase in phases():
        run_phase(phase, result)
        if result.failures:
            break
    counts = result.counts
    if result.failures:
        say("\n".join(["", *result.failed, f"Stopped: {'; '.join(result.failures)}. The output is above."]))
        counts["failed"] = max(counts["failed"], 1)
    summary = ", ".join(f"{counts[kind]} {kind}" for kind in ("failed", "passed", "skipped", "errors") if counts[kind])
    if result.before:
        summary += f" ({result.before['passed']} more passed before with the same content)"
    say(f"===== {summary} in {time.monotonic() - started:.2f}s =====")
    return 1 if result.failures else 0


if __name__ == "__main__":
    sys.exit(main())
