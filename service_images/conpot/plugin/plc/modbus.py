"""Modbus/TCP: requests found in a connection, answered and told."""

import struct

from plc.modbus_functions import ILLEGAL_FUNCTION, ILLEGAL_VALUE, Functions, RefusedError, facts
from plc.process import Plant
from plc.reply import Reply, Told, asked, harmed
from plc.station import Station

_HEADER = struct.Struct("!HHHB")
_MAX_LENGTH = 254
_FAILED = 0x80
_BLANK = b"\r\n\r\n"
"""By which scanners look for Modbus: controllers repeat it as if it were a header."""
_NAMES = {
    1: "read coils",
    2: "read discrete inputs",
    3: "read holding registers",
    4: "read input registers",
    5: "write coil",
    6: "write register",
    7: "read exception status",
    8: "diagnostics",
    11: "get event counter",
    12: "get event log",
    15: "write coils",
    16: "write registers",
    17: "report server id",
    20: "read file",
    21: "write file",
    22: "mask register",
    23: "read and write registers",
    43: "identify the device",
    90: "UMAS programming",
}
_WRITES = {5, 6, 15, 16, 21, 22, 23, 90}


class ModbusDialogue:
    """One connection."""

    def __init__(self, plant: Plant, station: Station) -> None:
        self._functions = Functions(plant, station)
        self._buffer = b""

    def take(self, data: bytes) -> list[Reply]:
        """Answer the requests that are whole now.

        Raises:
            ValueError: this is no Modbus.
        """
        if data == _BLANK and not self._buffer:
            answer = _BLANK + b"\0\x03\0" + bytes([_FAILED, ILLEGAL_FUNCTION])
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
            answer, about = self._functions.execute(function, data)
            body = bytes([function]) + answer
        except (RefusedError, struct.error, IndexError) as error:
            code = error.args[0] if isinstance(error, RefusedError) else ILLEGAL_VALUE
            body, about = bytes([function | _FAILED, code]), f"{facts(function, data)} exception={code}".lstrip()
        tell = harmed if function in _WRITES else asked
        text = f"unit={unit} function={function} ({name}) {about}".rstrip()
        return body, tell("write" if tell is harmed else "read", text, f"Modbus: {name}, {about}".rstrip(" ,"))
