"""How much to send at once, and what a refusal means for the events in it."""

from dataclasses import dataclass, replace
from enum import Enum, auto
from http import HTTPStatus

from sensor_wire.v1.event import MAX_BATCH_BYTES, MAX_BATCH_ITEMS, MAX_EVENT_BYTES

FIRST_ITEMS = 50
MAX_ITEMS = MAX_BATCH_ITEMS
MAX_BYTES = MAX_BATCH_BYTES // 2
MIN_BYTES = MAX_EVENT_BYTES // 16
CAREFUL_STEP = 8
"""After a setback batches grow by this fraction (an eighth), not to twice their size."""

VERDICTS_ON_CONTENT = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})


@dataclass(frozen=True, slots=True)
class Pace:
    """The next batch: at most so many events and bytes."""

    items: int = FIRST_ITEMS
    bytes: int = MAX_BYTES
    careful: bool = False


def faster(pace: Pace, sent: int) -> Pace:
    """Return the pace after a batch of so many events was taken; it grows only if the batch was a full one."""
    if sent < pace.items:
        return replace(pace, bytes=min(MAX_BYTES, pace.bytes * 2))
    step = pace.items // CAREFUL_STEP + 1 if pace.careful else pace.items
    items = min(MAX_ITEMS, pace.items + step)
    return Pace(items, min(MAX_BYTES, pace.bytes * 2), careful=pace.careful and items < MAX_ITEMS)


def slower(pace: Pace, sent: int) -> Pace:
    """Return the pace after a batch of so many events was too much."""
    return Pace(max(1, min(pace.items, sent) // 2), max(MIN_BYTES, pace.bytes // 2), careful=True)


class Verdict(Enum):
    """What a refused batch tells."""

    LATER = auto()
    """Nothing about the events: send them again after a while."""
    LESS = auto()
    """Too much at once, or something bad is among them: send fewer, at once."""
    LESS_LATER = auto()
    """No answer or a failure, perhaps for what was sent: send fewer after a while."""
    SUSPECT = auto()
    """This one event may be what breaks the server: let others pass, then try it again."""
    POISON = auto()
    """The server will never take this event."""


def judge(status: int | None, *, ours: bool, items: int) -> Verdict:
    """Judge a failed upload.

    Args:
        status: of the answer; None when there was none.
        ours: the answer is a problem document, so not the page of something between sensor and server.
        items: events that were sent.
    """
    single = items == 1
    if status is None or status == HTTPStatus.GATEWAY_TIMEOUT:
        return Verdict.LATER if single else Verdict.LESS_LATER
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or (ours and status in VERDICTS_ON_CONTENT):
        return Verdict.POISON if single else Verdict.LESS
    if ours and status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return Verdict.SUSPECT if single else Verdict.LESS_LATER
    return Verdict.LATER
