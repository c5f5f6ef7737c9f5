"""Takes down what conversations tell, and keeps the events until the sensor has them."""

import time
from collections.abc import Iterable

from honeypot_adapter.event import Observation
from honeypot_adapter.handover import Handover
from web_honeypot.recorder import Recorder
from web_honeypot.visits import Ends, Moment

_BODIES_BYTES = 16 * 1024 * 1024
"""Of all bodies together that are being read at a time."""


class Scribe:
    """The recorder between the conversations and the outbox."""

    def __init__(self, handover: Handover) -> None:
        self._keep = handover.keep
        self._recorder = Recorder()
        self._lent = 0

    def connected(self, ends: Ends) -> None:
        """Note a new connection."""
        self._keep(self._recorder.connected(ends, _now()))

    def told(self, ends: Ends, observations: Iterable[Observation]) -> None:
        """Note what happened in a connection."""
        self._keep(self._recorder.told(ends, tuple(observations), _now()))

    def noted(self, ends: Ends, name: str, text: str) -> None:
        """Note what is worth one entry in a visit."""
        self._keep(self._recorder.noted(ends, name, text, _now()))

    def missed(self, ends: Ends, path: str) -> None:
        """Note a path that is not there."""
        self._keep(self._recorder.missed(ends, path, _now()))

    def attempt(self, ends: Ends) -> int:
        """Count a login; gives the how many-th of the visit it is."""
        return self._recorder.attempt(ends, _now())

    def closed(self, ends: Ends) -> None:
        """Note the end of a connection."""
        self._recorder.closed(ends, _now())

    def tick(self) -> None:
        """Hand on what is due; call it several times a second."""
        self._keep(self._recorder.tick(_now()))

    def finish(self) -> None:
        """End all visits."""
        self._keep(self._recorder.finish(_now()))

    def lend(self, size: int) -> bool:
        """Say whether there is room for so many bytes more of a body; less than none gives them back."""
        if size > 0 and self._lent + size > _BODIES_BYTES:
            return False
        self._lent += size
        return True


def _now() -> Moment:
    return Moment(time.monotonic(), time.time())
