"""Tells single contacts from scans, and both from each other's noise. Pure: time is an argument, events are values.

A contact is one source with one port and becomes one session. It is held for a second before it is told: when its
source touches many ports meanwhile, it is part of a scan instead, and the scan is one session.
"""

from collections.abc import Iterator

from honeypot_adapter.bundler import INTERVAL, Bundler
from honeypot_adapter.event import Json
from recon.contacts import PortContact, Source
from recon.moment import Moment
from recon.packets import Seen
from recon.port_sessions import CONTACT_IDLE, PortSessions, port_contact
from recon.scan import Scan
from recon.words import contact_of, flood

SCAN_PORTS = 10
"""Different ports that one source has touched lately that make a scan."""
SCAN_IDLE = 5.0
"""Seconds without a contact that end a scan."""
MAX_SOURCES = 1024


class Tracker:
    """All sources that are known at the moment, within bounds."""

    def __init__(self) -> None:
        self._bundler = Bundler()
        self._ports = PortSessions(self._bundler)
        self._sources: dict[str, Source] = {}
        self._overflow: PortContact | None = None

    def touch(self, seen: Seen, at: Moment) -> list[Json]:
        """Note a SYN, a datagram or an echo request; gives the events that are due."""
        source = self._source(seen)
        if source is None:
            return self._beyond_bounds(seen, at)
        if seen.protocol == "icmp":
            return self._ports.echo(source, seen, at)
        return self._touch(source, seen, at, accepted=False)

    def accepted(self, seen: Seen, at: Moment) -> list[Json]:
        """Note that a TCP connection was made, whose SYN may have been missed."""
        source = self._source(seen)
        if source is None:
            return []
        if source.scan is not None:
            source.scan.touch(seen.protocol, seen.destination_port, at, contacts=0)
            events: list[Json] = []
        elif seen.key in source.contacts:
            events = self._ports.touch(source, seen, at, accepted=True)
        else:
            events = self._touch(source, seen, at, accepted=True)
        if (contact := source.contacts.get(seen.key)) and contact.held is not None:
            contact.completed.add(seen.source_port)
        return events

    def payload(self, seen: Seen, at: Moment) -> list[Json]:
        """Note the first bytes of a TCP connection that was told by `accepted`."""
        source = self._source(seen)
        if source is None:
            return self._beyond_bounds(seen, at)
        contact = source.contacts.get(seen.key)
        if contact is not None:
            return self._ports.payload(contact, seen, at)
        if source.scan is not None:
            source.scan.payload(seen.protocol, seen.destination_port, seen.payload, at)
            return []
        return self._ports.touch(source, seen, at, accepted=True)

    def tick(self, at: Moment) -> list[Json]:
        """Give the events that are due because time has passed; call it several times a second."""
        events = self._bundler.due(at.monotonic)
        self._bundler.forget_changes()
        for address, source in list(self._sources.items()):
            events += self._tick_source(source, at)
            if not source.contacts and source.scan is None and not source.recent:
                del self._sources[address]
        if self._overflow is not None:
            events += self._ports.tick(self._overflow, at)
            if at.monotonic - self._overflow.last >= CONTACT_IDLE:
                self._overflow = None
        return events

    def finish(self, at: Moment) -> list[Json]:
        """Give all that has not been told yet, because the honeypot ends."""
        events = []
        for source in self._sources.values():
            for contact in source.contacts.values():
                events += self._ports.finish(contact, at)
            if source.scan is not None:
                events += self._end_scan(source.scan, at)
        return events + self._bundler.close_all()

    def _source(self, seen: Seen) -> Source | None:
        source = self._sources.get(seen.source)
        if source is None and len(self._sources) < MAX_SOURCES:
            source = self._sources[seen.source] = Source()
        return source

    def _touch(self, source: Source, seen: Seen, at: Moment, *, accepted: bool) -> list[Json]:
        if source.scan is not None:
            source.scan.note(seen, at)
            return []
        if source.touch(seen.key, at) >= SCAN_PORTS:
            return self._start_scan(source, seen, at)
        return self._ports.touch(source, seen, at, accepted=accepted)

    def _start_scan(self, source: Source, seen: Seen, at: Moment) -> list[Json]:
        scan = source.scan = Scan(contact_of(seen, at, "scan"), at)
        for (protocol, port), contact in list(source.contacts.items()):
            if contact.held is None:
                continue
            for observation in contact.held.values():
                if observation.payload is not None:
                    scan.payload(protocol, port, observation.payload.data, at)
            scan.touch(protocol, port, at, len(contact.held) + contact.repeats)
            del source.contacts[protocol, port]
        for protocol, port in source.recent.keys() - {seen.key}:
            scan.touch(protocol, port, at, contacts=0)
        source.recent.clear()
        scan.note(seen, at)
        return self._bundler.observe(scan.contact, *scan.tell(at), now=at.monotonic)

    def _end_scan(self, scan: Scan, at: Moment) -> list[Json]:
        return self._bundler.observe(scan.contact, *scan.tell(at, end=True), now=at.monotonic, end=True)

    def _beyond_bounds(self, seen: Seen, at: Moment) -> list[Json]:
        """Count what comes from more sources than are kept apart, in one session of its own."""
        if self._overflow is None:
            self._overflow = port_contact(seen, at, "flood")
            self._overflow.held = None
            return self._bundler.observe(self._overflow.contact, flood(MAX_SOURCES, at), now=at.monotonic)
        self._overflow.last = at.monotonic
        self._overflow.repeats += 1
        return []

    def _tick_source(self, source: Source, at: Moment) -> Iterator[Json]:
        source.forget_old(at)
        scan = source.scan
        if scan is not None and at.monotonic - scan.last >= SCAN_IDLE:
            source.scan = None
            yield from self._end_scan(scan, at)
        elif scan is not None and scan.grew and at.monotonic - scan.told >= INTERVAL:
            yield from self._bundler.observe(scan.contact, *scan.tell(at), now=at.monotonic, flush=True)
        for key, contact in list(source.contacts.items()):
            yield from self._ports.tick(contact, at)
            if at.monotonic - contact.last >= CONTACT_IDLE:
                del source.contacts[key]
