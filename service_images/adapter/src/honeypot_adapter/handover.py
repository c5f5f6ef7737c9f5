"""For honeypots that make their events themselves, without a log: keeps them until the sensor has them."""

import time

from honeypot_adapter.delivery import Delivery
from honeypot_adapter.event import MAX_DETAILS, Json, timestamp
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
            _tell_dropped(events[0], self._dropped)
            self._dropped = 0
        with self._outbox.transaction():
            for event in events:
                self._outbox.put(event)
        self._delivery.wake()


def _tell_dropped(event: Json, count: int) -> None:
    text = f"{count} events before this one, because the sensor took none"
    details = event["details"]
    if len(details) >= MAX_DETAILS:  # its last one tells what its own bundle has left out
        text = f"{details.pop()['data']}; {text}"
    details.append({"time": timestamp(time.time()), "kind": "omitted", "data": text})
    event["truncated"] = True
