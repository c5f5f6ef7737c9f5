"""Files of any size as answers: written as they are read."""

from collections.abc import Iterator
from itertools import chain

import structlog
from flask import Response
from pydantic import BaseModel

from server_app.db import now
from server_app.events.tables import as_csv, as_ndjson, csv_header
from server_app.events.wanted import Format

MEDIA_TYPES = {Format.CSV: "text/csv", Format.NDJSON: "application/x-ndjson"}
LOG = structlog.get_logger(__name__)


def file_of[M: BaseModel](chunks: Iterator[list[M]], model: type[M], kind: Format, name: str) -> Response:
    """An answer with all items.

    The first chunk is read before anything is sent, so that most of what can fail is still answered as a problem. Later
    there is no way to say it: the connection is cut without the empty chunk that ends a body in HTTP, and the client
    knows that the file is not whole.

    Args:
        chunks: the items.
        model: their type, for the header of a table.
        kind: how to write them.
        name: the beginning of the file's name.
    """
    first = next(chunks, [])
    headers = {"Content-Disposition": f'attachment; filename="HoneySens-{name}-{now():%Y-%m-%d}.{kind.value}"'}
    lines = _lines(chain([first], chunks), model, kind)
    return Response(lines, mimetype=MEDIA_TYPES[kind], headers=headers)


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
