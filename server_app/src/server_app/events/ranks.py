"""The orders of kinds and severities. The database keeps a severity as its rank, so that it can compare them."""

from sensor_wire.v1.event import EventKind, Severity

SEVERITIES = tuple(Severity)
KINDS = (
    EventKind.CLOSED,
    EventKind.CONNECTION,
    EventKind.ICMP,
    EventKind.SCAN,
    EventKind.REQUEST,
    EventKind.LOGIN,
    EventKind.COMMAND,
    EventKind.FILE,
    EventKind.EXPLOIT,
)
"""From the least to the most telling: what a session is called when it has events of several kinds."""


def severity_rank(severity: Severity) -> int:
    """0 for info to 4 for critical."""
    return SEVERITIES.index(severity)


def kind_rank(kind: EventKind) -> int:
    """The place in `KINDS`."""
    return KINDS.index(kind)


def summary_rank(severity: int, kind: EventKind) -> int:
    """How well an event's summary speaks for its session: severity first, then kind."""
    return severity * len(KINDS) + kind_rank(kind)
