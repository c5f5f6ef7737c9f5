"""The short way to storing a batch without a fault."""

from collections.abc import Sequence
from http import HTTPStatus

from sensor_wire.v1.event import MAX_BATCH_BYTES, ItemStatus
from server_app.api_base.short_way import Answer, Plain, Way
from server_app.context import Context
from server_app.db import now
from server_app.events.ingest import Accepted, read_sound
from server_app.metrics.instruments import Instruments


def _store(context: Context, instruments: Instruments, request: Plain) -> Answer | None:
    read = read_sound(request.body)
    if read is None:
        return None
    statuses = context.intake.store(request.proof, read, now())
    instruments.count_events(statuses)
    return Answer(HTTPStatus.OK, _told(read, statuses))


def _told(items: Sequence[Accepted], statuses: Sequence[ItemStatus]) -> bytes:
    """A `BatchResult` as JSON; nothing in it needs to be escaped."""
    results = (
        f'{{"index":{index},"id":"{item.uuid}","status":"{status.value}","reason":null}}'
        for index, (item, status) in enumerate(zip(items, statuses, strict=True))
    )
    return f'{{"results":[{",".join(results)}]}}'.encode()


UPLOAD = Way(MAX_BATCH_BYTES, _store)
