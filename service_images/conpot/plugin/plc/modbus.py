"""Modbus/TCP: each request decoded, answered from the plant's areas and told."""

import struct
from collections.abc import Callable

from plc.process import Area, Plant
from plc.reply import Reply, Told, asked, harmed
from plc.station import ORDER_NUMBER, Station

_HEADER = struct.Struct("!HHHB")
_MAX_LENGTH = 254
_PAIR = struct.Struct("!HH")
_ILLEGAL_FUNCTION, _ILLEGAL_ADDRESS, _ILLEGAL_VALUE = 1, 2, 3
_FAILED = 0x80
_ON, _OFF = 0xFF00, 0
_MAX_BITS, _MAX_REGISTERS, _MAX_WRITTEN_BITS, _MAX_WRITTEN_REGISTERS = 2000, 125, 1968, 123
_SHOWN = 32
_MEI_IDENTIFY = b"\x0e"
_BLANK = b"\r\n\r\n"
"""By which scanners look for Modbus: controllers repeat it as if it were a header."""

_READ_COILS, _READ_SWITCHES, _READ_HOLDING, _READ_MEASURED = 1, 2, 3, 4
_WRITE_COIL, _WRITE_REGISTER, _DIAGNOSTICS, _WRITE_COILS, _WRITE_REGISTERS = 5, 6, 8, 15, 16
_MASK_REGISTER, _READ_WRITE, _IDENTIFY = 22, 23, 43
_NAMES = {
    _READ_COILS: "read coils",
    _READ_SWITCHES: "read discrete inputs",
    _READ_HOLDING: "read holding registers",
    _READ_MEASURED: "read input registers",
    _WRITE_COIL: "write coil",
    _WRITE_REGISTER: "write register",
    7: "read exception status",
    _DIAGNOSTICS: "diagnostics",
    11: "get event counter",
    12: "get event log",
    _WRITE_COILS: "write coils",
    _WRITE_REGISTERS: "write registers",
    17: "report server id",
    20: "read file",
    21: "write file",
    _MASK_REGISTER: "mask register",
    _READ_WRITE: "read and write registers",
    _IDENTIFY: "identify the device",
    90: "UMAS programming",
}
_WRITES = {_WRITE_COIL, _WRITE_REGISTER, _WRITE_COILS, _WRITE_REGISTERS, 21, _MASK_REGISTER, _READ_WRITE, 90}


class RefusedError(Exception):
    """The request is answered by an exception; its code is the argument."""


