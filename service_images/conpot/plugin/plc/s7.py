"""S7 over ISO on TCP: connections, reads and writes of memory, and control of the controller."""

import struct

from honeypot_adapter.event import Severity
from plc import s7_userdata
from plc.process import Area, Plant
from plc.reply import Reply, Told, asked, harmed
from plc.station import Station

_TPKT = struct.Struct("!BxH")
_MAX_PACKET = 8192
_CONNECT, _CONFIRM, _DATA, _DISCONNECT = 0xE0, 0xD0, 0xF0, 0x80
_HEADER = struct.Struct("!BBHHHH")
_S7, _S7_PLUS = 0x32, 0x72
_JOB, _ANSWER, _USERDATA = 1, 3, 7
_SETUP, _READ, _WRITE, _CONTROL, _STOP = 0xF0, 0x04, 0x05, 0x28, 0x29
_DOWNLOADS, _UPLOADS = {0x1A, 0x1B, 0x1C}, {0x1D, 0x1E, 0x1F}
_LARGEST = 480
_NOT_AVAILABLE = b"\x81\x04"
_DONE, _NO_OBJECT, _NO_ADDRESS = 0xFF, 0x0A, 0x05
_BIT, _COUNTER, _TIMER = 1, 0x1C, 0x1D
_SIZES = {1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 4, 8: 4, 0x1C: 2, 0x1D: 2}
_AREAS = {0x81: "inputs", 0x82: "outputs", 0x83: "flags"}
_BLOCK = 0x84
_ITEM = struct.Struct("!BBBBHHB3s")
_SHOWN = 32


class S7Dialogue:
    """One connection."""

    def __init__(self, plant: Plant, station: Station) -> None:
        self._plant = plant
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
        if function in {_READ, _WRITE} and len(part) >= 2:  # noqa: PLR2004 - the count
            return b"\0\0", *self._items(function, part, data)
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

    def _items(self, function: int, part: bytes, data: bytes) -> tuple[tuple[bytes, bytes], tuple[Told, ...]]:
        answers, told = b"", []
        for number in range(part[1]):
            item = part[2 + number * _ITEM.size :][: _ITEM.size]
            if len(item) < _ITEM.size:
                raise ValueError("a cut item")
            if function == _READ:
                code, values, text = self._read(item)
                if len(answers) % 2:
                    answers += b"\0"
                answers += values if code == _DONE else bytes([code, 0, 0, 0])
                told.append(asked("read", text, f"S7: read {text}"))
            else:
                code, text, data = self._write(item, data)
                answers += bytes([code])
                told.append(harmed("write", text, f"S7: write {text}"))
        return (part[:2], answers[: self._longest]), tuple(told)

    def _read(self, item: bytes) -> tuple[int, bytes, str]:
        area, start, count, kind, text = self._place(item)
        values = area.read(start, count) if area else None
        if values is None:
            return (_NO_OBJECT if area is None else _NO_ADDRESS), b"", f"{text} refused"
        if kind == _BIT:
            bit = int.from_bytes(item[9:12]) & 7
            values = bytes([values[0] >> bit & 1])
            return _DONE, b"\xff\x03\0\x01" + values, f"{text} values={values.hex()}"
        shown = values.hex()[:_SHOWN]
        if kind in {_COUNTER, _TIMER}:
            return _DONE, struct.pack("!BBH", _DONE, 9, len(values)) + values, f"{text} values={shown}"
        return _DONE, struct.pack("!BBH", _DONE, 4, len(values) * 8) + values, f"{text} values={shown}"

    def _write(self, item: bytes, data: bytes) -> tuple[int, str, bytes]:
        if len(data) < 4:  # noqa: PLR2004 - the header of a value
            raise ValueError("a cut value")
        _, transport, size = struct.unpack_from("!BBH", data)
        length = (size + 7) // 8 if transport in {3, 4, 5} else size
        values, rest = data[4 : 4 + length], data[4 + length + length % 2 :]
        area, start, _, kind, text = self._place(item)
        text = f"{text} values={values.hex()[:_SHOWN]}"
        if area is None:
            return _NO_OBJECT, f"{text} refused", rest
        if kind == _BIT:
            bit, stored = int.from_bytes(item[9:12]) & 7, area.read(start, 1)
            if stored and values:
                values = bytes([stored[0] & ~(1 << bit) | (values[0] & 1) << bit])
        return (_DONE, text, rest) if area.write(start, values) else (_NO_ADDRESS, f"{text} refused", rest)

    def _place(self, item: bytes) -> tuple[Area | None, int, int, int, str]:
        """Read which bytes an item means: the area (None where there is none), first byte, bytes, kind, all as text."""
        specification, _, syntax, kind, count, block, code, address = _ITEM.unpack(item)
        place = int.from_bytes(address)
        known = specification == 0x12 and syntax == 0x10 and kind in _SIZES  # noqa: PLR2004 - by an address
        if code in {_COUNTER, _TIMER}:
            area, name, start = (self._plant.memory["flags"] if known else None), f"area {code:#04x}", place * 2
        else:
            area = self._plant.blocks.get(block) if code == _BLOCK else self._plant.memory.get(_AREAS.get(code, ""))
            name = f"DB{block}" if code == _BLOCK else _AREAS.get(code, f"area {code:#04x}")
            start = place // 8
        size = count * _SIZES.get(kind, 1)
        return (area if known else None), start, size, kind, f"{name} at {place >> 3}.{place & 7} bytes={size}"


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
