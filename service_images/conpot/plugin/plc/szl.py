"""The system state lists of the controller: what it tells about itself. Pure."""

import struct
from typing import NamedTuple

from plc.station import FIRMWARE, HARDWARE, MODULE, ORDER_NUMBER, Station

_RUN, _STOP = 0x08, 0x04
_NAME_BYTES = 24
_TEXT_BYTES = 32
_PARTIAL = 0x0F00
_ONE = 0x0100
_NOW = 0x0400
_PROTECTION = 4
_LOADER = "Boot Loader"


class Records(NamedTuple):
    """Records of a list, each as long as the others."""

    size: int
    records: list[bytes]


def read(station: Station, number: int, index: int, *, running: bool) -> Records | None:
    """Give the records of a list; None when the controller does not have it.

    Args:
        station: whose facts are told.
        number: of the list, with the class and the extract that are asked for.
        index: of the record, where one of them is asked for.
        running: whether the program is being executed.
    """
    found = None
    extract = number & _PARTIAL
    match number & 0xFF:
        case 0x00:
            found = Records(2, [struct.pack("!H", each) for each in _LISTS])
        case 0x11:
            found = _chosen(extract, index, _modules())
        case 0x1C:
            found = _chosen(extract, index, _components(station))
        case 0x24 if extract == _NOW:
            state = _RUN if running else _STOP
            found = Records(20, [struct.pack("!HBBHBB12x", 0x5144, 0xFF, state, 0, 0, 0)])
        case 0x31 if extract == _ONE and index <= 1:
            found = Records(40, [struct.pack("!HHHIHB27x", 1, 480, 16, 187_500, 12, 0xFF)])
        case 0x32 if index in {0, _PROTECTION}:
            found = Records(40, [struct.pack("!HHHHHH28x", _PROTECTION, 1, 0, 1, 2, 0)])
        case _:
            pass
    return found


def _chosen(extract: int, index: int, records: dict[int, bytes]) -> Records:
    kept = [data for place, data in records.items() if extract != _ONE or place == index]
    return Records(len(next(iter(records.values()))), kept)


def _modules() -> dict[int, bytes]:
    firmware = struct.pack("!BBBB", ord("V"), *FIRMWARE)
    records = {
        1: _module(ORDER_NUMBER, 0x00C0, struct.pack("!HH", HARDWARE, 1)),
        6: _module(ORDER_NUMBER, 0x00C0, struct.pack("!HH", HARDWARE, 1)),
        7: _module("", 0x00C0, firmware),
        0x81: _module(_LOADER, 0, struct.pack("!BBBB", ord("A"), 35, 12, 9)),
    }
    return {place: struct.pack("!H", place) + data for place, data in records.items()}


def _module(name: str, kind: int, version: bytes) -> bytes:
    return name.encode().ljust(20) + struct.pack("!H", kind) + version


def _components(station: Station) -> dict[int, bytes]:
    texts = {
        1: (station.name, _NAME_BYTES),
        2: (MODULE, _NAME_BYTES),
        3: (station.plant, _TEXT_BYTES),
        4: ("Original Siemens Equipment", _TEXT_BYTES),
        5: (station.serial, _NAME_BYTES),
        7: (MODULE, _TEXT_BYTES),
        8: (station.card, _TEXT_BYTES),
        9: ("", 0),
        11: (station.place, _TEXT_BYTES),
    }
    records = {place: text.encode("latin-1", "replace")[:longest] for place, (text, longest) in texts.items()}
    # Of the manufacturer's profile: Siemens.
    records[9] = struct.pack("!HHHH", 0x002A, 0xF600, 0x0001, 0)
    return {place: struct.pack("!H", place) + text.ljust(32, b"\0") for place, text in sorted(records.items())}


_LISTS = (0x0000, 0x0F00, 0x0011, 0x0111, 0x0F11, 0x001C, 0x011C, 0x0F1C, 0x0131, 0x0132, 0x0232, 0x0424)
