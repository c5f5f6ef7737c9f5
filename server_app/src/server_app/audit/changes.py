"""What a flush does to a row, as JSON for people: which attributes, from what to what."""

from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import InstanceState, Mapper

LONGEST_TEXT = 1000
HIDDEN = "changed"
"""What stands for a secret's new value; its old one is left out."""
type Values = dict[str, Any]


def created(row: object) -> Values:
    """All attributes of a new row."""
    return _shown(row, _values(row))


def removed(row: object) -> Values:
    """All attributes that were known of a row that goes."""
    return _shown(row, _values(row))


def changed(row: object) -> tuple[Values, Values]:
    """What changes of a row: the attributes before and after, both empty when nothing worth recording does."""
    state = _state(row)
    hidden, ignored = _marked(row, "audit_hidden"), _marked(row, "audit_ignored")
    before: Values = {}
    after: Values = {}
    for name in _recorded(state.mapper):
        history = state.attrs[name].history
        if name in ignored or not history.has_changes():
            continue
        if name in hidden:
            after[name] = HIDDEN
        elif name in state.mapper.relationships:
            before[name] = _numbers([*history.unchanged, *history.deleted])
            after[name] = _numbers([*history.unchanged, *history.added])
        else:
            new = _plain(history.added[0] if history.added else None)
            old = _plain(history.deleted[0]) if history.deleted else None
            if new != old or not history.deleted:
                before[name], after[name] = old, new
    return before, after


def label(row: object) -> str:
    """What people call a row: its name, otherwise what its key consists of."""
    name = getattr(row, "name", None)
    if isinstance(name, str):
        return name
    mapper = _state(row).mapper
    if len(mapper.primary_key) == 1:
        return ""
    keys = zip(mapper.primary_key, mapper.primary_key_from_instance(row), strict=True)
    return ", ".join(f"{column.name} {value}" for column, value in keys)


def number(row: object) -> int | None:
    """The row's number, unless its key is something else."""
    key = _state(row).mapper.primary_key_from_instance(row)
    return key[0] if len(key) == 1 and isinstance(key[0], int) else None


def _shown(row: object, values: Values) -> Values:
    left_out = _marked(row, "audit_hidden") | _marked(row, "audit_ignored")
    return {name: value for name, value in values.items() if name not in left_out}


def _values(row: object) -> Values:
    state = _state(row)
    relationships = state.mapper.relationships
    loaded = {name: state.dict[name] for name in _recorded(state.mapper) if name in state.dict}
    return {name: _numbers(value) if name in relationships else _plain(value) for name, value in loaded.items()}


def _recorded(mapper: Mapper[Any]) -> list[str]:
    """Columns, and lists whose table between has no class of its own and so would be recorded nowhere."""
    lists = [relationship.key for relationship in mapper.relationships if relationship.secondary is not None]
    return [*(attribute.key for attribute in mapper.column_attrs), *lists]


def _marked(row: object, name: str) -> frozenset[str]:
    marked: frozenset[str] = getattr(type(row), name, frozenset())
    return marked


def _state(row: object) -> InstanceState[Any]:
    state: InstanceState[Any] = inspect(row)
    return state


def _numbers(rows: Iterable[object]) -> list[int | None]:
    return sorted((number(row) for row in rows), key=lambda value: value or 0)


def _plain(value: object) -> Any:
    plain: Any = value
    if isinstance(value, Enum):
        plain = value.value
    elif isinstance(value, datetime):
        plain = value.isoformat()
    elif isinstance(value, str):
        plain = value if len(value) <= LONGEST_TEXT else f"{value[:LONGEST_TEXT]}…"
    elif isinstance(value, bytes):
        plain = f"{len(value)} bytes"
    elif value is not None and not isinstance(value, bool | int | float | list | dict):
        plain = str(value)
    return plain
