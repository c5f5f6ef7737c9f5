"""What a request means and how it is answered: all that is told of it, and the answer."""

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import NamedTuple

from honeypot_adapter.event import Observation, Payload, Severity
from honeypot_adapter.text import printable
from web_honeypot import logins, site
from web_honeypot.answers import Answered, answer
from web_honeypot.logins import Login
from web_honeypot.outcome import Case
from web_honeypot.persona import Persona
from web_honeypot.request import Request, Upload
from web_honeypot.response import Response
from web_honeypot.rules import Match, classify

MAX_LINE = 1024
_MAX_FIELD = 256
_MAX_FOUND = 200
_MAX_COMMAND = 1024
_MAX_UPLOADS = 4


class Verdict(NamedTuple):
    """The answer and what is told of the request; `missing` says that it asked for what is not there."""

    response: Response
    observations: tuple[Observation, ...]
    missing: bool = False


def judge(persona: Persona, request: Request, time: float, attempt: Callable[[], int]) -> Verdict:
    """Classify and answer a request.

    Args:
        persona: who answers.
        request: what came.
        time: seconds since the epoch.
        attempt: counts a login of this attacker and tells the how many-th it is.
    """
    matches = classify(request)
    login = logins.login(request)
    accepted = login is not None and 0 < persona.accept_after <= attempt()

    def usual() -> Response:
        return site.respond(persona, request, login, accepted=accepted)

    answered = answer(Case(request, persona, usual), matches)
    response = answered.outcome.response if answered else usual()
    observations = (
        *_request(request, response.status, matches, time),
        *(_attack(match, request, time) for match in matches),
        *_command(answered, time),
        *(_login(login, time, accepted=accepted) if login else ()),
        *(_file(upload, request, time) for upload in _uploads(request)),
    )
    missing = response.status == 404 and not answered  # noqa: PLR2004 - not found
    return Verdict(response, observations, missing)


def unsound(request: Request, data: bytes, status: int, time: float) -> tuple[Observation, ...]:
    """Give what is told of bytes that are no sound request.

    Args:
        request: what they could have been meant to be.
        data: the bytes.
        status: of the answer.
        time: seconds since the epoch.
    """
    text = f"{printable(data[:128])} -> {status}"
    summary = f"{'HTTPS' if request.tls else 'HTTP'}: no sound request: {text}"
    said = Observation(time, "request", Severity.LOW, "malformed", text, summary, Payload(data, None))
    return (said, *(_attack(match, request, time) for match in classify(request)))


def _request(request: Request, status: int, matches: tuple[Match, ...], time: float) -> Iterator[Observation]:
    gravest = max((match.rule.severity for match in matches), default=Severity.LOW)
    severity = min(gravest, Severity.MEDIUM) if matches else Severity.LOW
    payload = Payload(request.raw, None) if request.body or gravest >= Severity.HIGH else None
    scheme = "HTTPS" if request.tls else "HTTP"
    summary = f"{scheme} {request.method} {request.target[:MAX_LINE]}"
    yield Observation(time, "request", severity, "request", f"{request.line[:MAX_LINE]} -> {status}", summary, payload)


def _attack(match: Match, request: Request, time: float) -> Observation:
    rule = match.rule
    facts: dict[str, object] = {"attack": rule.name, "class": rule.attack}
    facts |= {"cve": list(rule.cve)} if rule.cve else {}
    facts |= {"where": match.place, "found": match.found[0][:_MAX_FOUND]}
    grave = rule.severity >= Severity.HIGH
    named = f" ({rule.cve[0]})" if rule.cve else ""
    summary = f"{rule.name}{named}: {request.method} {request.target[:_MAX_FIELD]}"
    data = json.dumps(facts, ensure_ascii=False)
    return Observation(time, "exploit" if grave else "request", rule.severity, "attack", data, summary)


def _command(answered: Answered | None, time: float) -> Iterator[Observation]:
    if answered is None or not answered.outcome.command:
        return
    command = answered.outcome.command[:_MAX_COMMAND]
    summary = f"{answered.match.rule.name}: command {command}"
    yield Observation(time, "exploit", answered.match.rule.severity, "command", command, summary)


def _login(login: Login, time: float, *, accepted: bool) -> Iterator[Observation]:
    severity = Severity.HIGH if accepted else Severity.MEDIUM
    outcome = "accepted" if accepted else "refused"
    user, password = login.username[:_MAX_FIELD], login.password[:_MAX_FIELD]
    summary = f"Web login {user} / {password} {outcome}"
    for name, data in (("username", user), ("password", password), ("login", outcome)):
        yield Observation(time, "login", severity, name, data, summary)


def _uploads(request: Request) -> tuple[Upload, ...]:
    if request.method == "PUT" and not request.uploads:
        return (Upload("", request.path, request.body),) if request.body else ()
    return request.uploads[:_MAX_UPLOADS]


def _file(upload: Upload, request: Request, time: float) -> Observation:
    digest = hashlib.sha256(upload.content).hexdigest()
    facts: dict[str, object] = {"name": upload.name[:_MAX_FIELD], "sha256": digest, "size": len(upload.content)}
    facts |= {"what": "upload", "path": request.path[:_MAX_FIELD]}
    summary = f"File upload: {upload.name[:_MAX_FIELD]} to {request.path[:_MAX_FIELD]}"
    data = json.dumps(facts, ensure_ascii=False)
    return Observation(time, "file", Severity.HIGH, "file", data, summary, Payload(upload.content, None))
