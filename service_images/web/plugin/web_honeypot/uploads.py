"""Reads forms that carry files (multipart), as far as they are whole."""

from io import BytesIO

import multipart  # type: ignore[import-not-found] # in the image only

from web_honeypot.decoding import MAX_FIELDS
from web_honeypot.request import Upload

MAX_BYTES = 1024 * 1024
_HEAD_BYTES = 8192

type Form = tuple[tuple[tuple[str, str], ...], tuple[Upload, ...]]


def read(content_type: str, body: bytes) -> Form:
    """Give the fields and files of a multipart body; what was read before something broken counts."""
    kind, options = multipart.parse_options_header(content_type)
    fields: list[tuple[str, str]] = []
    uploads: list[Upload] = []
    if kind != "multipart/form-data" or not options.get("boundary"):
        return (), ()
    parser = multipart.MultipartParser(
        BytesIO(body),
        options["boundary"],
        part_limit=MAX_FIELDS,
        headersize_limit=_HEAD_BYTES,
        partsize_limit=MAX_BYTES,
        spool_limit=MAX_BYTES,
        memory_limit=2 * MAX_BYTES,
        disk_limit=0,
    )
    try:
        for part in parser:
            if part.filename is None:
                fields.append((part.name, part.raw.decode("utf-8", "replace")))
            else:
                uploads.append(Upload(part.name, part.filename, part.raw))
    except multipart.MultipartError:
        pass
    return tuple(fields), tuple(uploads)
