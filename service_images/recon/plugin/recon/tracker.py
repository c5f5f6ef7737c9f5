"""Tells single contacts from scans, and both from each other's noise. Pure: time is an argument, events are values.

A contact is one source with one port and becomes one session. It is held for a second before it is told: when its
source touches many ports meanwhile, it is part of a scan instead, and the scan is one session.
"""

from collections.abc import Iterator
from itertools import islice

from honeypot_adapter.bundler import INTERVAL, Bundler
from honeypot_adapter.event import Contact, Json, Observation, Payload, Severity
from honeypot_adapter.text import printable
from recon.contacts import PortContact, Source
from recon.moment import Moment
from recon.packets import Seen
from recon.scan import Scan

HOLD = 1.0
"""Seconds a contact may be part of a scan yet to be recognised."""
SCAN_PORTS = 10
"""Different ports from one source within `SCAN_WINDOW` seconds that make a scan."""
SCAN_WINDOW = 10.0
SCAN_IDLE = 5.0
"""Seconds without a contact that end a scan."""
CONTACT_IDLE = 30.0
"""Seconds without a sign that end a contact's session."""
MAX_SOURCES = 1024
MAX_HELD = 64

_SUMMARY_PAYLOAD = 64


class Tracker:
    """All sources that are known at the moment, within bounds."""

    def __init__(self) -> None:
        self._bundler = Bundler()
        self._sources: dict[str, Source] = {}
        self._overflow: PortContact | None = None

    def touch(self, seen: Seen, at: Moment) -> list[Json]:
        """Note a SYN, a datagram or an echo request; gives the events that are due."""
        source = self._source(seen)
        if source is None:
            return self._beyond_bounds(seen, at)
        if seen.protocol == "icmp":
            return self._echo(source, seen, at)
        return self._touch(source, seen, at, accepted=False)

    def _touch(self, source: Source, seen: Seen, at: Moment, *, accepted: bool) -> list[Json]:
        if source.scan is None and self._is_scan(source, seen, at):
            return self._start_scan(source, seen, at)
        if source.scan is not None:
            self._note_in_scan(source.scan, seen, at)
            return []
        return self._touch_port(source, seen, at, accepted=accepted)

    def accepted(self, seen: Seen, at: Moment) -> list[Json]:
        """Note that a TCP connection was made, whose SYN may have been missed."""
        source = self._source(seen)
        if source is None:
            return []
        if source.scan is not None:
            source.scan.touch(seen.protocol, seen.destination_port, at, contacts=0)
            events: list[Json] = []
        elif _key(seen) in source.contacts:
            events = self._touch_port(source, seen, at, accepted=True)
        else:
            events = self._touch(source, seen, at, accepted=True)
        if (contact := source.contacts.get(_key(seen))) and contact.held is not None:
            contact.completed.add(seen.source_port)
        return events

    def payload(self, seen: Seen, at: Moment) -> list[Json]:
        """Note the first bytes of a TCP connection that was told by `accepted`."""
        source = self._source(seen)
        if source is None:
            return self._beyond_bounds(seen, at)
        contact = source.contacts.get(_key(seen))
        if contact is None and source.scan is not None:
            source.scan.payload(seen.protocol, seen.destination_port, seen.payload, at)
            return []
        if contact is None:
            return self._touch_port(source, seen, at, accepted=True)
        contact.last = at.monotonic
        observation = _observation(seen, at)
        if contact.held is not None:
            if seen.source_port in contact.held or len(contact.held) < MAX_HELD:
                contact.held[seen.source_port] = observation
            else:
                contact.left_out += 1
            return []
        if contact.full:
            contact.left_out += 1
            return []
        flush = at.monotonic - contact.told >= SCAN_IDLE
        contact.told = at.monotonic if flush else contact.told
        return self._enter(contact, observation, at, flush=flush)

    def tick(self, at: Moment) -> list[Json]:
        """Give the events that are due because time has passed; call it several times a second."""
        events = self._bundler.due(at.monotonic)
        self._bundler.forget_changes()
        for address, source in list(self._sources.items()):
            events += self._tick_source(source, at)
            if not source.contacts and source.scan is None and not source.recent:
                del self._sources[address]
        if self._overflow is not None:
            events += self._tick_contact(self._overflow, at)
            if at.monotonic - self._overflow.last >= CONTACT_IDLE:
                self._overflow = None
        return events

    def finish(self, at: Moment) -> list[Json]:
        """Give all that has not been told yet, because the honeypot ends."""
        events = []
        for source in self._sources.values():
            for contact in source.contacts.values():
                events += self._release(contact, at) + self._tell_repeats(contact, at)
            if source.scan is not None:
                events += self._end_scan(source.scan, at)
        return events + self._bundler.close_all()

    def _source(self, seen: Seen) -> Source | None:
        source = self._sources.get(seen.source)
        if source is None and len(self._sources) < MAX_SOURCES:
            source = self._sources[seen.source] = Source()
        return source

    def _is_scan(self, source: Source, seen: Seen, at: Moment) -> bool:
        _forget_old(source, at)
        source.recent[_key(seen)] = at.monotonic
        return len(source.recent) >= SCAN_PORTS

    def _start_scan(self, source: Source, seen: Seen, at: Moment) -> list[Json]:
        scan = source.scan = Scan(_contact(seen, at, "scan"), at)
        for (protocol, port), contact in list(source.contacts.items()):
            if contact.held is None:
                continue
            for observation in contact.held.values():
                if observation.payload is not None:
                    scan.payload(protocol, port, observation.payload.data, at)
            scan.touch(protocol, port, at, len(contact.held) + contact.repeats)
            del source.contacts[protocol, port]
        for protocol, port in source.recent.keys() - {_key(seen)}:
            scan.touch(protocol, port, at, contacts=0)
        source.recent.clear()
        self._note_in_scan(scan, seen, at)
        return self._bundler.observe(scan.contact, *scan.tell(at), now=at.monotonic)

    def _note_in_scan(self, scan: Scan, seen: Seen, at: Moment) -> None:
        scan.touch(seen.protocol, seen.destination_port, at)
        if seen.payload:
            scan.payload(seen.protocol, seen.destination_port, seen.payload, at)

    def _end_scan(self, scan: Scan, at: Moment) -> list[Json]:
        return self._bundler.observe(scan.contact, *scan.tell(at, end=True), now=at.monotonic, end=True)

    def _touch_port(self, source: Source, seen: Seen, at: Moment, *, accepted: bool) -> list[Json]:
        contact = source.contacts.get(_key(seen))
        if contact is None:
            contact = source.contacts[_key(seen)] = _port_contact(seen, at, seen.protocol)
        contact.last = at.monotonic
        if seen.protocol == "tcp" and not contact.is_new(seen.source_port, accepted=accepted):
            return []  # the SYN once more, or what became of it
        if seen.protocol == "udp" and contact.touched:
            contact.repeats += 1
            return []
        contact.touched = True
        observation = _observation(seen, at)
        if contact.held is None and not contact.full:
            return self._enter(contact, observation, at)
        if contact.held is not None and len(contact.held) < MAX_HELD:
            contact.held[seen.source_port] = observation
        else:
            contact.repeats += 1
        return []

    def _enter(self, contact: PortContact, observation: Observation, at: Moment, *, flush: bool = False) -> list[Json]:
        contact.enter(observation)
        events = self._bundler.observe(contact.contact, observation, now=at.monotonic, flush=flush)
        if events:
            contact.emptied()
        return events

    def _echo(self, source: Source, seen: Seen, at: Moment) -> list[Json]:
        contact = source.contacts.get(_key(seen))
        if contact is not None:
            contact.last = at.monotonic
            contact.repeats += 1
            return []
        contact = source.contacts[_key(seen)] = _port_contact(seen, at, "icmp")
        contact.held = None
        return self._bundler.observe(contact.contact, _observation(seen, at), now=at.monotonic)

    def _beyond_bounds(self, seen: Seen, at: Moment) -> list[Json]:
        """Count what comes from more sources than are kept apart, in one session of its own."""
        if self._overflow is None:
            self._overflow = _port_contact(seen, at, "flood")
            self._overflow.held = None
            text = f"more than {MAX_SOURCES} sources at once; contacts from others are counted only"
            flood = Observation(at.wall, "scan", Severity.MEDIUM, "flood", text, f"Flood: {text}")
            return self._bundler.observe(self._overflow.contact, flood, now=at.monotonic)
        self._overflow.last = at.monotonic
        self._overflow.repeats += 1
        return []

    def _tick_source(self, source: Source, at: Moment) -> Iterator[Json]:
        _forget_old(source, at)
        scan = source.scan
        if scan is not None and at.monotonic - scan.last >= SCAN_IDLE:
            source.scan = None
            yield from self._end_scan(scan, at)
        elif scan is not None and scan.grew and at.monotonic - scan.told >= INTERVAL:
            yield from self._bundler.observe(scan.contact, *scan.tell(at), now=at.monotonic, flush=True)
        for key, contact in list(source.contacts.items()):
            yield from self._tick_contact(contact, at)
            if at.monotonic - contact.last >= CONTACT_IDLE:
                del source.contacts[key]

    def _tick_contact(self, contact: PortContact, at: Moment) -> Iterator[Json]:
        if contact.held is not None and at.monotonic - contact.since >= HOLD:
            yield from self._release(contact, at)
        ends = at.monotonic - contact.last >= CONTACT_IDLE
        if (contact.repeats or contact.left_out) and (ends or at.monotonic - contact.told >= INTERVAL):
            yield from self._tell_repeats(contact, at)
        if ends:
            yield from self._bundler.close(contact.contact.session)

    def _release(self, contact: PortContact, at: Moment) -> list[Json]:
        if contact.held is None:
            return []
        observations = [
            observation
            if observation.payload is not None or port in contact.completed or contact.contact.protocol != "tcp"
            else _half_open(observation)
            for port, observation in contact.held.items()
        ]
        contact.held = None
        contact.told = at.monotonic
        return self._bundler.observe(contact.contact, *observations, now=at.monotonic)

    def _tell_repeats(self, contact: PortContact, at: Moment) -> list[Json]:
        kind = {"icmp": "icmp"}.get(contact.contact.protocol, "connection")
        texts = [("repeated", contact.repeats, "more"), ("omitted", contact.left_out, "further payloads")]
        told = [
            Observation(
                at.wall, kind, Severity.INFO, name, f"{count} {what}", f"{_name(contact.contact)}: {count} {what}"
            )
            for name, count, what in texts
            if count
        ]
        if not told:
            return []
        contact.repeats = contact.left_out = 0
        contact.told = at.monotonic
        contact.emptied()
        return self._bundler.observe(contact.contact, *told, now=at.monotonic, flush=True)


