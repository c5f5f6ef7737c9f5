"""Request bodies: read up to a bound, parsed strictly, refused with the name of each offending field."""

from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn, cast

from flask import json, request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from server_app.api_base.model import ApiModel as ApiModel  # noqa: PLC0414 - bodies and their base come from one place
from server_app.api_base.spelling import single, spelling_of
from server_app.errors import FieldError, Invalid, TooLarge
from server_app.field_errors import field_errors

DEFAULT_LIMIT = 64 * 1024


def receives[R](
    model: type[BaseModel], limit: int = DEFAULT_LIMIT, at_once: Callable[[bytes], object | None] | None = None
) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Hand the JSON body to a view as `body`, and name the type in the OpenAPI document.

    Args:
        model: what the body must be; fields it does not know are refused.
        limit: bytes at most.
        at_once: a faster way to read a sound body; what it gives is handed on instead, and None means that the body is
            not sound and must be read as `model`.
    """

    def decorate(view: Callable[..., R]) -> Callable[..., R]:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> R:
            raw = whole_body(limit)
            body = parsed_strictly(model, raw) if at_once is None else at_once(raw)
            # What could not be read at once is looked at leniently: one bad item must not keep the others back.
            return view(*args, **kwargs, body=parsed(model, json_value(raw)) if body is None else body)

        # APIFlask's own `input` parses leniently; its OpenAPI generator reads this attribute.
        wrapper.__dict__.setdefault("_spec", {}).update(body=model, content_type="application/json", limit=limit)
        return wrapper

    return decorate


def queried[R](model: type[BaseModel]) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Hand the query parameters to a view as `query`; unknown ones, and what is given twice, are refused."""
    spelled = spelling_of(model)

    def decorate(view: Callable[..., R]) -> Callable[..., R]:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> R:
            return view(*args, **kwargs, query=parsed(model, single(request.args, spelled)))

        wrapper.__dict__.setdefault("_spec", {}).setdefault("args", []).append((model, "query"))
        return wrapper

    return decorate


def parsed[M: BaseModel](model: type[M], data: Any) -> M:
    """Data as a value of the model; texts are taken for numbers, as the parameters of a query must be.

    Raises:
        Invalid: names each offending field.
    """
    return _fitting(lambda: model.model_validate(data, extra="forbid"))


def parsed_strictly[M: BaseModel](model: type[M], raw: bytes) -> M:
    """JSON as a value of the model, with the types that the OpenAPI document names: `0` is not false, `"5"` not 5.

    Raises:
        Invalid: it is not JSON, or names each offending field.
    """
    json_value(raw)  # says what is wrong with JSON as such, and takes no NaN
    return _fitting(lambda: model.model_validate_json(raw, strict=True, extra="forbid"))


def _fitting[M: BaseModel](validated: Callable[[], M]) -> M:
    try:
        return validated()
    except ValidationError as error:
        raise Invalid("The request does not match its schema. Correct the fields.", field_errors(error)) from error


def json_body(limit: int) -> Any:
    """The JSON value of the body.

    Raises:
        TooLarge: it has more bytes than `limit`.
        Invalid: it is not JSON.
    """
    return json_value(whole_body(limit))


def json_value(raw: bytes) -> Any:
    """The JSON value of some bytes.

    Raises:
        Invalid: they are not JSON.
    """
    try:
        return json.loads(raw.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Invalid(
            "The body is not valid JSON (RFC 8259, UTF-8).", (FieldError("", _why(cast("Exception", error))),)
        ) from error


def whole_body(limit: int) -> bytes:
    """The body as it came; it can be read again.

    Raises:
        TooLarge: it has more bytes than `limit`.
    """
    too_large = TooLarge(
        f"The body has more than {limit} bytes. Send less at a time.", (FieldError("", f"longer than {limit} bytes"),)
    )
    # One more than allowed: of a chunked body, Werkzeug gives what fits without saying that there is more.
    request.max_content_length = limit + 1
    try:
        raw = request.get_data()
    except RequestEntityTooLarge as error:
        raise too_large from error
    if len(raw) > limit:
        raise too_large
    return raw


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _why(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else f"not JSON: {error}"[:200]
