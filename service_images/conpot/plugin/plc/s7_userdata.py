"""S7's requests about the controller itself: system state lists, blocks, the clock and the password."""

import struct
from datetime import UTC, datetime

from honeypot_adapter.event import Severity
from plc import szl
from plc.process import Plant
from plc.reply import Told, asked, harmed
from plc.station import Station

_PART = struct.Struct("!3sBBBBB")
_HEAD = b"\0\x01\x12"
_OCTETS = 9
_NOTHING = b"\x0a\0\0\0"
_UNKNOWN_LIST, _NO_BLOCK, _WRONG_PASSWORD, _NOT_AVAILABLE = 0xD401, 0xD209, 0xD602, 0x8104
_KINDS = (0x38, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46)
"""Of blocks: OB, DB, SDB, FC, SFC, FB, SFB."""
_COUNTS = (4, 0, 9, 12, 79, 6, 24)
_PASSWORD_BYTES = 8
_LIST_BYTES = 4

type Answer = tuple[tuple[bytes, bytes], tuple[Told, ...]]
"""Parameters and data of the answer, and what is to be told."""


def answer(plant: Plant, station: Station, part: bytes, data: bytes, longest: int) -> Answer:
    """Answer one request.

    Args:
        plant: what is asked about.
        station: whose facts are told.
        part: the request's parameters.
        data: what comes with them.
        longest: bytes that an answer may have.

    Raises:
        ValueError: it is no request.
    """
    if len(part) < _PART.size or part[:3] != _HEAD:
        raise ValueError("no parameters of a request")
    _, _, _, group, function, sequence = _PART.unpack_from(part)
    group &= 0x0F
    body = data[4:]
    error, content, told = _execute(plant, station, (group, function), body, longest)
    head = _PART.pack(_HEAD, 8, 0x12, 0x80 | group, function, sequence) + b"\0\0" + struct.pack("!H", error)
    framed = _NOTHING if content is None else struct.pack("!BBH", 0xFF, _OCTETS, len(content)) + content
    return (head, framed), (told,)


def _execute(
    plant: Plant, station: Station, what: tuple[int, int], body: bytes, longest: int
) -> tuple[int, bytes | None, Told]:
    error, content = 0, b""
    match what:
        case (4, 1) if len(body) >= _LIST_BYTES:
            return _list(plant, station, body, longest)
        case (3, 1):
            counts = zip(_KINDS, (_COUNTS[0], len(plant.blocks), *_COUNTS[2:]), strict=True)
            content = b"".join(struct.pack("!BBH", 0x30, kind, count) for kind, count in counts)
            told = asked("blocks", "all", "S7: blocks counted")
        case (3, 2) if body[1:2] == b"A":
            content = b"".join(struct.pack("!HBB", number, 0x22, 5) for number in sorted(plant.blocks))
            told = asked("blocks", "DB", "S7: data blocks listed")
        case (3, _):
            error, told = _NO_BLOCK, asked("blocks", body.hex()[:64], "S7: block asked for", Severity.MEDIUM)
        case (5, 1):
            password = _password(body[:_PASSWORD_BYTES])
            told = Told("login", Severity.MEDIUM, "password", password, f"S7: password {password} refused")
            error = _WRONG_PASSWORD
        case (5, _):
            told = asked("security", "end", "S7: password given back")
        case (7, 1):
            content, told = b"\0" + _clock(plant.clock()), asked("clock", "read", "S7: clock read")
        case (7, _):
            told = harmed("clock", body.hex()[:64], "S7: clock set")
        case _:
            text = f"group={what[0]} function={what[1]}"
            error, told = _NOT_AVAILABLE, asked("request", text, f"S7: request {text}")
    return error, None if error else content, told


def _list(plant: Plant, station: Station, body: bytes, longest: int) -> tuple[int, bytes | None, Told]:
    number, index = struct.unpack_from("!HH", body)
    told = asked("szl", f"{number:#06x} index={index}", f"S7: system state list {number:#06x} read")
    found = szl.read(station, number, index, running=plant.running)
    if found is None:
        return _UNKNOWN_LIST, None, told
    room = (longest - 34) // found.size
    records = found.records[:room]
    return 0, struct.pack("!HHHH", number, index, found.size, len(records)) + b"".join(records), told


def _password(data: bytes) -> str:
    """Undo what clients do to a password, lest it can be read on the wire."""
    clear = [byte ^ 0x55 ^ (data[place - 2] if place > 1 else 0) for place, byte in enumerate(data)]
    return bytes(clear).decode("latin-1").rstrip(" \0")


def _clock(now: float) -> bytes:
    moment = datetime.fromtimestamp(now, UTC)
    fields = (19, moment.year % 100, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    digits = [*(f"{field:02d}" for field in fields), f"{moment.microsecond // 1000:03d}{moment.isoweekday() % 7 + 1}"]
    return bytes.fromhex("".join(digits))