def _forget_old(source: Source, at: Moment) -> None:
    # Oldest first: a port touched again keeps its place, which only makes it forgotten earlier.
    old = [key for key, time in islice(source.recent.items(), SCAN_PORTS) if at.monotonic - time >= SCAN_WINDOW]
    for key in old:
        del source.recent[key]


def _key(seen: Seen) -> tuple[str, int]:
    return seen.protocol, seen.destination_port


def _contact(seen: Seen, at: Moment, what: str) -> Contact:
    port = "" if what in {"scan", "icmp", "flood"} else f":{seen.destination_port}"
    has_ports = seen.protocol != "icmp"
    return Contact(
        session=f"{what}:{seen.source}{port}:{int(at.wall * 1000)}",
        protocol=seen.protocol,
        source_ip=seen.source,
        source_port=seen.source_port if has_ports else None,
        destination_ip=seen.destination,
        destination_port=seen.destination_port if has_ports and what != "scan" else None,
    )


def _port_contact(seen: Seen, at: Moment, what: str) -> PortContact:
    return PortContact(_contact(seen, at, what), at.monotonic, at.monotonic, at.monotonic)


def _name(contact: Contact) -> str:
    return "ICMP echo" if contact.protocol == "icmp" else f"{contact.protocol.upper()} port {contact.destination_port}"


def _observation(seen: Seen, at: Moment) -> Observation:
    if seen.protocol == "icmp":
        text = f"echo request, {len(seen.payload)} bytes"
        return Observation(at.wall, "icmp", Severity.INFO, "echo", text, "ICMP echo request (ping)")
    name = f"{seen.protocol.upper()} port {seen.destination_port}"
    if not seen.payload:
        text = f"from port {seen.source_port}, without payload"
        return Observation(at.wall, "connection", Severity.LOW, "connection", text, f"{name}: contact without payload")
    shown = printable(seen.payload)
    summary = f"{name}: {len(seen.payload)} bytes: {shown[:_SUMMARY_PAYLOAD]}"
    payload = Payload(seen.payload, seen.destination_port)
    return Observation(at.wall, "connection", Severity.LOW, "payload", shown, summary, payload)


def _half_open(observation: Observation) -> Observation:
    text = observation.data.replace("without payload", "no handshake within a second (half-open)")
    summary = observation.summary.replace("contact without payload", "half-open contact")
    return Observation(observation.time, observation.kind, observation.severity, observation.detail, text, summary)