class ModbusDialogue:
    """One connection."""

    def __init__(self, plant: Plant, station: Station) -> None:
        self._plant = plant
        self._objects = ("Siemens", ORDER_NUMBER, station.firmware)
        self._buffer = b""
        self._functions: dict[int, Callable[[int, bytes], tuple[bytes, str]]] = {
            **dict.fromkeys((_READ_COILS, _READ_SWITCHES, _READ_HOLDING, _READ_MEASURED), self._read),
            **dict.fromkeys((_WRITE_COIL, _WRITE_REGISTER), self._write_one),
            **dict.fromkeys((_WRITE_COILS, _WRITE_REGISTERS), self._write_many),
            _DIAGNOSTICS: self._echo,
            _MASK_REGISTER: self._mask,
            _READ_WRITE: self._read_write,
            _IDENTIFY: self._identify,
        }

    def take(self, data: bytes) -> list[Reply]:
        """Answer the requests that are whole now.

        Raises:
            ValueError: this is no Modbus.
        """
        if data == _BLANK and not self._buffer:
            answer = _BLANK + b"\0\x03\0" + bytes([_FAILED, _ILLEGAL_FUNCTION])
            return [Reply(answer, (asked("payload", "blank lines", "Modbus: blank lines of a scanner"),), data)]
        self._buffer += data
        replies = []
        while len(self._buffer) >= _HEADER.size:
            transaction, protocol, length, unit = _HEADER.unpack_from(self._buffer)
            if protocol != 0 or not 2 <= length <= _MAX_LENGTH:  # noqa: PLR2004 - unit and function
                raise ValueError("no Modbus header")
            end = _HEADER.size - 1 + length
            if len(self._buffer) < end:
                break
            request, self._buffer = self._buffer[:end], self._buffer[end:]
            body, told = self._answer(unit, request[_HEADER.size :])
            replies.append(Reply(_HEADER.pack(transaction, 0, len(body) + 1, unit) + body, (told,), request))
        return replies

    def _answer(self, unit: int, body: bytes) -> tuple[bytes, Told]:
        function, data = body[0], body[1:]
        name = _NAMES.get(function, f"function {function}")
        try:
            answer, facts = self._execute(function, data)
            body = bytes([function]) + answer
        except (RefusedError, struct.error, IndexError) as error:
            code = error.args[0] if isinstance(error, RefusedError) else _ILLEGAL_VALUE
            body, facts = bytes([function | _FAILED, code]), f"{_facts(function, data)} exception={code}".lstrip()
        tell = harmed if function in _WRITES else asked
        text = f"unit={unit} function={function} ({name}) {facts}".rstrip()
        return body, tell("write" if tell is harmed else "read", text, f"Modbus: {name}, {facts}".rstrip(" ,"))

    def _execute(self, function: int, data: bytes) -> tuple[bytes, str]:
        execute = self._functions.get(function)
        if execute is None:
            raise RefusedError(_ILLEGAL_FUNCTION)
        return execute(function, data)

    def _echo(self, _function: int, data: bytes) -> tuple[bytes, str]:
        if data[:2] != b"\0\0":
            raise RefusedError(_ILLEGAL_FUNCTION)
        return data, f"echo={data[2:].hex()[:_SHOWN]}"

    def _read_write(self, _function: int, data: bytes) -> tuple[bytes, str]:
        written = self._write_many(_WRITE_REGISTERS, data[4:])[1]
        answer, read = self._read(_READ_HOLDING, data[:4])
        return answer, f"{read}; written: {written}"

    def _read(self, function: int, data: bytes) -> tuple[bytes, str]:
        start, count = _PAIR.unpack_from(data)
        facts = f"address={start} count={count}"
        bits = function in {_READ_COILS, _READ_SWITCHES}
        if not 1 <= count <= (_MAX_BITS if bits else _MAX_REGISTERS):
            raise RefusedError(_ILLEGAL_VALUE)
        if bits:
            area = self._plant.coils if function == _READ_COILS else self._plant.switches
            values = _read_bits(area, start, count)
        else:
            area = self._plant.holding if function == _READ_HOLDING else self._plant.measured
            values = area.read(2 * start, 2 * count)
        if values is None:
            raise RefusedError(_ILLEGAL_ADDRESS)
        return bytes([len(values)]) + values, f"{facts} values={values.hex()[:_SHOWN]}"

    def _write_one(self, function: int, data: bytes) -> tuple[bytes, str]:
        address, value = _PAIR.unpack_from(data)
        if function == _WRITE_COIL:
            if value not in {_ON, _OFF}:
                raise RefusedError(_ILLEGAL_VALUE)
            done = _write_bits(self._plant.coils, address, [value == _ON])
        else:
            done = self._plant.holding.write(2 * address, value.to_bytes(2))
        if not done:
            raise RefusedError(_ILLEGAL_ADDRESS)
        return data[: _PAIR.size], _facts(function, data)

    def _write_many(self, function: int, data: bytes) -> tuple[bytes, str]:
        start, count = _PAIR.unpack_from(data)
        size, values = data[4], data[5:]
        bits = function == _WRITE_COILS
        expected = (count + 7) // 8 if bits else 2 * count
        most = _MAX_WRITTEN_BITS if bits else _MAX_WRITTEN_REGISTERS
        if not 1 <= count <= most or size != expected or len(values) != size:
            raise RefusedError(_ILLEGAL_VALUE)
        if bits:
            flags = [bool(values[index // 8] >> index % 8 & 1) for index in range(count)]
            done = _write_bits(self._plant.coils, start, flags)
        else:
            done = self._plant.holding.write(2 * start, values)
        if not done:
            raise RefusedError(_ILLEGAL_ADDRESS)
        return data[: _PAIR.size], f"address={start} count={count} values={values.hex()[:_SHOWN]}"

    def _mask(self, _function: int, data: bytes) -> tuple[bytes, str]:
        address, keep, put = struct.unpack_from("!HHH", data)
        old = self._plant.holding.read(2 * address, 2)
        if old is None:
            raise RefusedError(_ILLEGAL_ADDRESS)
        value = int.from_bytes(old) & keep | put & ~keep & 0xFFFF
        self._plant.holding.write(2 * address, value.to_bytes(2))
        return data[:6], f"address={address} and={keep:#06x} or={put:#06x}"

    def _identify(self, _function: int, data: bytes) -> tuple[bytes, str]:
        if data[:1] != _MEI_IDENTIFY:
            raise RefusedError(_ILLEGAL_FUNCTION)
        code, first = data[1], data[2]
        if code not in {1, 2, 3, 4}:
            raise RefusedError(_ILLEGAL_VALUE)
        if code == 4 and first >= len(self._objects):  # noqa: PLR2004 - one object only
            raise RefusedError(_ILLEGAL_ADDRESS)
        begin = first if first < len(self._objects) else 0
        shown = list(enumerate(self._objects))[begin : begin + 1 if code == 4 else None]  # noqa: PLR2004 - see above
        objects = b"".join(bytes([number, len(text)]) + text.encode() for number, text in shown)
        return bytes([0x0E, code, 0x81, 0, 0, len(shown)]) + objects, f"objects from {first} on"


def _read_bits(area: Area, start: int, count: int) -> bytes | None:
    first, last = start // 8, (start + count - 1) // 8
    stored = area.read(first, last - first + 1)
    if stored is None:
        return None
    number = int.from_bytes(stored, "little") >> start % 8 & (1 << count) - 1
    return number.to_bytes((count + 7) // 8, "little")


def _write_bits(area: Area, start: int, flags: list[bool]) -> bool:
    for place, flag in enumerate(flags, start):
        stored = area.read(place // 8, 1)
        if stored is None:
            return False
        mask = 1 << place % 8
        area.write(place // 8, bytes([stored[0] | mask if flag else stored[0] & ~mask]))
    return True


def _facts(function: int, data: bytes) -> str:
    if function in _NAMES and len(data) >= _PAIR.size:
        first, second = _PAIR.unpack_from(data)
        word = "value" if function in {_WRITE_COIL, _WRITE_REGISTER} else "count"
        return f"address={first} {word}={second}"
    return f"data={data.hex()[:_SHOWN]}" if data else ""
