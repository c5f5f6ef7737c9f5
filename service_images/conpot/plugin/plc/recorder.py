"""Makes events of what the protocols tell, and keeps them until the sensor has them."""

import time
from collections.abc import Iterable

from honeypot_adapter.bundler import Bundler
from honeypot_adapter.event import Contact, Json, Observation, Payload, Severity
from honeypot_adapter.handover import Handover
from plc.reply import Told

_RECORDED = 4097
"""One byte more than an event takes, so that it is seen when there was more."""


class Recorder:
    """Sessions between the sockets and the outbox."""

    def __init__(self, handover: Handover) -> None:
        self._handover = handover
        self._bundler = Bundler()

    def tell(self, contact: Contact, told: Iterable[Told], request: bytes = b"", *, end: bool = False) -> None:
        """Record what happened just now.

        Args:
            contact: whose session it belongs to.
            told: what happened, in its order.
            request: the bytes that it came by; they stay with the first thing told.
            end: nothing more will happen in this session.
        """
        now = time.time()
        payload = Payload(request[:_RECORDED], None) if request else None
        observations = [
            Observation(now, *each[:2], each.detail, each.data, each.summary, None if number else payload)
            for number, each in enumerate(told)
        ]
        self._keep(self._bundler.observe(contact, *observations, now=time.monotonic(), end=end))

    def closed(self, contact: Contact, reason: str, what: str) -> None:
        """Record the end of a session."""
        self.tell(contact, [Told("closed", Severity.INFO, "closed", reason, f"{what} session closed")], end=True)

    def tick(self) -> None:
        """Hand over what has waited long enough; for the event loop to call now and then."""
        self._keep(self._bundler.due(time.monotonic()))

    def finish(self) -> None:
        """End all sessions, because the program ends."""
        self._keep(self._bundler.close_all())

    def _keep(self, events: list[Json]) -> None:
        self._bundler.forget_changes()
        self._handover.keep(events)
