"""What a view can say of itself for the OpenAPI document, where its signature and other decorators do not show it."""

from collections.abc import Callable
from typing import Any, cast

USER_OR_SENSOR = "user or sensor"
"""The `security` of a view that reads for people and for sensors alike."""


def refuses[R](*statuses: int) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Name refusals of a view that its signature does not show, such as 429 or 503."""

    def decorate(view: Callable[..., R]) -> Callable[..., R]:
        _spec_of(view)["refuses"] = statuses
        return view

    return decorate


def answers_empty[R](status: int, meaning: str) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Name another good answer of a view, one without a body."""

    def decorate(view: Callable[..., R]) -> Callable[..., R]:
        _spec_of(view)["answers_empty"] = {str(status): {"description": meaning}}
        return view

    return decorate


def answers_with[R](*media_types: str) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Say that the good answer of a view is text of one of these types, by what was asked for."""

    def decorate(view: Callable[..., R]) -> Callable[..., R]:
        _spec_of(view)["media_types"] = media_types
        return view

    return decorate


def makes[R](view: Callable[..., R]) -> Callable[..., R]:
    """Say that a view makes something, though it answers neither 201 nor 202, so that it takes an Idempotency-Key."""
    _spec_of(view)["makes"] = True
    return view


def shows_secret[R](view: Callable[..., R]) -> Callable[..., R]:
    """Say that the answer holds a secret that is shown once, so that it must not be kept."""
    _spec_of(view)["shows_secret"] = True
    return view


def takes_raw[R](media_type: str) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Say that a view reads the body itself, as bytes of this type."""

    def decorate(view: Callable[..., R]) -> Callable[..., R]:
        _spec_of(view)["raw_body"] = media_type
        return view

    return decorate


def takes_header[R](name: str, **said: Any) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Say that a view reads this header; `said` is what else OpenAPI has of a parameter, such as its schema."""

    def decorate(view: Callable[..., R]) -> Callable[..., R]:
        _spec_of(view).setdefault("takes_headers", []).append({"name": name, "in": "header", **said})
        return view

    return decorate


def answers_headers[R](**headers: str) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Say which headers of numbers the good answer of a view has, and what they mean; `_` stands for `-`."""

    def decorate(view: Callable[..., R]) -> Callable[..., R]:
        _spec_of(view)["answers_headers"] = {
            name.replace("_", "-"): {"description": meaning, "schema": {"type": "integer", "minimum": 0}}
            for name, meaning in headers.items()
        }
        return view

    return decorate


def _spec_of(view: Callable[..., Any]) -> dict[str, Any]:
    return cast("dict[str, Any]", view.__dict__.setdefault("_spec", {}))
