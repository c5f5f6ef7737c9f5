"""Which controller this claims to be: one module, its serial number and its place in a plant."""

from typing import NamedTuple, Self

from honeypot_adapter.identity import Identity
from honeypot_adapter.options import Options

ORDER_NUMBER = "6ES7 315-2EH14-0AB0"
MODULE = "CPU 315-2 PN/DP"
FIRMWARE = (3, 2, 6)
HARDWARE = 4
PROTOCOLS = ("modbus", "s7", "snmp", "bacnet")

_LINES = "ABCEHJKLRUVX"
_OUIS = ("001b1b", "286336", "000e8c", "ac6417")
"""Of the makers of the module."""
_RESTART_SECONDS = 240 * 24 * 3600
"""Plants are shut down for maintenance now and then."""


class Station(NamedTuple):
    """The facts that all protocols tell alike.

    `phase` (seconds) says when the station was last started, relative to a common rhythm.
    """

    name: str
    plant: str
    place: str
    serial: str
    card: str
    mac: bytes
    device: int
    phase: int
    communities: tuple[str, ...]
    protocols: tuple[str, ...]

    @classmethod
    def of(cls, options: Options, own: Identity) -> Self:
        """Read it from what the operator has set and the sensor's own identity; defaults are those of metadata.xml.

        Raises:
            OptionError: an option is not what it must be.
        """
        line = _LINES[own.number("plc line", len(_LINES))]
        number = own.number("plc serial", 10**9)
        return cls(
            name=options.text("host_name", "plc01"),
            plant=options.text("organisation", ""),
            place=options.text("location", ""),
            serial=f"S C-{line}{1 + own.number('plc year', 9)}U{number:09d}",
            card=f"MMC {own.number('plc card', 1 << 32):08X}",
            mac=bytes.fromhex(_OUIS[own.number("plc oui", len(_OUIS))]) + own.derive("plc mac", 3),
            device=1000 + own.number("plc device", 4_000_000),
            phase=own.number("plc phase", _RESTART_SECONDS),
            communities=options.texts("communities", ("public",)),
            protocols=options.texts("protocols", PROTOCOLS),
        )

    @property
    def firmware(self) -> str:
        """The firmware's version as the maker writes it."""
        return "V{}.{}.{}".format(*FIRMWARE)

    def uptime(self, now: float) -> float:
        """Tell how long the station has been up, in seconds.

        Args:
            now: seconds since the epoch.
        """
        return (now + self.phase) % _RESTART_SECONDS
