"""Whole logins to cowrie by OpenSSH's client, and what it takes while many are logged in, beside cowrie alone."""

import os
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.errors import BenchError
from bench.honeypots import built_images, pss_mib
from bench.images import MANIFEST
from bench.progress import Progress
from bench.results import Result, result
from bench.stand import Stand, stand
from bench.statistics import spread

LOGINS, SESSIONS = "honeypot_cowrie_logins_per_s", "honeypot_cowrie_200_sessions_mib"
FIGURES = frozenset({LOGINS, SESSIONS})
SERVICE, PORT = "cowrie", 2222
AT_A_TIME = 8
PATIENCE = 300.0
OPTIONS = {"users": ["root:*"]}
CLIENT = [
    *("sshpass", "-e", "ssh", "-F", "none", "-p", str(PORT), "-o", "StrictHostKeyChecking=no"),
    *("-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "NumberOfPasswordPrompts=1"),
    *("-o", "PubkeyAuthentication=no", "-o", "ConnectTimeout=60"),
]


class Size(NamedTuple):
    """How much: rounds of so many logins each, and sessions that are open at a time."""

    rounds: int = 3
    logins: int = 60
    sessions: int = 200


def measure_ssh_logins(
    folder: Path, wanted: set[str], size: Size, progress: Progress, manifest: Path = MANIFEST
) -> list[Result]:
    """The wanted figures, where cowrie was built for this machine.

    Raises:
        BenchError: a login was refused, or not told.
    """
    image = built_images(manifest).get(SERVICE)
    if image is None:
        progress.say("cowrie was not built: its logins are left out.")
        return []
    if not shutil.which("sshpass"):
        raise BenchError("Logins need sshpass: apt-get install sshpass.")
    found = []
    with ExitStack() as stack:
        progress.say("Starting cowrie, and cowrie alone")
        whole = stack.enter_context(stand(SERVICE, image, folder / "whole", options=OPTIONS))
        bare = stack.enter_context(stand(SERVICE, image, folder / "bare", bare=True, options=OPTIONS))
        for each in (whole, bare):
            each.container.wait_for_port(PORT)
            _until_at_rest(each)
        if LOGINS in wanted:
            found.append(_logins(whole, bare, size, progress))
        if SESSIONS in wanted:
            progress.say(f"Opening {size.sessions} sessions")
            sizes = [_with_sessions(each, size.sessions) for each in (whole, bare)]
            conditions = f"{size.sessions} commands that do not end; floor: cowrie without its adapter"
            found.append(result(SESSIONS, sizes[0], conditions, sizes[1]))
        if whole.end.problems:
            raise BenchError(f"cowrie's adapter broke the contract: {whole.end.problems[0]}")
    return found


def _until_at_rest(place: Stand) -> None:
    """Wait for the host key for RSA: the search for it takes a processor for a while after the start."""
    scan = ["ssh-keyscan", "-T", "60", "-t", "rsa", "-p", str(PORT), place.container.address]
    begun = time.monotonic()
    while not subprocess.run(scan, capture_output=True, check=False).stdout:  # noqa: S603 - a command of our own
        if time.monotonic() - begun > PATIENCE:
            raise BenchError(f"cowrie shows no host key for RSA: {place.container.logs()[-500:]}")
        time.sleep(0.5)


def _logins(whole: Stand, bare: Stand, size: Size, progress: Progress) -> Result:
    rates: list[float] = []
    floors: list[float] = []
    made, lags, client = 0, [], _children_seconds()
    used = [each.processor() for each in (whole, bare)]
    for number in range(1, size.rounds + 1):
        rates.append(_login_rate(whole, range(made, made + size.logins)))
        made += size.logins
        lags.append(_until_told(whole, made))
        floors.append(_login_rate(bare, range(size.logins)))
        progress.say(f"{LOGINS}, round {number} of {size.rounds}: {rates[-1]:.1f} logins/s")
    client = (_children_seconds() - client) / (made * 2)
    cost, least = ((each.processor() - before) / made for each, before in zip((whole, bare), used, strict=True))
    rate, floor = spread(rates), spread(floors)
    conditions = (
        f"{rate}; {size.rounds} rounds of {size.logins} by OpenSSH's client, {AT_A_TIME} at a time, each with a "
        f"command and told from its connection to its end, the last event {max(lags):.1f} s after the last login; a "
        f"client, on the same machine, takes {client * 1000:.0f} ms of a processor, cowrie {cost * 1000:.0f} ms, its "
        f"floor {least * 1000:.0f} ms; load average {os.getloadavg()[0]:.1f}; floor: cowrie alone, {floor}"
    )
    return result(LOGINS, rate.median, conditions, floor.median)


def _login_rate(place: Stand, numbers: range) -> float:
    def login(number: int) -> int:
        return subprocess.run(  # noqa: S603 - a command of our own
            [*CLIENT, f"root@{place.container.address}", "exit"],
            env=os.environ | {"SSHPASS": f"password-{number}"},
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
        ).returncode

    begun = time.monotonic()
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        refused = sum(map(bool, pool.map(login, numbers)))
    if refused:
        raise BenchError(f"cowrie refused {refused} of {len(numbers)} logins: {place.container.logs()[-500:]}")
    return len(numbers) / (time.monotonic() - begun)


def _until_told(place: Stand, logins: int) -> float:
    """Wait until each login and its session's end has been told; gives the seconds that took."""
    begun = time.monotonic()
    while True:
        events = place.end.events
        entries = [(event.session, detail.kind, detail.data) for event in events for detail in event.details]
        accepted = {session for session, kind, data in entries if (kind, data) == ("login", "accepted")}
        told = sum(session in accepted for session, kind, _ in entries if kind == "closed")
        if told == logins:
            return time.monotonic() - begun
        if told > logins or time.monotonic() - begun > PATIENCE:
            raise BenchError(f"cowrie has told {told} of {logins} logins.")
        time.sleep(0.1)


def _with_sessions(place: Stand, sessions: int) -> float:
    """MiB of a honeypot while so many are logged in (proportional set sizes)."""
    with ExitStack() as stack, ThreadPoolExecutor(AT_A_TIME) as pool:
        clients = list(pool.map(lambda _: stack.enter_context(_session(place)), range(sessions)))
        if any(client.poll() is not None for client in clients):
            raise BenchError("cowrie has ended sessions that should stay open.")
        return sum(map(pss_mib, place.container.processes()))


@contextmanager
def _session(place: Stand) -> Iterator[subprocess.Popen[bytes]]:
    """A client whose command has begun and does not end."""
    client = subprocess.Popen(  # noqa: S603 - a command of our own
        [*CLIENT, f"root@{place.container.address}", "echo in; sleep 3600"],
        env=os.environ | {"SSHPASS": "password"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        if client.stdout is None or client.stdout.readline() != b"in\n":
            raise BenchError(f"A session was not opened: {place.container.logs()[-500:]}")
        yield client
    finally:
        client.kill()
        client.communicate()


def _children_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
