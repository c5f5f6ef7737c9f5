"""SNMP v1 and v2c: each request decoded by pysnmp's types, answered from the MIB and told. v3 is told only."""

from typing import Any, NamedTuple

from pyasn1.codec.ber import decoder, encoder
from pyasn1.error import PyAsn1Error
from pysnmp.proto import api, rfc1905  # type: ignore[import-not-found]  # in the image only
from pysnmp.proto.error import ProtocolError  # type: ignore[import-not-found]  # in the image only

from honeypot_adapter.event import Severity
from plc.mib import Entry, Mib, Oid
from plc.reply import Reply, Told, asked, harmed

_MAX_NAMES = 64
_MAX_REPETITIONS = 20
_LONGEST = 1400
"""Bytes of an answer: no packet of Ethernet is cut."""
_NO_SUCH_NAME, _READ_ONLY, _NOT_WRITABLE, _TOO_BIG = 2, 4, 17, 1
_OLD_KINDS = {"Gauge32": "Gauge", "Counter32": "Counter"}
_V3 = 3
_SHOWN = 12


class _Exchange(NamedTuple):
    """A request taken apart: pysnmp's module for its version, its kind, the names in it, and itself."""

    module: Any
    version: int
    what: str
    names: list[Oid]
    request: Any


class Agent:
    """Answers datagrams."""

    def __init__(self, mib: Mib, communities: tuple[str, ...]) -> None:
        self._mib = mib
        self._communities = communities

    def take(self, data: bytes) -> Reply:
        """Answer one request.

        Raises:
            ValueError: it is no SNMP.
        """
        try:
            version = _version(data)
            if version == _V3:
                return Reply(b"", (asked("version", "SNMPv3", "SNMPv3 request"),), data)
            return self._answer(version, data)
        except (PyAsn1Error, ProtocolError, KeyError, IndexError, TypeError, OverflowError) as error:
            raise ValueError(f"no SNMP: {type(error).__name__}") from error

    def _answer(self, version: int, data: bytes) -> Reply:
        module = api.PROTOCOL_MODULES[version]
        message, _ = decoder.decode(data, asn1Spec=module.Message())
        community = bytes(module.apiMessage.get_community(message)).decode("latin-1")
        request = module.apiMessage.get_pdu(message)
        what = type(request).__name__.removesuffix("PDU").removesuffix("Request")
        names = [tuple(name) for name, _ in module.apiPDU.get_varbinds(request)][:_MAX_NAMES]
        told = [_tell(f"v{'2c' if version else '1'} {what}", community, names, module.apiPDU.get_varbinds(request))]
        if community not in self._communities:
            told.insert(
                0, Told("login", Severity.MEDIUM, "community", community, f"SNMP community {community} refused")
            )
        if community not in self._communities or what not in {"Get", "GetNext", "GetBulk", "Set"}:
            return Reply(b"", tuple(told), data)
        response = module.apiMessage.get_response(message)
        self._fill(_Exchange(module, version, what, names, request), module.apiMessage.get_pdu(response))
        answer = encoder.encode(response)
        if len(answer) > _LONGEST:
            pdu = module.apiMessage.get_pdu(response)
            module.apiPDU.set_varbinds(pdu, [])
            module.apiPDU.set_error_status(pdu, _TOO_BIG)
            answer = encoder.encode(response)
        return Reply(answer, tuple(told), data)

    def _fill(self, exchange: "_Exchange", response: Any) -> None:
        module, version, what, names, request = exchange
        if what == "Set":
            module.apiPDU.set_varbinds(response, module.apiPDU.get_varbinds(request))
            _fail(module, response, _NOT_WRITABLE if version else _READ_ONLY, 1)
            return
        if what == "GetBulk":
            first = max(0, int(module.apiBulkPDU.get_non_repeaters(request)))
            times = min(max(0, int(module.apiBulkPDU.get_max_repetitions(request))), _MAX_REPETITIONS)
            found = self._repeated(names, first, times)
        else:
            places = names if what == "Get" else [self._mib.after(name) for name in names]
            found = list(zip(names, places, strict=True))
        values = []
        for number, (name, place) in enumerate(found, 1):
            entry = self._mib.get(place) if place else None
            if place and entry:
                values.append((place, _value(module, version, entry)))
            elif version:
                nothing = rfc1905.noSuchObject if what == "Get" else rfc1905.endOfMibView
                values.append((name, nothing))
            else:
                module.apiPDU.set_varbinds(response, module.apiPDU.get_varbinds(request))
                _fail(module, response, _NO_SUCH_NAME, number)
                return
        module.apiPDU.set_varbinds(response, values)

    def _repeated(self, names: list[Oid], first: int, times: int) -> list[tuple[Oid, Oid | None]]:
        found: list[tuple[Oid, Oid | None]] = [(name, self._mib.after(name)) for name in names[:first]]
        places: list[Oid | None] = [*names[first:]]
        before = names[first:]
        for _ in range(times if places else 0):
            places = [self._mib.after(place) if place else None for place in places]
            found += zip(before, places, strict=True)
            before = [place or name for place, name in zip(places, before, strict=True)]
            if len(found) > _MAX_NAMES or not any(places):
                break
        return found[:_MAX_NAMES]


def _version(data: bytes) -> int:
    """Read the number at the beginning of a message, which all versions have."""
    body = 2 + (data[1] & 0x7F if data[1] & 0x80 else 0)
    if data[0] != 0x30 or data[body] != 2 or data[body + 1] != 1:  # noqa: PLR2004 - a sequence that begins with a byte
        raise ValueError("no SNMP")
    return data[body + 2]


def _value(module: Any, version: int, entry: Entry) -> Any:
    kind = entry.kind if version else _OLD_KINDS.get(entry.kind, entry.kind)
    value = entry.value.encode() if isinstance(entry.value, str) else entry.value
    return getattr(module, kind)(value)


def _fail(module: Any, response: Any, status: int, index: int) -> None:
    module.apiPDU.set_error_status(response, status)
    module.apiPDU.set_error_index(response, index)


def _tell(what: str, community: str, names: list[Oid], values: Any) -> Told:
    dotted = " ".join(".".join(map(str, name)) for name in names[:_SHOWN])
    text = f"{what} {dotted} community={community}"
    if what.endswith("Set"):
        text += " values=" + " ".join(str(value.prettyPrint())[:64] for _, value in list(values)[:_SHOWN])
        return harmed("write", text, f"SNMP {text}")
    return asked("oid", text, f"SNMP {text}")
