"""Reads what attackers have encoded, once or several times."""

import html
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote, unquote_plus

MAX_FIELDS = 256
MAX_CHARACTERS = 64 * 1024
_JSON_DEPTH = 6
_ROUNDS = 3


def pairs(text: str) -> list[tuple[str, str]]:
    """Read `a=b&c=d`; without any `=` there is nothing to read."""
    try:
        return parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="replace", max_num_fields=MAX_FIELDS)
    except ValueError:
        first = text[:MAX_CHARACTERS].split("&")[:MAX_FIELDS]
        return [(unquote_plus(name), unquote_plus(value)) for name, _, value in (part.partition("=") for part in first)]


def both(text: str, *, query: bool = False) -> str:
    """Give a text as it came and, where that differs, decoded: percent signs up to three times, entities of HTML.

    Args:
        text: what the client sent.
        query: it holds a query, where a plus is a space.
    """
    plain = text.replace("+", " ") if query else text
    for _ in range(_ROUNDS):
        more = unquote(plain)
        if more == plain:
            break
        plain = more
    plain = html.unescape(plain) if "&" in plain and ";" in plain else plain
    return text if plain == text else f"{text}\n{plain}"


def json_fields(body: bytes) -> Iterator[tuple[str, str]]:
    """Read names and values out of a JSON document, however deep they are in it."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return
    yield from _flat("", parsed, 0)


def _flat(name: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if depth > _JSON_DEPTH:
        return
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _flat(str(key), part, depth + 1)
    elif isinstance(value, list):
        for part in value:
            yield from _flat(name, part, depth + 1)
    else:
        yield name, value if isinstance(value, str) else json.dumps(value)
