"""Pydantic's findings as field errors."""

from collections.abc import Iterable

from pydantic import ValidationError

from server_app.errors import FieldError

MAX_ERRORS = 50


def field_errors(error: ValidationError) -> tuple[FieldError, ...]:
    """The offending fields of a failed validation; values are left out, they may be secret or huge."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return tuple(FieldError(pointer(item["loc"]), item["msg"]) for item in found[:MAX_ERRORS])


def pointer(location: Iterable[str | int]) -> str:
    """The place of a field as a JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)
