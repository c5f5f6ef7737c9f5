"""Options of services: the part of JSON Schema that a service may declare them by, and values checked against it. Pure.

The part is small on purpose: nothing refers to anything else, within or without, and no value takes long to check.
"""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import lru_cache
from typing import Annotated, Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import extend
from pydantic import StringConstraints, TypeAdapter
from pydantic import ValidationError as NoMatch
from pydantic_core import SchemaError as BadPattern

from server_app.errors import FieldError
from server_app.field_errors import pointer

type Schema = Mapping[str, Any]
MAX_BYTES = 16 * 1024
MAX_DEPTH = 4
MAX_OPTIONS = 64
MAX_ERRORS = 50
NUMBERS = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
TEXTS = {"minLength", "maxLength", "pattern"}
LISTS = {"items", "minItems", "maxItems", "uniqueItems"}
OBJECTS = {"properties", "required", "additionalProperties", "propertyNames", "maxProperties"}
WORDS = {"$schema", "title", "description", "default", "examples", "type", "enum", "const"}
KEYWORDS = NUMBERS | TEXTS | LISTS | OBJECTS | WORDS


class UnfitSchemaError(ValueError):
    """A schema cannot be used; the message says why."""


def check_schema(schema: Schema) -> None:
    """Check what a service declares; empty means that it has no options.

    Raises:
        UnfitSchemaError: it is no JSON Schema, or not of the part that is understood here.
    """
    if not schema:
        return
    if len(json.dumps(schema)) > MAX_BYTES:
        raise UnfitSchemaError(f"is longer than {MAX_BYTES} bytes")
    if schema.get("type") != "object":
        raise UnfitSchemaError("must describe an object")
    if len(schema.get("properties", {})) > MAX_OPTIONS:
        raise UnfitSchemaError(f"has more than {MAX_OPTIONS} options")
    _check_keywords(schema, 0)
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise UnfitSchemaError(f"is no JSON Schema: {error.message[:200]}") from error
    wrong = next(_problems(schema, filled(schema, {}), complete=False), None)
    if wrong is not None:
        raise UnfitSchemaError(f"has a default that does not fit: {wrong.pointer}: {wrong.reason}")


def problems(schema: Schema, options: Mapping[str, Any]) -> Iterator[FieldError]:
    """What is wrong with options, with pointers from the object of options on, not more than 50.

    Args:
        schema: what the service declares; one that `check_schema` refuses declares nothing.
        options: with defaults filled in.
    """
    try:
        check_schema(schema)
    except UnfitSchemaError:
        schema = {}
    yield from _problems(schema, options, complete=True)


def _problems(schema: Schema, options: Mapping[str, Any], *, complete: bool) -> Iterator[FieldError]:
    if len(json.dumps(options)) > MAX_BYTES:
        yield FieldError("", f"longer than {MAX_BYTES} bytes")
        return
    closed = {"type": "object", "additionalProperties": False} | dict(schema)
    errors = (error for error in _Validator(closed).iter_errors(options) if complete or error.validator != "required")
    for _, error in zip(range(MAX_ERRORS), errors, strict=False):
        yield _field_error(error)


def filled(schema: Schema, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options with the defaults of those that are not set, deep down."""
    result = dict(options)
    for name, part in schema.get("properties", {}).items():
        if name not in result and "default" in part:
            result[name] = deepcopy(part["default"])
        if isinstance(result.get(name), dict):
            result[name] = filled(part, result[name])
    return result


def _check_keywords(schema: Any, depth: int) -> None:
    if not isinstance(schema, Mapping):
        raise UnfitSchemaError("must be an object at every level; true and false are not understood")
    if depth > MAX_DEPTH:
        raise UnfitSchemaError(f"is nested more than {MAX_DEPTH} deep")
    unknown = sorted(set(schema) - KEYWORDS)
    if unknown:
        raise UnfitSchemaError(f"uses {unknown[0][:50]}, which is not understood here")
    if isinstance(schema.get("pattern"), str):
        _check_pattern(schema["pattern"])
    properties = schema.get("properties", {})
    for part in [*(properties.values() if isinstance(properties, Mapping) else ()), *_further(schema)]:
        _check_keywords(part, depth + 1)


def _further(schema: Schema) -> list[Any]:
    parts = [schema[name] for name in ("items", "propertyNames") if name in schema]
    others = schema.get("additionalProperties", False)
    return parts if isinstance(others, bool) else [*parts, others]


def _check_pattern(pattern: str) -> None:
    try:
        _matcher(pattern)
    except BadPattern as error:
        raise UnfitSchemaError(f"has a pattern that is not understood here: {pattern[:100]}") from error


@lru_cache(maxsize=256)
def _matcher(pattern: str) -> TypeAdapter[str]:
    # Pydantic's expressions take linear time, whatever the pattern: Python's own could keep a thread busy for ever.
    return TypeAdapter(Annotated[str, StringConstraints(pattern=pattern)])


def _match(_validator: object, pattern: str, instance: object, _schema: object) -> Iterator[ValidationError]:
    if isinstance(instance, str):
        try:
            _matcher(pattern).validate_python(instance)
        except NoMatch:
            yield ValidationError(f"does not match {pattern}")


_Validator = extend(Draft202012Validator, {"pattern": _match})  # type: ignore[no-untyped-call] # jsonschema's own


def _field_error(error: ValidationError) -> FieldError:
    place = [part for part in error.absolute_path if isinstance(part, str | int)]
    declared: Any = error.validator_value
    value: Any = error.instance
    schema: Any = error.schema
    if error.validator == "required":
        missing = [name for name in declared if name not in value]
        return FieldError(pointer([*place, *missing[:1]]), "is required")
    if error.validator == "additionalProperties":
        unknown = sorted(name for name in value if name not in schema.get("properties", {}))
        return FieldError(pointer([*place, *unknown[:1]]), "is not an option of this service")
    return FieldError(pointer(place), error.message[:200])
