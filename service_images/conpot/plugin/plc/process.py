"""The plant that the controller seems to run: memory areas whose values move, and keep what is written to them."""

import hashlib
import math
from collections.abc import Callable

from honeypot_adapter.identity import Identity

_MOVING = 32
"""Bytes at the beginning of an area that are measured values: words around a mean."""
_SWING = 0.02


class Area:
    """A range of bytes as old as the station; `fixed` areas do not move."""

    def __init__(self, own: Identity, name: str, size: int, clock: Callable[[], float], *, fixed: bool = False) -> None:
        self._clock = clock
        self._bytes = bytearray(size)
        self._means: list[tuple[int, int]] = []
        self._written: set[int] = set()
        seed = own.derive(f"plc area {name}")
        if not fixed:
            for offset in range(0, min(_MOVING, size - 1), 2):
                digest = hashlib.sha256(seed + bytes([offset])).digest()
                self._means.append((int.from_bytes(digest[:2]) % 9000 + 500, 60 + digest[2] * 10))

    def __len__(self) -> int:
        return len(self._bytes)

    def read(self, start: int, count: int) -> bytes | None:
        """Give bytes; None when some of them do not exist."""
        if start < 0 or count < 0 or start + count > len(self._bytes):
            return None
        now = self._clock()
        for index, (mean, period) in enumerate(self._means):
            offset = index * 2
            if offset not in self._written and start < offset + 2 and offset < start + count:
                value = round(mean * (1 + _SWING * math.sin(2 * math.pi * now / period)))
                self._bytes[offset : offset + 2] = value.to_bytes(2)
        return bytes(self._bytes[start : start + count])

    def write(self, start: int, data: bytes) -> bool:
        """Keep bytes; False when some of the places do not exist."""
        if start < 0 or start + len(data) > len(self._bytes):
            return False
        self._bytes[start : start + len(data)] = data
        self._written |= set(range(start & ~1, min(start + len(data), _MOVING), 2))
        return True

    def read_bits(self, start: int, count: int) -> bytes | None:
        """Give bits, the first one lowest in the first byte; None when some of them do not exist."""
        first, last = start // 8, (start + count - 1) // 8
        stored = self.read(first, last - first + 1)
        if stored is None:
            return None
        number = int.from_bytes(stored, "little") >> start % 8 & (1 << count) - 1
        return number.to_bytes((count + 7) // 8, "little")

    def write_bits(self, start: int, flags: list[bool]) -> bool:
        """Keep bits up to the first that does not exist; False when there is such a one."""
        for place, flag in enumerate(flags, start):
            stored = self.read(place // 8, 1)
            if stored is None:
                return False
            mask = 1 << place % 8
            self.write(place // 8, bytes([stored[0] | mask if flag else stored[0] & ~mask]))
        return True


class Plant:
    """All areas of one controller, and whether it runs."""

    def __init__(self, own: Identity, clock: Callable[[], float]) -> None:
        self.running = True
        self.clock = clock
        sizes = {"inputs": 256, "outputs": 256, "flags": 512}
        self.memory = {name: Area(own, name, size, clock) for name, size in sizes.items()}
        numbers = sorted({1, 2, *(3 + own.number(f"plc block {index}", 97) for index in range(6))})
        self.blocks = {number: Area(own, f"block {number}", 256 << (number % 3), clock) for number in numbers}
        self.holding = Area(own, "holding", 2048, clock)
        self.measured = Area(own, "measured", 1024, clock)
        self.coils = Area(own, "coils", 128, clock, fixed=True)
        self.switches = Area(own, "switches", 128, clock, fixed=True)
