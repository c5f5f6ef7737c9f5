"""The parts of the OpenAPI document that are the same for every operation."""

from http import HTTPStatus
from typing import Any

from server_app.api_base import idempotency
from server_app.api_base.auth import COOKIE, CSRF_HEADER

type Document = dict[str, Any]

SCHEMES: Document = {
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "From POST /api/sessions."},
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": CSRF_HEADER,
        "description": "`csrf_token` of POST /api/sessions; every write by a session needs it.",
    },
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API token from POST /api/users/me/tokens; one with the scope `read` is refused for writes.",
    },
    "certificate": {"type": "mutualTLS", "description": "The client certificate of an enrolled sensor."},
}
IDEMPOTENCY_KEY: Document = {
    "name": idempotency.HEADER,
    "in": "header",
    "description": "A name of the caller's choice for this one call. For 24 hours, the same call with the same name "
    "gets the same answer and is not done again; one that showed a secret is answered with 409 instead.",
    "schema": {"type": "string", "pattern": f"^{idempotency.KEY}$"},
    "example": "7f3a9c1e-add-cellar-1",
}
PROBLEM: Document = {
    "title": "Problem",
    "description": "Why a request was refused (RFC 9457); `errors` points at each offending field (RFC 6901).",
    "type": "object",
    "additionalProperties": False,
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"const": "about:blank"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["pointer", "reason"],
                "properties": {"pointer": {"type": "string"}, "reason": {"type": "string"}},
            },
        },
    },
}
MEANINGS = {
    400: "The request does not match its schema.",
    401: "Nobody is logged in, or no client certificate came along.",
    403: "It is known who asks, and it is not for them.",
    404: "There is no such thing, or none that the asking user may know of.",
    409: "It contradicts what is there.",
    413: "The body is too large.",
    422: "The request cannot be granted as it is.",
    429: "Too many attempts.",
    502: "Something behind this server answered wrongly.",
    503: "Something this needs is not there at the moment.",
    507: "There is no room left.",
}
RETRY_AFTER = {"Retry-After": {"description": "seconds", "schema": {"type": "integer", "minimum": 0}}}


def problem_answer(status: int) -> Document:
    """The response component of a refusal."""
    title = HTTPStatus(status).phrase
    example = {"type": "about:blank", "title": title, "status": status, "detail": MEANINGS[status]}
    schema = {"$ref": "#/components/schemas/Problem"}
    answer: Document = {
        "description": MEANINGS[status],
        "content": {"application/problem+json": {"schema": schema, "example": example}},
    }
    return answer | ({"headers": RETRY_AFTER} if status in {429, 503} else {})


def name_of(status: int) -> str:
    """A refusal's name among the components."""
    return HTTPStatus(status).phrase.replace(" ", "")
