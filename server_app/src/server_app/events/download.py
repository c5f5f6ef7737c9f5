"""Files of any size as answers: written as they are read."""

from collections.abc import Iterator
from itertools import chain

import structlog
from flask import Response
from pydantic import BaseModel

from server_app.context import context
from server_app.db import now
from server_app.events.slots import Slot, take, while_taken
from server_app.events.tables import as_csv, as_ndjson, csv_header
from server_app.events.wanted import Format

MEDIA_TYPES = {Format.CSV: "text/csv", Format.NDJSON: "application/x-ndjson"}
LOG = structlog.get_logger(__name__)


def export_slot(user_id: int) -> Slot:
    """A slot for a user. All together leave half of a web process's threads to others.

    Raises:
        Throttled: there are too many already.
    """
    settings = context().settings
    return take(settings.data_dir / "exports", user_id, max(1, settings.web_threads // 2))


def file_of[M: BaseModel](chunks: Iterator[list[M]], model: type[M], kind: Format, name: str, slot: Slot) -> Response:
    """An answer with all items.

    The first chunk is read before anything is sent, so that most of what can fail is still answered as a problem. Later
    there is no way to say it: the connection is cut without the empty chunk that ends a body in HTTP, and the client
    knows that the file is not whole.

    Args:
        chunks: the items.
        model: their type, for the header of a table.
        kind: how to write them.
        name: the beginning of the file's name.
        slot: the user's; free when the file is written, given up or could not be begun.
    """
    try:
        first = next(chunks, [])
    except BaseException:
        slot.free()
        raise
    headers = {"Content-Disposition": f'attachment; filename="HoneySens-{name}-{now():%Y-%m-%d}.{kind.value}"'}
    lines = while_taken(slot, _lines(chain([first], chunks), model, kind))
    response = Response(lines, mimetype=MEDIA_TYPES[kind], headers=headers)
    response.call_on_close(slot.free)  # of a client that is gone before the first line
    return response


def _lines[M: BaseModel](chunks: Iterator[list[M]], model: type[M], kind: Format) -> Iterator[str]:
    write = as_ndjson
    if kind is Format.CSV:
        write = as_csv
        yield csv_header(model)
    try:
        for items in chunks:
            yield write(items)
    except Exception:
        LOG.exception("export_cut_off")
        raise  # gunicorn then ends the connection in the middle of the body
