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
CREATED = 201


def register(app: APIFlask) -> None:
    """Let every view that answers 201 to users take the header.

    A view whose answer holds a secret says so by `described.shows_secret`; its answer is not kept, so that a call that
    is sent again is refused instead.
    """
    for endpoint, view in app.view_functions.items():
        if creates(view.__dict__.get("_spec", {})):
            app.view_functions[endpoint] = _once(view)


def creates(spec: dict[str, Any]) -> bool:
    """Whether a view, by what it says of itself, makes something for a user."""
    answer = spec.get("response") or {}
    return answer.get("status_code") == CREATED and spec.get("security") not in {None, "certificate"}


def _once(view: Callable[..., Any]) -> Callable[..., Any]:
    spec = view.__dict__.get("_spec", {})
    secret, limit = bool(spec.get("shows_secret")), spec.get("limit", DEFAULT_LIMIT)

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        key = request.headers.get(HEADER)
        if key is None:
            return view(*args, **kwargs)
        call = _call(key, limit)
        before = service.begin(context().database, call, now())
        if before is not None:
            return _again(before)
        try:
            response = current_app.make_response(view(*args, **kwargs))
        except BaseException:
            service.give_back(context().database, call)
            raise
        body = None if secret else response.get_data(as_text=True)
        service.finish(context().database, call, Answer(response.status_code, body))
        return response

    return wrapper


def _call(key: str, limit: int) -> Call:
    if not re.fullmatch(KEY, key):
        raise Invalid(f"The header {HEADER} takes 1 to 100 letters, digits, dots, colons, dashes and underscores.")
    who = authenticated()
    # A token for some divisions must not be told what its user was answered for all of them.
    rights = f"{who.role} {who.divisions and sorted(who.divisions)}"
    asked = (request.method.encode(), request.full_path.encode(), rights.encode(), whole_body(limit))
    return Call(who.user_id, key, fingerprint(context().settings.data_dir, asked))


def _again(answer: Answer) -> Response:
    if answer.body is None:
        raise Conflict("This was done already; its answer held a secret, which is shown once. Remove it, make another.")
    response = Response(answer.body, answer.status, mimetype="application/json")
    response.headers[REPLAYED] = "true"
    return response
