"""`Idempotency-Key` on every creating call: whoever sends it again gets the same answer, and it is done once."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from apiflask import APIFlask
from flask import Response, current_app, request

from server_app.api_base.auth import authenticated
from server_app.api_base.body import DEFAULT_LIMIT, whole_body
from server_app.context import context
from server_app.db import now
from server_app.errors import Conflict, Invalid
from server_app.idempotency import service
from server_app.idempotency.fingerprint import fingerprint
from server_app.idempotency.service import Answer, Call

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEY = r"[A-Za-z0-9._:-]{1,100}"
CREATED, ACCEPTED = 201, 202


def register(app: APIFlask) -> None:
    """Let every view that makes something for users take the header.

    A view whose answer holds a secret says so by `described.shows_secret`; its answer is not kept, so that a call that
    is sent again is refused instead. A view that takes a raw body, which may be large, calls `once` itself.
    """
    for endpoint, view in app.view_functions.items():
        spec = view.__dict__.get("_spec", {})
        if creates(spec) and "raw_body" not in spec:
            app.view_functions[endpoint] = _once(view)


def creates(spec: dict[str, Any]) -> bool:
    """Whether a view, by what it says of itself, makes something for a user: a thing, or a task."""
    status = (spec.get("response") or {}).get("status_code")
    makes = status in {CREATED, ACCEPTED} or bool(spec.get("makes"))
    return makes and spec.get("security") not in {None, "certificate"}


def once(
    body: Callable[[], bytes],
    make: Callable[[], Any],
    *,
    otherwise: Callable[[], object] = lambda: None,
    secret: bool = False,
) -> Response:
    """Answer this request, or as it was answered before.

    Args:
        body: its body, or what stands for that; asked for only where the request has a key.
        make: does what was asked for; gives anything that Flask takes for an answer.
        otherwise: is called when it is not to be done.
        secret: whether the answer must not be kept.

    Raises:
        Invalid: the key is none.
        Unprocessable: it was used for another request.
        Conflict: the same request runs, or cannot be answered again.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return current_app.make_response(make())
    before, fresh = None, False
    try:
        call = _call(key, body)
        before = service.begin(context().database, call, now())
        fresh = before is None
    finally:
        if not fresh:
            otherwise()
    if before is not None:
        return _again(before)
    try:
        response = current_app.make_response(make())
    except BaseException:
        service.give_back(context().database, call)
        raise
    kept = None if secret else response.get_data(as_text=True)
    service.finish(context().database, call, Answer(response.status_code, kept))
    return response


def _once(view: Callable[..., Any]) -> Callable[..., Any]:
    spec = view.__dict__.get("_spec", {})
    secret, limit = bool(spec.get("shows_secret")), spec.get("limit", DEFAULT_LIMIT)

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return once(lambda: whole_body(limit), lambda: view(*args, **kwargs), secret=secret)

    return wrapper


def _call(key: str, body: Callable[[], bytes]) -> Call:
    if not re.fullmatch(KEY, key):
        raise Invalid(f"The header {HEADER} takes 1 to 100 letters, digits, dots, colons, dashes and underscores.")
    who = authenticated()
    # A token for some divisions must not be told what its user was answered for all of them.
    rights = f"{who.role} {who.divisions and sorted(who.divisions)}"
    asked = (request.method.encode(), request.full_path.encode(), rights.encode(), body())
    return Call(who.user_id, key, fingerprint(context().settings.data_dir, asked))


def _again(answer: Answer) -> Response:
    if answer.body is None:
        raise Conflict("This was done already; its answer held a secret, which is shown once. Ask with another key.")
    response = Response(answer.body, answer.status, mimetype="application/json")
    response.headers[REPLAYED] = "true"
    return response
