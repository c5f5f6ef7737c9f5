"""How many connections honeypots take each second while every one of them is told, beside the bare software's rate."""

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench.doors import DOORS, Door
from bench.errors import BenchError
from bench.honeypots import built_images
from bench.images import MANIFEST
from bench.progress import Progress
from bench.results import Result, result
from bench.stand import Stand, stand
from bench.statistics import spread
from bench.visitors import Visits, visit_all, visits

RATES = {door.figure: door for door in DOORS if door.figure}
FLOOD = "honeypots_flood_lost"
FIGURES = frozenset(RATES) | {FLOOD}
CONNECTIONS, FLOOD_CONNECTIONS = 1000, 10_000
MINUTE = 60.0
QUIET = 3.0
"""Seconds without an event after which the rest is one that waits for its bundle."""
PATIENCE = 300.0
EMPTY_SERVER = Path(__file__).with_name("empty_server.py")


@dataclass(frozen=True)
class Size:
    """How much: rounds of so many connections each, and a flood."""

    rounds: int = 3
    connections: int = CONNECTIONS
    flood: int = FLOOD_CONNECTIONS


@dataclass
class Ledger:
    """Connections that were made to a honeypot, and those that its events account for."""

    door: Door
    stand: Stand
    made: int = 0
    told: int = 0
    _read: int = field(default=0)

    def settle(self) -> float:
        """Wait until all are told, or nothing more comes for the moment; gives the seconds until the last event."""
        begun = last = time.monotonic()
        while self.look() < self.made and time.monotonic() - last < QUIET:
            if time.monotonic() - begun > PATIENCE:
                raise BenchError(f"{self.door.name} goes on telling after {PATIENCE:.0f} s.")
            before = self._read
            time.sleep(0.1)
            last = time.monotonic() if len(self.stand.end.events) > before else last
        return last - begun

    def look(self) -> int:
        """Count what has been told by now."""
        fresh = self.stand.end.events[self._read :]
        self._read += len(fresh)
        self.told += self.door.told(fresh)
        return self.told

    def close(self) -> int:
        """Let the honeypot end, which makes it hand over the rest; gives how many connections were not told.

        Raises:
            BenchError: what it sent broke the contract, or more was told than there was.
        """
        self.settle()
        status = self.stand.container.stop()
        if status or self.stand.end.problems:
            raise BenchError(f"{self.door.name} ended with {status}; {self.stand.end.problems[:1]}")
        if self.look() > self.made:
            raise BenchError(f"{self.door.name} has told {self.told} connections, but there were {self.made}.")
        return self.made - self.told


def measure_honeypot_rates(
    folder: Path, wanted: set[str], size: Size, progress: Progress, manifest: Path = MANIFEST
) -> list[Result]:
    """The wanted figures of the honeypots that were built for this machine.

    Raises:
        BenchError: there are none, or one of them does not do what it should.
    """
    images, found, lost, floods = built_images(manifest), [], 0, []
    for number, door in enumerate(DOORS):
        if door.service not in images or not wanted & {door.figure, FLOOD}:
            continue
        with ExitStack() as stack:
            run = _Run(door, images[door.service], folder / str(number), stack)
            if door.figure in wanted:
                found.append(run.rate(size, progress))
            if FLOOD in wanted:
                progress.say(f"{door.name}: {size.flood:,} connections")
                flood = run.flood(size.flood)
                pace = "" if flood.seconds <= MINUTE else ", more than a minute"
                floods.append(f"{door.name} {flood.seconds:.0f} s{pace}")
            missing = run.ledger.close()
            if missing and FLOOD not in wanted:
                raise BenchError(f"{door.name} has not told {missing} of {run.ledger.made} connections.")
            if missing:
                floods[-1] += f", {missing} not told"
            lost += missing
    if floods:
        conditions = f"{size.flood:,} connections to each as fast as they are taken: {', '.join(floods)}"
        found.append(result(FLOOD, lost, f"{conditions}; of these not told, neither alone nor counted"))
    return found


