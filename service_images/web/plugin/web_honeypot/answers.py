"""Answers exploits as if they had worked. Nothing is run, fetched or written; what cannot be played gives None."""

import base64
import re
from collections.abc import Callable
from html import escape
from typing import NamedTuple

from web_honeypot import products, sql
from web_honeypot.files import read
from web_honeypot.outcome import Case, Outcome
from web_honeypot.php import evaluate
from web_honeypot.request import both
from web_honeypot.response import PLAIN, Response, page
from web_honeypot.rules import Match
from web_honeypot.shell import MAX_COMMAND, Shell

_SYSTEM_ENTITY = re.compile(r"""(?:SYSTEM|PUBLIC\s+["'][^"']{0,200}["'])\s+["']([^"']{1,300})["']""", re.IGNORECASE)
_OPENING = re.compile(r"[;|&`\n]+|\$\((?!\()")
_AFTER_FUNCTION = re.compile(r"\(\)\s*\{[^}\n]{0,80}\}\s*;\s*(.{0,1000})", re.DOTALL)
_ECHO_HEAD = re.compile(r"^(?:echo\s+(?:-[a-z]+\s+)?(?:content-type:\s*[a-z/]+|[\"']{2})?\s*;\s*)+", re.IGNORECASE)


class Answered(NamedTuple):
    """An outcome and the match it belongs to."""

    outcome: Outcome
    match: Match


def answer(case: Case, matches: tuple[Match, ...]) -> Answered | None:
    """Give the answer of the gravest rule that has one.

    Args:
        case: the request and who plays.
        matches: the rules that the request fits.
    """
    for match in matches:
        play = ANSWERS.get(match.rule.answer)
        outcome = play(case, match) if play else None
        if outcome is not None:
            return Answered(outcome, match)
    return None


def _path_file(case: Case, match: Match) -> Outcome | None:
    """A file named by the path itself, or a command where the path leads to a shell."""
    path = both(case.request.target.partition("?")[0]).rpartition("\n")[2]
    if re.search(r"/bin/(?:ba|da)?sh$", path):
        command = _ECHO_HEAD.sub("", case.request.body.decode("latin-1").strip().lstrip("|=").strip())
        return Outcome(page(Shell(case.persona).run(command), 200, PLAIN), command)
    return _file(case, path, match)


def _value_file(case: Case, match: Match) -> Outcome | None:
    for _, value in case.request.fields:
        if (outcome := _file(case, both(value).rpartition("\n")[2], match)) is not None:
            return outcome
    return None


def _body_file(case: Case, match: Match) -> Outcome | None:
    return _file(case, case.request.body.decode("latin-1").strip(), match)


def _exposed_file(case: Case, match: Match) -> Outcome | None:
    return _file(case, case.request.path, match)


def _traversal(case: Case, match: Match) -> Outcome | None:
    return _path_file(case, match) if match.place == "path" else _value_file(case, match)


def _file(case: Case, path: str, _match: Match) -> Outcome | None:
    content = read(case.persona, path)
    return None if content is None else Outcome(page(content, 200, PLAIN))


def _php_wrapper(case: Case, match: Match) -> Outcome | None:
    for _, value in case.request.fields:
        if found := re.search(r"php://filter.{0,200}?resource=(.{1,200})$", value, re.IGNORECASE):
            content = read(case.persona, found[1]) or f"<?php\nrequire '{case.persona.slug}.php';\n"
            encoded = "base64" in value.lower()
            return Outcome(page(base64.b64encode(content.encode()).decode() if encoded else content))
        if value.lower().startswith("data:"):
            text = value.partition(",")[2]
            if "base64" in value[:64]:
                text = _decoded(text)
            return _evaluated(case, text)
        if value.lower().startswith("expect://"):
            return Outcome(page(Shell(case.persona).run(value[9:])), value[9:])
    return _code(case, match)


def _remote_inclusion(case: Case, match: Match) -> Outcome | None:
    url = match.found[0].partition("=")[2].strip()
    if case.persona.windows:
        return None
    warning = (
        f"<br />\n<b>Warning</b>:  include(): php_network_getaddresses: getaddrinfo for {escape(url[:120])} failed: "
        "Temporary failure in name resolution in <b>/var/www/html/index.php</b> on line <b>27</b><br />\n"
    )
    return Outcome(page(warning))


def _code(case: Case, _match: Match) -> Outcome | None:
    request = case.request
    text = "\n".join(
        (request.body.decode("latin-1"), request.view("values"), request.view("path"), request.view("headers"))
    )
    return _evaluated(case, text)


def _evaluated(case: Case, code: str) -> Outcome | None:
    printed = evaluate(code, Shell(case.persona))
    return None if printed is None else Outcome(page(printed.text), printed.command)


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
    return Outcome(page(Shell(case.persona).run(_ECHO_HEAD.sub("", command)), 200, PLAIN), command)


def _xxe(case: Case, _match: Match) -> Outcome:
    named = _SYSTEM_ENTITY.search(case.request.body.decode("latin-1")) or _SYSTEM_ENTITY.search(
        case.request.view("values")
    )
    content = read(case.persona, named[1]) if named else None
    if content is None:
        said = "<status>error</status><message>I/O error : failed to load external entity</message>"
    else:
        said = f"<status>ok</status><data>{escape(content)}</data>"
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<response>{said}</response>\n'
    return Outcome(page(text, 200, "application/xml"))


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


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text + "==").decode("latin-1")
    except ValueError:
        return ""


ANSWERS: dict[str, Callable[[Case, Match], Outcome | None]] = {
    "path_file": _path_file,
    "value_file": _value_file,
    "body_file": _body_file,
    "exposed_file": _exposed_file,
    "traversal": _traversal,
    "php_wrapper": _php_wrapper,
    "remote_inclusion": _remote_inclusion,
    "code": _code,
    "command": _command,
    "web_shell": _web_shell,
    "query_command": _query_command,
    "shellshock": _shellshock,
    "xxe": _xxe,
    "sql_union": _sql_union,
    "sql_error": _sql_error,
    "sql_wait": _sql_wait,
    "reflect": _reflect,
    "put": _put,
    **products.ANSWERS,
}
