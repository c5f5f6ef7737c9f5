"""The table of attacks, and which of them a request is.

Each file in the folder `rules` holds `[[rule]]`s: `name`, `class`, `severity` (of the event), `in` (the views of the
request it looks at, see `Request.view`), `pattern` (a regular expression, cases alike, `^` and `$` for each line), and
where they apply `cve` (a list), `answer` (who answers, see `answers`) and `method`.
"""

import re
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from honeypot_adapter.event import Severity
from web_honeypot.request import Request

_FOLDER = Path(__file__).parent / "rules"
_PLACES = ("values", "path", "target", "headers", "agent", "method", "body")
_MAX_MATCHES = 8
_CACHED_CHARACTERS = 2048


class Rule(NamedTuple):
    """One kind of attack."""

    name: str
    attack: str
    severity: Severity
    places: tuple[str, ...]
    pattern: re.Pattern[str]
    cve: tuple[str, ...]
    answer: str
    methods: frozenset[str]


class Match(NamedTuple):
    """A rule that a request fits, and where."""

    rule: Rule
    place: str
    found: re.Match[str]


@lru_cache(maxsize=1)
def rules() -> tuple[Rule, ...]:
    """Give all rules, the gravest first; those of one severity in the order of the files."""
    found = [
        _rule(entry) for file in sorted(_FOLDER.glob("*.toml")) for entry in tomllib.loads(file.read_text())["rule"]
    ]
    return tuple(sorted(found, key=lambda rule: -rule.severity))


def classify(request: Request) -> tuple[Match, ...]:
    """Give the rules that a request fits, the gravest first, each once and not more than eight."""
    matches: list[Match] = []
    for index, place, found in sorted(_found(request), key=lambda each: each[0]):
        rule = rules()[index]
        if not any(match.rule is rule for match in matches):
            matches.append(Match(rule, place, found))
    return tuple(matches[:_MAX_MATCHES])


def _found(request: Request) -> Iterator[tuple[int, str, re.Match[str]]]:
    for place in _PLACES:
        text = request.view(place)
        if not text:
            continue
        search = _search if len(text) <= _CACHED_CHARACTERS else _search.__wrapped__
        for index, found in search(place, text):
            methods = rules()[index].methods
            if not methods or request.method in methods:
                yield index, place, found


@lru_cache(maxsize=1024)
def _search(place: str, text: str) -> tuple[tuple[int, re.Match[str]], ...]:
    """Try all rules that look at a place; the same texts come again and again."""
    return tuple(
        (index, found)
        for index, rule in enumerate(rules())
        if place in rule.places and (found := rule.pattern.search(text))
    )


def _rule(entry: dict[str, Any]) -> Rule:
    places = tuple(entry["in"])
    strangers = set(places) - set(_PLACES)
    if strangers:
        raise ValueError(f"the rule {entry['name']} looks at {strangers}, which there is not")
    return Rule(
        entry["name"],
        entry["class"],
        Severity[entry["severity"].upper()],
        places,
        re.compile(entry["pattern"], re.IGNORECASE | re.MULTILINE),
        tuple(entry.get("cve", ())),
        entry.get("answer", ""),
        frozenset(entry.get("method", ())),
    )
