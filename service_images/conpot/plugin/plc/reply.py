"""What a protocol makes of a request: the answer, and what is to be told of it."""

from typing import NamedTuple, Protocol

from honeypot_adapter.event import Severity


class Told(NamedTuple):
    """One thing to tell; the fields are those of an observation."""

    kind: str
    severity: Severity
    detail: str
    data: str
    summary: str


class Reply(NamedTuple):
    """The answer (empty for none), what is to be told, and the request itself for the record."""

    answer: bytes
    told: tuple[Told, ...]
    request: bytes = b""


class Dialogue(Protocol):
    """One TCP connection's state."""

    def take(self, data: bytes) -> list[Reply]:
        """Take the next bytes and answer the requests that are whole now.

        Raises:
            ValueError: the client speaks something else.
        """


def asked(detail: str, data: str, summary: str, severity: Severity = Severity.LOW) -> Told:
    """Tell of a request that only reads."""
    return Told("request", severity, detail, data, summary)


def harmed(detail: str, data: str, summary: str) -> Told:
    """Tell of a request that would change what the plant does."""
    return Told("exploit", Severity.HIGH, detail, data, summary)
