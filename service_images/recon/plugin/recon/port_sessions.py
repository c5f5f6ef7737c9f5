"""Contacts with single ports: held for a second, told one by one as far as there is room, and counted beyond it."""

from collections.abc import Iterator

from honeypot_adapter.bundler import INTERVAL, Bundler
from honeypot_adapter.event import Json, Observation
from recon.contacts import PortContact, Source
from recon.moment import Moment
from recon.packets import Seen
from recon.words import contact_of, counted, half_open, observation_of

HOLD = 1.0
"""Seconds a contact may be part of a scan yet to be recognised."""
CONTACT_IDLE = 30.0
"""Seconds without a sign that end a contact's session."""
MAX_HELD = 64
_TOLD_AGAIN = 5.0
"""Seconds after which a payload does not wait for its bundle."""


class PortSessions:
    """Decides what of a contact is told, and when. Keeps nothing itself but what waits in bundles."""

    def __init__(self, bundler: Bundler) -> None:
        self._bundler = bundler

    def touch(self, source: Source, seen: Seen, at: Moment, *, accepted: bool) -> list[Json]:
        """Note a SYN, a datagram, or a connection that was accepted."""
        contact = source.contacts.get(seen.key)
        if contact is None:
            contact = source.contacts[seen.key] = port_contact(seen, at, seen.protocol)
        contact.last = at.monotonic
        if seen.protocol == "tcp" and not contact.is_new(seen.source_port, accepted=accepted):
            return []  # the SYN once more, or what became of it
        if seen.protocol == "udp" and contact.touched:
            contact.repeats += 1
            return []
        contact.touched = True
        observation = observation_of(seen, at)
        if contact.held is None and not contact.full:
            return self._enter(contact, observation, at)
        if contact.held is not None and len(contact.held) < MAX_HELD:
            contact.held[seen.source_port] = observation
        else:
            contact.repeats += 1
        return []

    def payload(self, contact: PortContact, seen: Seen, at: Moment) -> list[Json]:
        """Note the first bytes of a connection."""
        contact.last = at.monotonic
        observation = observation_of(seen, at)
        if contact.held is not None:
            if seen.source_port in contact.held or len(contact.held) < MAX_HELD:
                contact.held[seen.source_port] = observation
            else:
                contact.left_out += 1
            return []
        if contact.full:
            contact.left_out += 1
            return []
        flush = at.monotonic - contact.told >= _TOLD_AGAIN
        contact.told = at.monotonic if flush else contact.told
        return self._enter(contact, observation, at, flush=flush)

    def echo(self, source: Source, seen: Seen, at: Moment) -> list[Json]:
        """Note an echo request."""
        contact = source.contacts.get(seen.key)
        if contact is not None:
            contact.last = at.monotonic
            contact.repeats += 1
            return []
        contact = source.contacts[seen.key] = port_contact(seen, at, "icmp")
        contact.held = None
        return self._bundler.observe(contact.contact, observation_of(seen, at), now=at.monotonic)

    def tick(self, contact: PortContact, at: Moment) -> Iterator[Json]:
        """Give what is due because time has passed."""
        if contact.held is not None and at.monotonic - contact.since >= HOLD:
            yield from self._release(contact, at)
        ends = at.monotonic - contact.last >= CONTACT_IDLE
        if (contact.repeats or contact.left_out) and (ends or at.monotonic - contact.told >= INTERVAL):
            yield from self._tell_counts(contact, at)
        if ends:
            yield from self._bundler.close(contact.contact.session)

    def finish(self, contact: PortContact, at: Moment) -> list[Json]:
        """Give what has not been told yet."""
        return self._release(contact, at) + self._tell_counts(contact, at)

    def _enter(self, contact: PortContact, observation: Observation, at: Moment, *, flush: bool = False) -> list[Json]:
        contact.enter(observation)
        events = self._bundler.observe(contact.contact, observation, now=at.monotonic, flush=flush)
        if events:
            contact.emptied()
        return events

    def _release(self, contact: PortContact, at: Moment) -> list[Json]:
        if contact.held is None:
            return []
        observations = [
            observation
            if observation.payload is not None or port in contact.completed or contact.contact.protocol != "tcp"
            else half_open(observation)
            for port, observation in contact.held.items()
        ]
        contact.held = None
        contact.told = at.monotonic
        return self._bundler.observe(contact.contact, *observations, now=at.monotonic)

    def _tell_counts(self, contact: PortContact, at: Moment) -> list[Json]:
        told = counted(contact, at)
        if not told:
            return []
        contact.repeats = contact.left_out = 0
        contact.told = at.monotonic
        contact.emptied()
        return self._bundler.observe(contact.contact, *told, now=at.monotonic, flush=True)


def port_contact(seen: Seen, at: Moment, what: str) -> PortContact:
    """A session that begins now."""
    return PortContact(contact_of(seen, at, what), at.monotonic, at.monotonic, at.monotonic)
