"""What the station tells by SNMP: its own description and its interfaces (MIB-II). Pure."""

from bisect import bisect_right
from collections.abc import Callable
from typing import NamedTuple

from plc.station import HARDWARE, MODULE, ORDER_NUMBER, Station

type Oid = tuple[int, ...]

_MIB2 = (1, 3, 6, 1, 2, 1)
_SIEMENS = (1, 3, 6, 1, 4, 1, 4329, 6, 3, 2)
_ETHERNET, _UP, _DOWN = 6, 1, 2
_APPLICATIONS = 76
"""Services of layers 3, 4 and 7."""


class Entry(NamedTuple):
    """A value and its SNMP type (the name of pysnmp's class)."""

    kind: str
    value: object


class Mib:
    """Objects in the order of their names."""

    def __init__(self, station: Station, clock: Callable[[], float]) -> None:
        self._station = station
        self._clock = clock
        self._names: list[Oid] = sorted(self._entries(0.0))

    def get(self, name: Oid) -> Entry | None:
        """Give an object; None when there is none."""
        return self._entries(self._clock()).get(name)

    def after(self, name: Oid) -> Oid | None:
        """Give the next name; None at the end."""
        place = bisect_right(self._names, name)
        return self._names[place] if place < len(self._names) else None

    def _entries(self, now: float) -> dict[Oid, Entry]:
        station = self._station
        ticks = int(station.uptime(now) * 100)
        module = f"Siemens, SIMATIC S7, {MODULE}, {ORDER_NUMBER} , HW: {HARDWARE}"
        about = f"{module}, FW: {station.firmware}, {station.serial}"
        system = {
            1: Entry("OctetString", about),
            2: Entry("ObjectIdentifier", _SIEMENS),
            3: Entry("TimeTicks", ticks),
            4: Entry("OctetString", ""),
            5: Entry("OctetString", station.name),
            6: Entry("OctetString", station.place),
            7: Entry("Integer", _APPLICATIONS),
        }
        entries: dict[Oid, Entry] = {(*_MIB2, 1, number, 0): entry for number, entry in system.items()}
        entries[*_MIB2, 2, 1, 0] = Entry("Integer", len(_PORTS))
        for port, (text, up) in _PORTS.items():
            for column, entry in self._port(port, text, ticks, up=up).items():
                entries[*_MIB2, 2, 2, 1, column, port] = entry
        return entries

    def _port(self, port: int, text: str, ticks: int, *, up: bool) -> dict[int, Entry]:
        mac = bytearray(self._station.mac)
        mac[-1] = (mac[-1] + port - 1) & 0xFF
        packets = ticks // 37 if up else 0
        return {
            1: Entry("Integer", port),
            2: Entry("OctetString", text),
            3: Entry("Integer", _ETHERNET),
            4: Entry("Integer", 1500),
            5: Entry("Gauge32", 100_000_000 if up else 0),
            6: Entry("OctetString", bytes(mac)),
            7: Entry("Integer", _UP),
            8: Entry("Integer", _UP if up else _DOWN),
            9: Entry("TimeTicks", 1193),
            10: Entry("Counter32", packets * 92 % 2**32),
            11: Entry("Counter32", packets % 2**32),
            14: Entry("Counter32", 0),
            16: Entry("Counter32", packets * 118 % 2**32),
            17: Entry("Counter32", packets % 2**32),
            20: Entry("Counter32", 0),
        }


_PORTS = {
    1: (f"Siemens, SIMATIC S7, {MODULE}, Ethernet Port, X2 P1", True),
    2: (f"Siemens, SIMATIC S7, {MODULE}, Ethernet Port, X2 P2", False),
}
