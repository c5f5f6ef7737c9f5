"""The functions of Modbus, carried out on the plant's areas."""

import struct
from collections.abc import Callable

from plc.process import Plant
from plc.station import ORDER_NUMBER, Station

ILLEGAL_FUNCTION, _ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3
_PAIR = struct.Struct("!HH")
_SHOWN = 32
"""Hexadecimal digits of values that are told."""

_ON, _OFF = 0xFF00, 0
_MAX_BITS, _MAX_REGISTERS, _MAX_WRITTEN_BITS, _MAX_WRITTEN_REGISTERS = 2000, 125, 1968, 123
_MEI_IDENTIFY = b"\x0e"
_READ_COILS, _READ_SWITCHES, _READ_HOLDING, _READ_MEASURED = 1, 2, 3, 4
_WRITE_COIL, _WRITE_REGISTER = 5, 6
_DIAGNOSTICS, _WRITE_COILS, _WRITE_REGISTERS, _MASK_REGISTER, _READ_WRITE, _IDENTIFY = 8, 15, 16, 22, 23, 43


class RefusedError(Exception):
    """The request is answered by an exception; its code is the argument."""


class Functions:
    """What the controller can do."""

    def __init__(self, plant: Plant, station: Station) -> None:
        self._plant = plant
        self._objects = ("Siemens", ORDER_NUMBER, station.firmware)
        self._functions: dict[int, Callable[[int, bytes], tuple[bytes, str]]] = {
            **dict.fromkeys((_READ_COILS, _READ_SWITCHES, _READ_HOLDING, _READ_MEASURED), self._read),
            **dict.fromkeys((_WRITE_COIL, _WRITE_REGISTER), self._write_one),
            **dict.fromkeys((_WRITE_COILS, _WRITE_REGISTERS), self._write_many),
            _DIAGNOSTICS: self._echo,
            _MASK_REGISTER: self._mask,
            _READ_WRITE: self._read_write,
            _IDENTIFY: self._identify,
        }

    def execute(self, function: int, data: bytes) -> tuple[bytes, str]:
        """Give the answer behind the function's number, and what it was about.

        Raises:
            RefusedError: it is answered by an exception.
            struct.error, IndexError: it is cut.
        """
        execute = self._functions.get(function)
        if execute is None:
            raise RefusedError(ILLEGAL_FUNCTION)
        return execute(function, data)

    def _echo(self, _function: int, data: bytes) -> tuple[bytes, str]:
        if data[:2] != b"\0\0":
            raise RefusedError(ILLEGAL_FUNCTION)
        return data, f"echo={data[2:].hex()[:_SHOWN]}"

    def _read_write(self, _function: int, data: bytes) -> tuple[bytes, str]:
        written = self._write_many(_WRITE_REGISTERS, data[4:])[1]
        answer, read = self._read(_READ_HOLDING, data[:4])
        return answer, f"{read}; written: {written}"

    def _read(self, function: int, data: bytes) -> tuple[bytes, str]:
        start, count = _PAIR.unpack_from(data)
        about = f"address={start} count={count}"
        bits = function in {_READ_COILS, _READ_SWITCHES}
        if not 1 <= count <= (_MAX_BITS if bits else _MAX_REGISTERS):
            raise RefusedError(ILLEGAL_VALUE)
        if bits:
            area = self._plant.coils if function == _READ_COILS else self._plant.switches
            values = area.read_bits(start, count)
        else:
            area = self._plant.holding if function == _READ_HOLDING else self._plant.measured
            values = area.read(2 * start, 2 * count)
        if values is None:
            raise RefusedError(_ILLEGAL_ADDRESS)
        return bytes([len(values)]) + values, f"{about} values={values.hex()[:_SHOWN]}"

    def _write_one(self, function: int, data: bytes) -> tuple[bytes, str]:
        address, value = _PAIR.unpack_from(data)
        if function == _WRITE_COIL:
            if value not in {_ON, _OFF}:
                raise RefusedError(ILLEGAL_VALUE)
            done = self._plant.coils.write_bits(address, [value == _ON])
        else:
            done = self._plant.holding.write(2 * address, value.to_bytes(2))
        if not done:
            raise RefusedError(_ILLEGAL_ADDRESS)
        return data[: _PAIR.size], facts(function, data)

    def _write_many(self, function: int, data: bytes) -> tuple[bytes, str]:
        start, count = _PAIR.unpack_from(data)
        size, values = data[4], data[5:]
        bits = function == _WRITE_COILS
        expected = (count + 7) // 8 if bits else 2 * count
        most = _MAX_WRITTEN_BITS if bits else _MAX_WRITTEN_REGISTERS
        if not 1 <= count <= most or size != expected or len(values) != size:
            raise RefusedError(ILLEGAL_VALUE)
        if bits:
            flags = [bool(values[index // 8] >> index % 8 & 1) for index in range(count)]
            done = self._plant.coils.write_bits(start, flags)
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
            raise RefusedError(ILLEGAL_FUNCTION)
        code, first = data[1], data[2]
        if code not in {1, 2, 3, 4}:
            raise RefusedError(ILLEGAL_VALUE)
        if code == 4 and first >= len(self._objects):  # noqa: PLR2004 - one object only
            raise RefusedError(_ILLEGAL_ADDRESS)
        begin = first if first < len(self._objects) else 0
        shown = list(enumerate(self._objects))[begin : begin + 1 if code == 4 else None]  # noqa: PLR2004 - see above
        objects = b"".join(bytes([number, len(text)]) + text.encode() for number, text in shown)
        return bytes([0x0E, code, 0x81, 0, 0, len(shown)]) + objects, f"objects from {first} on"


def facts(function: int, data: bytes) -> str:
    """Tell what a request is about, as far as it can be read."""
    if function in _ADDRESSED and len(data) >= _PAIR.size:
        first, second = _PAIR.unpack_from(data)
        word = "value" if function in {_WRITE_COIL, _WRITE_REGISTER} else "count"
        return f"address={first} {word}={second}"
    return f"data={data.hex()[:_SHOWN]}" if data else ""


_ADDRESSED = {_READ_COILS, _READ_SWITCHES, _READ_HOLDING, _READ_MEASURED, _WRITE_COIL, _WRITE_REGISTER}
_ADDRESSED |= {_WRITE_COILS, _WRITE_REGISTERS, _MASK_REGISTER, _READ_WRITE}
