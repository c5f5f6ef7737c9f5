"""S7 over ISO on TCP: connections, reads and writes of memory, and control of the controller."""

import struct

from honeypot_adapter.event import Severity
from plc import s7_userdata
from plc.process import Plant
from plc.reply import Reply, Told, asked, harmed
from plc.s7_memory import READ, WRITE, Memory
from plc.station import Station

_TPKT = struct.Struct("!BxH")
_MAX_PACKET = 8192
_CONNECT, _CONFIRM, _DATA, _DISCONNECT = 0xE0, 0xD0, 0xF0, 0x80
_HEADER = struct.Struct("!BBHHHH")
_S7, _S7_PLUS = 0x32, 0x72
_JOB, _ANSWER, _USERDATA = 1, 3, 7
_SETUP, _CONTROL, _STOP = 0xF0, 0x28, 0x29
_DOWNLOADS, _UPLOADS = {0x1A, 0x1B, 0x1C}, {0x1D, 0x1E, 0x1F}
_LARGEST = 480
_NOT_AVAILABLE = b"\x81\x04"


class S7Dialogue:
    """One connection."""

    def __init__(self, plant: Plant, station: Station) -> None:
        self._plant = plant
        self._memory = Memory(plant)
        self._station = station
        self._buffer = b""
        self._longest = 240
        self._connected = False

    def take(self, data: bytes) -> list[Reply]:
        """Answer the packets that are whole now.

        Raises:
            ValueError: this is no ISO on TCP.
        """
        self._buffer += data
        replies = []
        while len(self._buffer) >= _TPKT.size:
            version, length = _TPKT.unpack_from(self._buffer)
            if version != 3 or not 7 <= length <= _MAX_PACKET:  # noqa: PLR2004 - the only version; headers
                raise ValueError("no TPKT header")
            if len(self._buffer) < length:
                break
            packet, self._buffer = self._buffer[:length], self._buffer[length:]
            replies.append(self._packet(packet))
        return replies

    def _packet(self, packet: bytes) -> Reply:
        kind = packet[5]
        if kind == _CONNECT:
            return self._connect(packet)
        if kind == _DISCONNECT:
            return Reply(b"", (asked("disconnect", packet.hex(), "S7: disconnected"),), packet)
        if kind != _DATA or not self._connected:
            raise ValueError(f"unexpected packet {kind:#04x}")
        body = packet[5 + packet[4] :]
        if not body or body[0] != _S7:
            what = "S7comm-plus" if body[:1] == bytes([_S7_PLUS]) else "unknown"
            return Reply(b"", (asked("protocol", what, f"S7: {what} request"),), packet)
        if len(body) < _HEADER.size:
            raise ValueError("a cut header")
        _, kind, _, reference, parameters, _ = _HEADER.unpack_from(body)
        part, data = body[_HEADER.size : _HEADER.size + parameters], body[_HEADER.size + parameters :]
        if kind == _USERDATA:
            answer, told = s7_userdata.answer(self._plant, self._station, part, data, self._longest)
            return Reply(_wrap(_USERDATA, reference, *answer), told, packet)
        if kind != _JOB or not part:
            raise ValueError(f"unexpected kind {kind}")
        error, answer, told = self._job(part, data)
        return Reply(_wrap(_ANSWER, reference, *answer, error=error), told, packet)

    def _connect(self, packet: bytes) -> Reply:
        self._connected = True
        source, options = packet[8:10], _options(packet[11 : packet[4] + 5])
        own, other = options.get(0xC2, b"\x01\x02"), options.get(0xC1, b"\x01\0")
        place = own[-1] if own else 0
        answer = b"\xd0" + source + b"\0\x2f\0\xc0\x01\x0a" + _option(0xC1, other) + _option(0xC2, own)
        text = f"rack={place >> 5} slot={place & 0x1F} own={other.hex()} target={own.hex()}"
        return Reply(_tpkt(bytes([len(answer)]) + answer), (asked("connect", text, f"S7: connection, {text}"),), packet)

    def _job(self, part: bytes, data: bytes) -> tuple[bytes, tuple[bytes, bytes], tuple[Told, ...]]:
        function = part[0]
        if function == _SETUP and len(part) >= 8:  # noqa: PLR2004 - all its fields
            *_, asks, takes, length = struct.unpack_from("!BBHHH", part)
            self._longest = max(64, min(length, _LARGEST))
            answer = struct.pack("!BBHHH", _SETUP, 0, min(asks, 8), min(takes, 8), self._longest)
            return b"\0\0", (answer, b""), (asked("setup", f"pdu={length}", "S7: communication set up"),)
        if function in {READ, WRITE} and len(part) >= 2:  # noqa: PLR2004 - the count
            return b"\0\0", *self._memory.items(function, part, data, self._longest)
        if function in {_CONTROL, _STOP}:
            return b"\0\0", (bytes([function]), b""), (self._control(function, part),)
        name = "download" if function in _DOWNLOADS else "upload" if function in _UPLOADS else f"function {function}"
        text = f"{name} {_printable(part)}"
        if function in _DOWNLOADS:
            told = harmed("download", text, f"S7: program {text}")
        else:
            told = asked("read", text, f"S7: {text}", Severity.MEDIUM)
        return _NOT_AVAILABLE, (bytes([function]), b""), (told,)

    def _control(self, function: int, part: bytes) -> Told:
        if function == _STOP:
            self._plant.running = False
            return harmed("stop", "CPU STOP", "S7: the controller was told to STOP")
        service = part[part.find(b"P_") :] if b"P_" in part else b""
        if service == b"P_PROGRAM":
            self._plant.running = True
            return harmed("start", "CPU START", "S7: the controller was told to start")
        return harmed("control", _printable(part[1:]), f"S7: control {_printable(service or part[1:])}")


def _wrap(kind: int, reference: int, part: bytes, data: bytes, error: bytes = b"") -> bytes:
    return _tpkt(b"\x02\xf0\x80" + _HEADER.pack(_S7, kind, 0, reference, len(part), len(data)) + error + part + data)


def _tpkt(body: bytes) -> bytes:
    return _TPKT.pack(3, len(body) + _TPKT.size) + body


def _options(data: bytes) -> dict[int, bytes]:
    options = {}
    while len(data) >= 2:  # noqa: PLR2004 - code and length
        options[data[0]] = data[2 : 2 + data[1]]
        data = data[2 + data[1] :]
    return options


def _option(code: int, value: bytes) -> bytes:
    return bytes([code, len(value)]) + value


def _printable(data: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data)  # noqa: PLR2004 - ASCII
