"""Answers commands and statements that an attacker slips in between those of the application."""

import re
from collections.abc import Callable
from html import escape

from web_honeypot import sql
from web_honeypot.decoding import both
from web_honeypot.inclusions import ECHO_HEAD
from web_honeypot.outcome import Case, Outcome
from web_honeypot.response import PLAIN, Response, page
from web_honeypot.rules import Match
from web_honeypot.shell import MAX_COMMAND, Shell

_OPENING = re.compile(r"[;|&`\n]+|\$\((?!\()")
_AFTER_FUNCTION = re.compile(r"\(\)\s*\{[^}\n]{0,80}\}\s*;\s*(.{0,1000})", re.DOTALL)


def _command(case: Case, match: Match) -> Outcome:
    found = match.found[0].strip("= ")
    value = next((value for _, value in case.request.fields if found in f"={value}"), match.found[0])
    command = _injected(both(value).rpartition("\n")[2])
    return Outcome(page(Shell(case.persona).run(command), 200, PLAIN), command[:MAX_COMMAND])


def _injected(value: str) -> str:
    """Give what stands behind the character that ends the command which the application would run."""
    opening = _OPENING.search(value)
    if opening is None:
        return value.strip()
    rest = value[opening.end() :].strip()
    if "`" in opening[0]:
        return rest.partition("`")[0].strip()
    if "$(" in opening[0]:
        return rest.removesuffix(")").strip()
    return rest.rstrip("'\"") if (rest.count("'") + rest.count('"')) % 2 else rest


def _web_shell(case: Case, match: Match) -> Outcome:
    name = match.found[0].partition("=")[0].lower()
    command = next((value for key, value in case.request.fields if key.lower() == name), "")
    return Outcome(page(f"<pre>{escape(Shell(case.persona).run(command), quote=False)}</pre>"), command[:MAX_COMMAND])


def _query_command(case: Case, _match: Match) -> Outcome:
    command = both(case.request.query, query=True).rpartition("\n")[2]
    return Outcome(page(Shell(case.persona, "root").run(command), 200, PLAIN), command[:MAX_COMMAND])


def _shellshock(case: Case, match: Match) -> Outcome | None:
    found = _AFTER_FUNCTION.search(case.request.view(match.place))
    if found is None:
        return None
    command = found[1].partition("\n")[0].strip()
    return Outcome(page(Shell(case.persona).run(ECHO_HEAD.sub("", command)), 200, PLAIN), command)


def _sql_union(case: Case, match: Match) -> Outcome | None:
    row = sql.selected(case.persona, case.request.view(match.place).rpartition("\n")[2] or "") or sql.selected(
        case.persona, case.request.view(match.place)
    )
    if row is None:
        return None
    cells = "".join(f"<td>{escape(cell)}</td>" for cell in row)
    return Outcome(page(f'<!DOCTYPE html>\n<html><body><table class="list"><tr>{cells}</tr></table></body></html>\n'))


def _sql_error(case: Case, match: Match) -> Outcome:
    return Outcome(page(f"<br />\n<b>Fatal error</b>: {escape(sql.message(case.persona, match.found[0]))}\n", 500))


def _sql_wait(case: Case, match: Match) -> Outcome | None:
    delay = sql.delay(case.request.view(match.place))
    return Outcome(case.usual()._replace(delay=delay)) if delay else None


def _reflect(case: Case, _match: Match) -> Outcome | None:
    """A search page that gives back what was searched, unescaped: that is what looks like the hole."""
    value = max((value for _, value in case.request.fields), key=len, default="")
    if not value:
        return None
    return Outcome(page(f"<!DOCTYPE html>\n<html><body><p>No results for {value[:1000]}</p></body></html>\n"))


def _put(case: Case, _match: Match) -> Outcome:
    if case.request.method != "PUT":
        return Outcome(Response(201))
    says = f"<h1>Created</h1><p>Resource {escape(case.request.path[:200])} has been created.</p>"
    head = "<!DOCTYPE html>\n<html><head><title>201 Created</title></head>"
    return Outcome(page(f"{head}<body>{says}</body></html>\n", 201))


ANSWERS: dict[str, Callable[[Case, Match], Outcome | None]] = {
    "command": _command,
    "web_shell": _web_shell,
    "query_command": _query_command,
    "shellshock": _shellshock,
    "sql_union": _sql_union,
    "sql_error": _sql_error,
    "sql_wait": _sql_wait,
    "reflect": _reflect,
    "put": _put,
}
