"""Datagrams of one protocol: each source's port is a session, and answers are no weapon against forged sources."""

import socket
import time
from collections.abc import Callable

from honeypot_adapter.datagram_drops import dropped
from honeypot_adapter.event import Contact, Severity
from honeypot_adapter.log import log
from plc.connections import contact_of
from plc.recorder import Recorder
from plc.reply import Reply, Told, asked

_SESSION_SECONDS = 60.0
_MAX_SESSIONS = 2048
_MAX_BYTES = 8192
_AT_ONCE = 128
_BURST, _PER_SECOND = 400.0, 100.0


class Datagrams:
    """The socket of a protocol."""

    def __init__(self, name: str, port: int, take: Callable[[bytes], Reply], recorder: Recorder) -> None:
        self._name = name
        self._take = take
        self._recorder = recorder
        self._sessions: dict[tuple[str, int, str], tuple[Contact, float]] = {}
        self._count = 0
        self._prefix = f"{int(time.time() * 1000):x}"
        self._tokens: dict[str, tuple[float, float]] = {}
        self.socket, self._six = _listen(port)
        self._port = port
        self._missed = 0

    def read(self) -> None:
        """Take up what waits; for the event loop to call when the socket is readable."""
        for _ in range(_AT_ONCE):
            try:
                data, ancillary, _, peer = self.socket.recvmsg(_MAX_BYTES, 256)
            except BlockingIOError:
                return
            except OSError as error:
                log(f"a datagram of {self._name} could not be read: {error!r}")
                return
            self._handle(data, ancillary, peer)

    def tick(self, now: float) -> None:
        """Tell what came too fast, and end the sessions in which nothing happens any more.

        Args:
            now: monotonic seconds.
        """
        self._tell_missed()
        for key, (contact, last) in list(self._sessions.items()):
            if now - last >= _SESSION_SECONDS:
                del self._sessions[key]
                self._recorder.closed(contact, "nothing more came", self._name)
        if len(self._tokens) > _MAX_SESSIONS:
            self._tokens.clear()

    def _tell_missed(self) -> None:
        """Tell it where somebody is known: who sends so much is among those who were heard."""
        if self._sessions and (missed := dropped(self._port)) > self._missed:
            contact, _ = next(reversed(self._sessions.values()))
            text = f"{missed - self._missed} datagrams from whomever, because they came too fast"
            told = Told("connection", Severity.LOW, "omitted", text, f"{self._name}: left out {text}")
            self._recorder.tell(contact, [told])
            self._missed = missed

    def _handle(self, data: bytes, ancillary: list[tuple[int, int, bytes]], peer: tuple[str, int]) -> None:
        own = _own_address(ancillary)
        contact = self._session(peer, own)
        try:
            reply = self._take(data)
        except Exception as error:  # noqa: BLE001 - what attackers send fails in every way; none may go untold
            text = f"not {self._name}: {error}"
            reply = Reply(b"", (asked("payload", text, text),), data)
        self._recorder.tell(contact, reply.told, reply.request)
        if reply.answer and self._may_answer(contact.source_ip):
            try:
                self.socket.sendmsg([reply.answer], _from(ancillary), 0, peer)
            except OSError as error:
                log(f"an answer of {self._name} could not be sent: {error!r}")

    def _session(self, peer: tuple[str, int], own: str) -> Contact:
        now = time.monotonic()
        key = (peer[0], peer[1], own)
        known = self._sessions.pop(key, None)
        if known is None:
            if len(self._sessions) >= _MAX_SESSIONS:
                oldest, _ = self._sessions.pop(next(iter(self._sessions)))
                self._recorder.closed(oldest, "too many others came", self._name)
            self._count += 1
            session = f"{self._name.lower()}-{self._prefix}-{self._count}"
            known = contact_of(session, "udp", peer, (own, self._port)), now
        self._sessions[key] = known[0], now
        return known[0]

    def _may_answer(self, source: str) -> bool:
        now = time.monotonic()
        tokens, last = self._tokens.get(source, (_BURST, now))
        tokens = min(_BURST, tokens + (now - last) * _PER_SECOND)
        self._tokens[source] = max(0.0, tokens - 1), now
        return tokens >= 1


def _listen(port: int) -> tuple[socket.socket, bool]:
    """Listen on both versions where there are two; tell with each datagram which address it came to."""
    six = socket.has_dualstack_ipv6()
    listener = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
    if six:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    listener.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
    listener.bind(("::" if six else "0.0.0.0", port))  # noqa: S104 - attackers come from everywhere
    listener.settimeout(0)
    return listener, six


def _own_address(ancillary: list[tuple[int, int, bytes]]) -> str:
    for level, kind, data in ancillary:
        if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
            return socket.inet_ntop(socket.AF_INET6, data[:16])
        if (level, kind) == (socket.IPPROTO_IP, _IP_PKTINFO):
            return socket.inet_ntop(socket.AF_INET, data[8:12])
    raise ValueError("the kernel did not tell the address")


def _from(ancillary: list[tuple[int, int, bytes]]) -> list[tuple[int, int, bytes]]:
    """Answer from the address that was addressed."""
    return [
        (level, kind, data)
        for level, kind, data in ancillary
        if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO)
    ]


_IP_PKTINFO = 8
