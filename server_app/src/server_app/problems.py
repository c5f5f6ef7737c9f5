"""Problem documents (RFC 9457): every refusal under /api and /internal leaves here, and is logged here, once."""

from http import HTTPStatus

import structlog
from apiflask import APIFlask
from flask import Response, current_app, json, request
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import HTTPException

from server_app.database_away import is_away
from server_app.database_conflicts import is_conflict
from server_app.errors import Conflict, FieldError, Refusal, Throttled, Unavailable

AWAY_SECONDS = 5
"""After which a request that met no database is worth another attempt."""
LOG = structlog.get_logger(__name__)


def problem(status: int, detail: str, errors: tuple[FieldError, ...] = ()) -> Response:
    """A problem document as a response."""
    document: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        document["errors"] = [{"pointer": error.pointer, "reason": error.reason} for error in errors]
    return Response(json.dumps(document), status=status, mimetype="application/problem+json")


def register(app: APIFlask) -> None:
    """Answer every error of the API with a problem document."""
    app.register_error_handler(Refusal, _refusal)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(IntegrityError, _overtaken)
    app.register_error_handler(Exception, _fault)


def _refusal(error: Refusal) -> Response:
    _log_refusal(error.status, error.detail, error.errors)
    response = problem(error.status, error.detail, error.errors)
    if isinstance(error, Throttled | Unavailable):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _http_error(error: HTTPException) -> Response:
    if error.code is None or error.response is not None:
        return current_app.make_response(error.get_response(request.environ))
    detail = error.description or HTTPStatus(error.code).description
    _log_refusal(error.code, detail, ())
    response = problem(error.code, detail)
    for name, value in error.get_headers(request.environ):
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response


def _overtaken(error: IntegrityError) -> Response:
    # Names and references are looked at before they are stored; somebody else may be faster in between.
    # Sensors are told of a fault: they send again what met one, and would set aside what is refused.
    view = current_app.view_functions.get(request.endpoint or "")
    for_sensors = getattr(view, "_spec", {}).get("security") == "certificate"
    if for_sensors or not is_conflict(error):
        return _fault(error)
    return _refusal(Conflict("Somebody else has just stored what this contradicts. Look again and repeat it."))


def _fault(error: Exception) -> Response:
    if is_away(error):
        LOG.error("database_away", reason=str(error).partition("\n")[0])
        return _refusal(Unavailable("The database cannot be used at the moment. Try again later.", AWAY_SECONDS))
    LOG.error("request_failed", method=request.method, path=request.path, exc_info=error)
    return problem(500, "The server made a mistake; its log has the details. Nothing was changed.")


def _log_refusal(status: int, detail: str, errors: tuple[FieldError, ...]) -> None:
    LOG.warning(
        "request_refused",
        method=request.method,
        path=request.path,
        address=request.remote_addr,
        status=status,
        detail=detail,
        fields=[f"{error.pointer}: {error.reason}" for error in errors],
    )
