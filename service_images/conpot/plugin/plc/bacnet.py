"""BACnet/IP: tells which device this is and what its properties are."""

import struct

from plc.reply import Reply, asked, harmed
from plc.station import MODULE, Station

_TYPE, _UNICAST, _BROADCAST, _FORWARDED = 0x81, 0x0A, 0x0B, 0x04
_CONFIRMED, _UNCONFIRMED = 0, 1
_WHO_IS, _I_AM, _READ = 8, 0, 12
_NAMES = {7: "create object", 8: "delete object", 10: "write file", 12: "read property", 14: "read properties"}
_NAMES |= {15: "write property", 16: "write properties", 17: "device communication control", 20: "reinitialize device"}
_HARM = {7, 8, 10, 15, 16, 17, 20}
_DEVICE, _ANY = 8, 4194303
_VENDOR = 7
_LONGEST = 1476
_UNKNOWN_OBJECT, _UNKNOWN_PROPERTY = (1, 31), (2, 32)


class Device:
    """Answers datagrams."""

    def __init__(self, station: Station) -> None:
        self._number = station.device
        own = struct.pack("!I", _DEVICE << 22 | station.device)
        self._properties = {
            11: b"\x22\x0b\xb8",
            12: _text(station.firmware),
            28: _text(f"SIMATIC S7 {MODULE}"),
            30: b"",
            44: _text(station.firmware),
            58: _text(station.place),
            62: b"\x22\x05\xc4",
            70: _text(MODULE),
            73: b"\x21\x03",
            75: b"\xc4" + own,
            76: b"\xc4" + own,
            77: _text(station.name),
            79: b"\x91\x08",
            98: b"\x21\x01",
            107: b"\x91\x03",
            112: b"\x91\x00",
            120: b"\x21" + bytes([_VENDOR]),
            121: _text("Siemens Schweiz AG"),
            139: b"\x21\x0e",
        }

    def take(self, data: bytes) -> Reply:
        """Answer one request.

        Raises:
            ValueError: it is no BACnet/IP.
        """
        try:
            return self._answer(data)
        except (IndexError, struct.error) as error:
            raise ValueError("a cut request") from error

    def _answer(self, data: bytes) -> Reply:
        if data[0] != _TYPE or struct.unpack_from("!H", data, 2)[0] != len(data):
            raise ValueError("no BACnet header")
        if data[1] not in {_UNICAST, _BROADCAST, _FORWARDED}:
            text = f"function={data[1]}"
            return Reply(b"\x81\x00\x00\x06\x00\x30", (asked("bvlc", text, f"BACnet: {text}"),), data)
        apdu = _apdu(data[10 if data[1] == _FORWARDED else 4 :])
        if apdu[0] >> 4 == _UNCONFIRMED:
            return self._unconfirmed(apdu, data)
        if apdu[0] >> 4 != _CONFIRMED:
            return Reply(b"", (asked("apdu", apdu.hex()[:64], "BACnet: an answer that nobody asked for"),), data)
        return self._confirmed(apdu, data)

    def _unconfirmed(self, apdu: bytes, data: bytes) -> Reply:
        if apdu[1] != _WHO_IS:
            return Reply(b"", (asked("service", str(apdu[1]), f"BACnet: unconfirmed service {apdu[1]}"),), data)
        low, high = _limits(apdu[2:])
        told = (asked("service", f"who is {low}..{high}", f"BACnet: who is {low}..{high}"),)
        if not low <= self._number <= high:
            return Reply(b"", told, data)
        size = b"\x22" + struct.pack("!H", _LONGEST)
        answer = bytes([_UNCONFIRMED << 4, _I_AM]) + self._properties[75] + size + b"\x91\x03" + self._properties[120]
        return Reply(_framed(answer), told, data)

    def _confirmed(self, apdu: bytes, data: bytes) -> Reply:
        invoke, service = apdu[2], apdu[3]
        name = _NAMES.get(service, f"service {service}")
        if service != _READ or apdu[4] != 0x0C:  # noqa: PLR2004 - the tag of the object
            tell = harmed if service in _HARM else asked
            told = tell("service", f"{name} {apdu[4:].hex()[:128]}", f"BACnet: {name}")
            return Reply(_framed(bytes([0x60, invoke, 9])), (told,), data)
        (target,) = struct.unpack_from("!I", apdu, 5)
        kind, number = target >> 22, target & _ANY
        size = apdu[9] & 7
        wanted = int.from_bytes(apdu[10 : 10 + size])
        text = f"object={kind},{number} property={wanted}"
        told = asked("property", text, f"BACnet: read property {text}")
        return Reply(_framed(self._property(invoke, kind, number, wanted, apdu)), (told,), data)

    def _property(self, invoke: int, kind: int, number: int, wanted: int, apdu: bytes) -> bytes:
        if kind != _DEVICE or number not in {self._number, _ANY}:
            return _error(invoke, *_UNKNOWN_OBJECT)
        value = self._properties.get(wanted)
        if value is None:
            return _error(invoke, *_UNKNOWN_PROPERTY)
        size = apdu[9] & 7
        place = b"\x0c" + self._properties[75][1:] + apdu[9 : 10 + size]
        return bytes([0x30, invoke, _READ]) + place + b"\x3e" + value + b"\x3f"


def _apdu(npdu: bytes) -> bytes:
    """Skip the network layer's header, whose length depends on what is in it."""
    if npdu[0] != 1 or npdu[1] & 0x80:
        raise ValueError("no message for a device")
    place = 2
    for flag in (0x20, 0x08):
        if npdu[1] & flag:
            place += 3 + npdu[place + 2]
    if npdu[1] & 0x20:
        place += 1
    apdu = npdu[place:]
    if len(apdu) < 2:  # noqa: PLR2004 - kind and service
        raise ValueError("no request within")
    return apdu


def _limits(data: bytes) -> tuple[int, int]:
    if len(data) < 4:  # noqa: PLR2004 - two tags with a byte each
        return 0, _ANY
    first = data[0] & 7
    second = data[1 + first] & 7
    low = int.from_bytes(data[1 : 1 + first])
    return low, int.from_bytes(data[2 + first : 2 + first + second])


def _framed(apdu: bytes) -> bytes:
    return struct.pack("!BBH", _TYPE, _UNICAST, len(apdu) + 6) + b"\x01\0" + apdu


def _error(invoke: int, group: int, code: int) -> bytes:
    return bytes([0x50, invoke, _READ, 0x91, group, 0x91, code])


def _text(text: str) -> bytes:
    data = b"\0" + text.encode()[:200]
    return (bytes([0x70 | len(data)]) if len(data) < 5 else bytes([0x75, len(data)])) + data  # noqa: PLR2004 - short form
