r"""The dialogue between a honeypot's adapter and the sensor, over the service's own Unix stream socket.

Lines of JSON, one request and one answer at a time, in order:

    {"event": {…EventBody…}}   ->  {"status": "stored", "id": …}       on the sensor's disk; forget it
                               ->  {"status": "rejected", "reason": …} malformed; sending it again will not help
                               ->  {"status": "busy", "reason": …}     not stored; send it again later
    {"request": "capture"}     ->  {"status": "ok"} with three descriptors (SCM_RIGHTS), only for catch-all services
    {"request": "capture", "ipv6": true}  ->  the same, with six where the sensor speaks IPv6

`destination` of the event is the container's own address and port; the sensor replaces it by what the attacker
addressed.

The three descriptors of `capture`, in this order: a packet socket (AF_PACKET, SOCK_DGRAM; receives every IPv4 packet
that reaches the container, before netfilter), a raw socket (AF_INET, IPPROTO_RAW; sends answers), and a listening TCP
socket to which every TCP port of the container is redirected (SO_ORIGINAL_DST names the port that was addressed). The
next three are the same for IPv6. An older sensor gives three, whoever asks.
"""

from enum import StrEnum

from pydantic import Field

from sensor_wire.base import ShortText, UuidV7, WireModel
from sensor_wire.v1.event import EventBody

SOCKET_PATH = "/run/honeysens/events.sock"
"""Where the adapter finds the socket inside its container; the folder is mounted, so it survives a new socket."""

IDENTITY_PATH = "/run/honeysens/identity"
"""Beside it: 64 hexadecimal digits, random, one and the same for a sensor's service as long as the sensor lives. Keys
that attackers see are derived from it. An older sensor gives no such file."""

ADDRESSES_PATH = "/run/honeysens/addresses"
"""Beside it: the addresses under which attackers reach the service at this moment, one a line, the main ones first; for
protocols that name their own address. An older sensor gives no such file."""


class AnswerStatus(StrEnum):
    """What became of a line sent."""

    STORED = "stored"
    REJECTED = "rejected"
    BUSY = "busy"
    OK = "ok"


class Submission(WireModel):
    """The line that hands over one event."""

    event: EventBody


class CaptureRequest(WireModel):
    """The line that asks for the sockets of a catch-all service."""

    request: str = Field(pattern=r"^capture$")
    ipv6: bool = False


class Answer(WireModel):
    """The line that comes back."""

    status: AnswerStatus
    id: UuidV7 | None = None
    reason: ShortText | None = None
