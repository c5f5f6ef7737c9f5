"""Answers what reads files or runs code of the attacker's: both as a few patterns tell."""

import base64
import re
from collections.abc import Callable
from html import escape

from web_honeypot.decoding import both
from web_honeypot.files import read
from web_honeypot.outcome import Case, Outcome
from web_honeypot.php import evaluate
from web_honeypot.response import PLAIN, page
from web_honeypot.rules import Match
from web_honeypot.shell import Shell

_SYSTEM_ENTITY = re.compile(r"""(?:SYSTEM|PUBLIC\s+["'][^"']{0,200}["'])\s+["']([^"']{1,300})["']""", re.IGNORECASE)
ECHO_HEAD = re.compile(r"^(?:echo\s+(?:-[a-z]+\s+)?(?:content-type:\s*[a-z/]+|[\"']{2})?\s*;\s*)+", re.IGNORECASE)
"""What scripts print before a command, so that its output is the body of the answer."""


def _path_file(case: Case, match: Match) -> Outcome | None:
    """A file named by the path itself, or a command where the path leads to a shell."""
    path = both(case.request.target.partition("?")[0]).rpartition("\n")[2]
    if re.search(r"/bin/(?:ba|da)?sh$", path):
        command = ECHO_HEAD.sub("", case.request.body.decode("latin-1").strip().lstrip("|=").strip())
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
    "xxe": _xxe,
}