class _Run:
    """A honeypot and its floor, side by side."""

    def __init__(self, door: Door, image: str, folder: Path, stack: ExitStack) -> None:
        self._door, self._image, self._folder, self._stack = door, image, folder, stack
        whole = stack.enter_context(stand(door.service, image, folder / "whole"))
        self.ledger = Ledger(door, whole)
        self._first = _until_open(whole, door)
        self.ledger.made += 1

    def rate(self, size: Size, progress: Progress) -> Result:
        """Rounds of both in turns."""
        door = self._door
        floor = self._floor()
        _until_open(floor, door)
        whole, bare, lags = [], [], []
        used = [each.processor() for each in (self.ledger.stand, floor)]
        for number in range(1, size.rounds + 1):
            whole.append(self._visited(size.connections))
            lags.append(self.ledger.settle())
            bare.append(visits(floor.container.address, door.visit, size.connections))
            progress.say(f"{door.name}, round {number} of {size.rounds}: {whole[-1].per_second:,.0f} connections/s")
        rates, floors = spread([each.per_second for each in whole]), spread([each.per_second for each in bare])
        refused = sum(each.made - each.answered for each in whole)
        client = spread([each.processor / each.made * 1e6 for each in whole])
        used = [each.processor() - before for each, before in zip((self.ledger.stand, floor), used, strict=True)]
        cost, least = (seconds / (size.rounds * size.connections) * 1e6 for seconds in used)
        conditions = (
            f"{rates}; {door.what}; {size.rounds} rounds of {size.connections:,}, each connection told or counted; "
            f"{f'{refused} of them sent away; ' if refused else ''}the last event {max(lags):.1f} s after the last "
            f"answer; the client, on the same machine, takes {client.median:.0f} us of a processor for each, the "
            f"honeypot {cost:.0f} us, its floor {least:.0f} us; load average {os.getloadavg()[0]:.1f}; floor: "
            f"{'the software without its adapter' if door.bare else 'asyncio alone that answers the same'}, {floors}"
        )
        return result(door.figure or "", rates.median, conditions, floors.median)

    def flood(self, connections: int) -> Visits:
        """Connections as fast as they are taken."""
        return self._visited(connections)

    def _visited(self, connections: int) -> Visits:
        done = visits(self.ledger.stand.container.address, self._door.visit, connections)
        self.ledger.made += done.made
        return done

    def _floor(self) -> Stand:
        door, folder = self._door, self._folder / "floor"
        if door.bare:
            return self._stack.enter_context(stand(door.service, self._image, folder, bare=True))
        folder.mkdir()
        for name, content in (
            ("server.py", EMPTY_SERVER.read_bytes()),
            ("answer", self._first.answer.encode("latin-1")),
        ):
            (folder / name).write_bytes(content)
            (folder / name).chmod(0o644)
        place, certificate = "/run/honeysens", "/tmp/tls.pem"  # noqa: S108 - the container's own
        command = f"exec python {place}/server.py {door.visit.port} {place}/answer"
        if door.visit.tls:
            command = f"python -m web_honeypot.certificate {certificate} && {command} {certificate}"
        command_line = ["sh", "-c", command]
        return self._stack.enter_context(stand(door.service, self._image, folder, command=command_line))


def _until_open(place: Stand, door: Door) -> Visits:
    """The first visit that is taken."""

    def visited() -> Visits | None:
        if not place.container.running:
            raise BenchError(f"{door.name} has ended: {place.container.logs()[-500:]}")
        try:
            return visit_all(place.container.address, door.visit, 1)
        except ConnectionRefusedError:
            return None

    return _until(visited, f"{door.name} takes connections")


def _until[T](found: Callable[[], T | None], what: str) -> T:
    deadline = time.monotonic() + PATIENCE
    while (value := found()) is None:
        if time.monotonic() > deadline:
            raise BenchError(f"Not within {PATIENCE:.0f} s: {what}.")
        time.sleep(0.1)
    return value
