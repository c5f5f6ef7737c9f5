"""For honeypots that make their events themselves, without a log: keeps them until the sensor has them."""

from honeypot_adapter.delivery import Delivery
from honeypot_adapter.event import Json, tell_omitted
from honeypot_adapter.log import log
from honeypot_adapter.outbox import Outbox


class Handover:
    """The way into the outbox. What finds it full is dropped, and counted in the next event that finds room."""

    def __init__(self, outbox: Outbox, delivery: Delivery) -> None:
        self._outbox = outbox
        self._delivery = delivery
        self._dropped = 0

    def keep(self, events: list[Json]) -> None:
        """Keep events as bundlers give them, all or none; they are sent from now on."""
        if not events:
            return
        if self._outbox.full:
            if not self._dropped:
                log("the sensor took nothing for too long: new events are dropped until it does")
            self._dropped += len(events)
            return
        if self._dropped:
            log(f"{self._dropped} events were dropped")
            tell_omitted(events[0], f"{self._dropped} events before this one, because the sensor took none")
            self._dropped = 0
        with self._outbox.transaction():
            for event in events:
                self._outbox.put(event)
        self._delivery.wake()
