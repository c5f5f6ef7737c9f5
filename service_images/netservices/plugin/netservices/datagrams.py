"""The way in for datagrams: each source's port is a visit, and answers are no weapon against forged sources."""

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from twisted.internet.protocol import DatagramProtocol

from honeypot_adapter.datagram_drops import dropped
from honeypot_adapter.log import log
from netservices.door import LONGEST_SECONDS, plain
from netservices.journal import Ends, Journal, Visit
from netservices.ration import Ration

IDLE_SECONDS = 30
MAX_VISITS = 256
"""Further ones end the visit that is the oldest: a forged source must not keep others out."""

type Answer = Callable[[Visit, bytes], bytes]
"""Tells what a datagram wants, and gives what to answer; empty: nothing."""


class _Present(NamedTuple):
    visit: Visit
    since: float
    last: float


class Datagrams(DatagramProtocol):
    """Takes the datagrams of one service."""

    noisy = False

    def __init__(self, service: str, port: int, answer: Answer, journal: Journal) -> None:
        self._service, self._port, self._answer, self._journal = service, port, answer, journal
        self._present: dict[tuple[str, int], _Present] = {}
        self._ration = Ration()
        self._missed = 0

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:  # noqa: N802 - Twisted's name
        """Tell and answer one; what cannot be coped with is told, never more."""
        now = time.monotonic()
        visit = self._visit(addr, now)
        if visit is None:
            return
        try:
            answer = self._answer(visit, datagram)
        except Exception as error:  # noqa: BLE001 - attackers find the bugs of all protocols
            log(f"{self._service}: {error!r}")
            visit.tell("payload", datagram)
            return
        if answer and self._ration.allows(visit.ends.source[0], now):
            with suppress(OSError):
                self.transport.write(answer, addr)

    def tick(self, *, final: bool = False) -> None:
        """Close what is over, and tell what came too fast; to be called every few seconds and at the end."""
        now = time.monotonic()
        self._tell_missed()
        for key, present in list(self._present.items()):
            if final or now - present.last >= IDLE_SECONDS or now - present.since >= LONGEST_SECONDS:
                self._close(key)

    def _tell_missed(self) -> None:
        """Tell it where somebody is known: who sends so much is among those who were heard."""
        missed = dropped(self._port)
        if missed > self._missed and self._present:
            latest = next(reversed(self._present.values()))
            latest.visit.tell("missed", count=missed - self._missed)
            self._missed = missed

    def _visit(self, addr: tuple[str, int], now: float) -> Visit | None:
        present = self._present.pop(addr, None)
        if present is None:
            while len(self._present) >= MAX_VISITS:
                self._close(next(iter(self._present)))
            source = plain(addr[0])
            ends = Ends(self._service, "udp", (source, addr[1]), (own_address(source), self._port))
            visit = self._journal.open(ends)
            if visit is None:
                return None
            present = _Present(visit, now, now)
        self._present[addr] = present._replace(last=now)
        return present.visit

    def _close(self, key: tuple[str, int]) -> None:
        self._present.pop(key).visit.close()


def own_address(peer: str) -> str:
    """Tell from which address this machine speaks with a peer; the container has one of each version. Sends nothing."""
    six = ":" in peer
    with socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((peer, 9))
        except OSError:
            return "::" if six else "0.0.0.0"  # noqa: S104 - nothing is bound to it
        return str(probe.getsockname()[0])
