"""S7's reads and writes of memory: items within requests, carried out on the plant's areas."""

import struct

from plc.process import Area, Plant
from plc.reply import Told, asked, harmed

READ, WRITE = 0x04, 0x05
_DONE, _NO_OBJECT, _NO_ADDRESS = 0xFF, 0x0A, 0x05
_BIT, _COUNTER, _TIMER = 1, 0x1C, 0x1D
_SIZES = {1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 4, 8: 4, 0x1C: 2, 0x1D: 2}
_AREAS = {0x81: "inputs", 0x82: "outputs", 0x83: "flags"}
_BLOCK = 0x84
_ITEM = struct.Struct("!BBBBHHB3s")
_SHOWN = 32


class Memory:
    """The plant's areas as S7 names them."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant

    def items(
        self, function: int, part: bytes, data: bytes, longest: int
    ) -> tuple[tuple[bytes, bytes], tuple[Told, ...]]:
        """Carry out all items of a request.

        Args:
            function: `READ` or `WRITE`.
            part: the request's parameters.
            data: the values to write.
            longest: bytes that an answer may have.

        Returns:
            Parameters and data of the answer, and what is to be told.

        Raises:
            ValueError: the request is cut.
        """
        answers, told = b"", []
        for number in range(part[1]):
            item = part[2 + number * _ITEM.size :][: _ITEM.size]
            if len(item) < _ITEM.size:
                raise ValueError("a cut item")
            if function == READ:
                code, values, text = self._read(item)
                if len(answers) % 2:
                    answers += b"\0"
                answers += values if code == _DONE else bytes([code, 0, 0, 0])
                told.append(asked("read", text, f"S7: read {text}"))
            else:
                code, text, data = self._write(item, data)
                answers += bytes([code])
                told.append(harmed("write", text, f"S7: write {text}"))
        return (part[:2], answers[:longest]), tuple(told)

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
