"""How many may be on their way in, and how many inside. Pure."""

from collections import Counter

COMING_OF_SOURCE, COMING = 100, 200
"""Connections that have not logged in, of one source and in all. OpenSSH itself takes 100 at most (`MaxStartups`)."""
OPEN = 400
"""All connections, whether logged in or not."""


class Guest:
    """One connection that was let in."""

    def __init__(self, admission: "Admission", source: str) -> None:
        self._admission, self._source = admission, source
        self._coming = True

    def entered(self) -> None:
        """Note that the connection has logged in."""
        if self._coming:
            self._coming = False
            self._admission.arrived(self._source)

    def left(self) -> None:
        """Note that the connection is over; to be called once."""
        self.entered()
        self._admission.open -= 1


class Admission:
    """Counts the connections of one protocol; `open` are all of them."""

    def __init__(self, coming_of_source: int = COMING_OF_SOURCE, coming: int = COMING, most: int = OPEN) -> None:
        self._coming_of_source, self._all_coming, self._most = coming_of_source, coming, most
        self._coming: Counter[str] = Counter()
        self.open = 0

    def came(self, source: str) -> Guest | None:
        """Let a connection in; None: there is no room for it."""
        full = self.open >= self._most or self._coming.total() >= self._all_coming
        if full or self._coming[source] >= self._coming_of_source:
            return None
        self._coming[source] += 1
        self.open += 1
        return Guest(self, source)

    def arrived(self, source: str) -> None:
        """Note that one of a source's connections is no more on its way in."""
        self._coming[source] -= 1
        if not self._coming[source]:
            del self._coming[source]
