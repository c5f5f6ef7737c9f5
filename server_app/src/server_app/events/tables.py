"""Items of lists as lines of a file. Pure."""

import csv
import io
from collections.abc import Iterable

from pydantic import BaseModel

from server_app.events.schemas import EndpointItem

FORMULA = ("=", "+", "-", "@", "\t", "\r")
ENDPOINTS = ("source", "destination")


def as_ndjson(items: Iterable[BaseModel]) -> str:
    """One JSON object a line."""
    return "".join(f"{item.model_dump_json()}\n" for item in items)


def as_csv(items: Iterable[BaseModel]) -> str:
    """Rows of a table (RFC 4180), without its header."""
    return _lines([_cell(value) for value in _values(item)] for item in items)


def csv_header(model: type[BaseModel]) -> str:
    """The names of the columns: the fields, each end of a contact in two."""
    parts = tuple(EndpointItem.model_fields)
    names = [[f"{name}_{part}" for part in parts] if name in ENDPOINTS else [name] for name in model.model_fields]
    return _lines([[name for group in names for name in group]])


def defused(text: str) -> str:
    """A text that no spreadsheet takes for a formula: attackers choose what is in these cells."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _values(item: BaseModel) -> Iterable[object]:
    for value in item.model_dump(mode="json").values():
        if isinstance(value, dict):
            yield from value.values()
        else:
            yield value


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return defused(value) if isinstance(value, str) else str(value)


def _lines(rows: Iterable[list[str]]) -> str:
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    return file.getvalue()
