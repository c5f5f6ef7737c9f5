"""A set of ports in 8 KiB, however many there are."""

_BYTES = 65536 // 8


class PortSet:
    """Ports 0 to 65535."""

    def __init__(self) -> None:
        self._bits = bytearray(_BYTES)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, port: int) -> None:
        """Take up a port; one that is in it already changes nothing."""
        if not self._bits[port >> 3] & (1 << (port & 7)):
            self._bits[port >> 3] |= 1 << (port & 7)
            self._count += 1

    def ranges(self) -> list[str]:
        """Write the ports in their order, neighbours as ranges: `["22", "80-90"]`."""
        found: list[str] = []
        start: int | None = None
        for index, byte in enumerate(self._bits):
            if byte == 0 and start is None:
                continue
            for port in range(index * 8, index * 8 + 8):
                if byte & (1 << (port & 7)):
                    start = port if start is None else start
                elif start is not None:
                    found.append(_range(start, port - 1))
                    start = None
        if start is not None:
            found.append(_range(start, 65535))
        return found


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"
