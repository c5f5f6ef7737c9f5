"""One contact's session: what it has had so far and what waits for the next bundle."""

import base64
import json
from typing import Self

from honeypot_adapter.event import (
    KINDS,
    MAX_BODY_BYTES,
    MAX_DETAILS,
    MAX_PACKETS,
    MAX_PAYLOAD,
    MAX_SUMMARY,
    MAX_TEXT,
    Contact,
    Json,
    Observation,
    Severity,
    endpoint,
    timestamp,
)
from honeypot_adapter.ids import uuid7
from honeypot_adapter.text import clean

_ENTRY_BYTES = 96
"""What a detail or packet needs in JSON besides its text."""

_RESERVED = 1
"""Details kept free for the count of what was left out."""


class Session:
    """Entries of one session that wait for their bundle, within the contract's bounds.

    `waiting_since` is the monotonic time of the oldest entry that waits, or None.
    """

    def __init__(self, contact: Contact) -> None:
        self.contact = contact
        self.severity: Severity | None = None
        self.waiting_since: float | None = None
        self._sequence = 0
        self._clear()

    def _clear(self) -> None:
        self.waiting_since = None
        self._time = 0.0
        self._kind = KINDS[0]
        self._bundle_severity = Severity.INFO
        self._summary = ""
        self._observations = 0
        self._others = 0
        self._details: list[Json] = []
        self._packets: list[Json] = []
        self._bytes = 0
        self._omitted = 0
        self._truncated = False

    def add(self, observation: Observation, now: float) -> bool:
        """Keep an observation for the next bundle.

        Returns:
            Whether the bundle must not wait, because it is the session's first or severity rises.
        """
        if self.waiting_since is None:
            self.waiting_since = now
            self._time = observation.time
        self._observations += 1
        self._describe(observation)
        self._keep_detail(observation)
        if observation.payload is not None:
            self._keep_packet(observation)
        rises = self.severity is None or observation.severity > self.severity
        if rises:
            self.severity = observation.severity
        return rises

    def flush(self) -> Json:
        """Make the event of all that waits, and start the next bundle."""
        more = f" (and {self._others} more)" if self._others else ""
        summary, _ = clean(self._summary, MAX_SUMMARY - len(more))
        if self._omitted:
            left_out = f"{self._omitted} entries beyond the bounds of an event"
            self._details.append(_detail(self._time, "omitted", left_out))
        contact = self.contact
        event = {
            "id": uuid7(self._time, f"{contact.session}/{self._sequence}"),
            "time": timestamp(self._time),
            "source": endpoint(contact.source_ip, contact.source_port),
            "destination": endpoint(contact.destination_ip, contact.destination_port),
            "protocol": contact.protocol,
            "kind": self._kind,
            "severity": self._bundle_severity.name.lower(),
            "session": contact.session,
            "summary": summary + more,
            "details": self._details,
            "packets": self._packets,
            "truncated": self._truncated,
        }
        self._sequence += 1
        self._clear()
        return event

    def _describe(self, observation: Observation) -> None:
        rank, known = KINDS.index(observation.kind), KINDS.index(self._kind)
        says_more = rank == known and observation.payload is not None and not self._packets
        if self._observations == 1 or rank > known or says_more:
            self._others += self._observations > 1 and observation.summary != self._summary
            self._kind = observation.kind
            self._summary = observation.summary
        else:
            self._others += observation.summary != self._summary
        self._bundle_severity = max(self._bundle_severity, observation.severity)

    def _keep_detail(self, observation: Observation) -> None:
        data, cut = clean(observation.data, MAX_TEXT)
        self._truncated |= cut
        size = len(json.dumps(data, ensure_ascii=False).encode()) + _ENTRY_BYTES
        if len(self._details) >= MAX_DETAILS - _RESERVED or self._bytes + size > MAX_BODY_BYTES:
            self._omitted += 1
            self._truncated = True
            return
        self._bytes += size
        self._details.append(_detail(observation.time, observation.detail, data))

    def _keep_packet(self, observation: Observation) -> None:
        data, port, protocol = observation.payload or (b"", None, None)
        self._truncated |= len(data) > MAX_PAYLOAD
        encoded = base64.b64encode(data[:MAX_PAYLOAD]).decode()
        size = len(encoded) + _ENTRY_BYTES
        if len(self._packets) >= MAX_PACKETS or self._bytes + size > MAX_BODY_BYTES:
            self._omitted += 1
            self._truncated = True
            return
        self._bytes += size
        self._packets.append(
            {
                "time": timestamp(observation.time),
                "protocol": protocol or self.contact.protocol,
                "port": port or None,
                "payload": encoded,
            }
        )

    def as_json(self) -> Json:
        """Give the whole state as a JSON object, for `from_json`."""
        state = {key: value for key, value in vars(self).items() if key != "contact"}
        return {"contact": self.contact.as_json(), "state": state}

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Take up a session where `as_json` left it."""
        session = cls(Contact(**data["contact"]))
        vars(session).update(data["state"])
        session.severity = None if session.severity is None else Severity(session.severity)
        session._bundle_severity = Severity(session._bundle_severity)
        return session


def _detail(time: float, kind: str, data: str) -> Json:
    return {"time": timestamp(time), "kind": kind, "data": data}
