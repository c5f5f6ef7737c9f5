"""Reads what reaches the container before netfilter, and answers datagrams."""

import contextlib
import errno
import socket
import struct
import time
from collections.abc import Callable

from recon.limiter import AnswerLimiter
from recon.packets import Seen, parse, udp_answer

_PACKET_HOST = 0
_SOL_PACKET, _PACKET_STATISTICS = 263, 6
_RECEIVE_BYTES = 8192
_AT_ONCE = 256
_ANSWER = b"\r\n"


class Datagrams:
    """The packet socket and the raw one of a version of IP."""

    def __init__(
        self, packets: socket.socket, answers: socket.socket, touch: Callable[[Seen], None], limiter: AnswerLimiter
    ) -> None:
        self._packets = packets
        self._answers = answers
        self._touch = touch
        self._limiter = limiter
        packets.settimeout(0)
        answers.settimeout(0)

    def read(self) -> None:
        """Take up what waits; for the event loop to call when the packet socket is readable."""
        for _ in range(_AT_ONCE):
            try:
                packet, (interface, _, kind, *_) = self._packets.recvfrom(_RECEIVE_BYTES)
            except BlockingIOError:
                return
            if kind != _PACKET_HOST or interface == "lo":
                continue
            seen = parse(packet)
            if seen is None:
                continue
            self._touch(seen)
            if seen.protocol == "udp":
                self._answer(seen)

    def missed(self) -> int:
        """Tell how many packets came too fast to be kept for `read` since this was last asked."""
        try:
            counts = self._packets.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
        except OSError as error:
            if error.errno != errno.EOPNOTSUPP:
                raise
            return 0  # emulation of another processor lacks this question
        return int(struct.unpack("II", counts)[1])

    def _answer(self, seen: Seen) -> None:
        """Answer a datagram with no more bytes than it had, and never an answer, lest two honeypots talk for ever."""
        if not seen.source_port or seen.payload == _ANSWER or not self._limiter.allow(seen.source, time.monotonic()):
            return
        packet = udp_answer(seen, _ANSWER[: len(seen.payload)])
        # A full buffer or no way back: the answer is not worth waiting for.
        with contextlib.suppress(OSError):
            self._answers.sendto(packet, (seen.source, 0))
