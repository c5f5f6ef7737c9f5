"""What services may declare their options by, and what fits it."""

from typing import Any

import pytest

from server_app.option_schema import MAX_BYTES, UnfitSchemaError, check_schema, filled, problems

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "hostname": {"type": "string", "pattern": "^[a-z0-9-]+$", "maxLength": 20, "default": "files01"},
        "users": {
            "type": "array",
            "items": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
            "maxItems": 2,
        },
        "delay": {"type": "number", "minimum": 0, "maximum": 5},
        "banner": {"type": "object", "properties": {"text": {"type": "string", "default": "hello"}}, "default": {}},
        "mode": {"enum": ["fast", "slow"]},
        "key": {"type": "string"},
    },
    "required": ["key"],
}


def option(**part: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": part}}


def nested(depth: int) -> dict[str, Any]:
    part: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        part = {"type": "array", "items": part}
    return option(**part)


@pytest.mark.parametrize("schema", [{}, SCHEMA, {"type": "object"}, option(), nested(3)])
def test_what_is_understood(schema: dict[str, Any]) -> None:
    check_schema(schema)


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "string"}, "describe an object"),
        ({"properties": {}}, "describe an object"),
        (option(**{"$ref": "https://example.com/schema"}), r"\$ref"),
        (option(**{"$ref": "#/properties/a"}), r"\$ref"),
        (option(**{"$dynamicRef": "#a"}), r"\$dynamicRef"),
        ({"type": "object", "$defs": {}}, r"\$defs"),
        (option(anyOf=[]), "anyOf"),
        (option(type="text"), "no JSON Schema"),
        (option(type="string", pattern="(?<=a)b"), "pattern"),
        (option(type="string", pattern="("), "pattern"),
        (option(type="integer", default="many"), "default"),
        (option(items=True), "every level"),
        ({"type": "object", "properties": {"a": True}}, "every level"),
        ({"type": "object", "properties": []}, "no JSON Schema"),
        ({"type": "object", "additionalProperties": "yes"}, "every level"),
        ({"type": "object", "additionalProperties": {"$ref": "#"}}, r"\$ref"),
        ({"type": "object", "propertyNames": {"pattern": "("}}, "pattern"),
        ({"type": "object", "propertyNames": True}, "every level"),
        (nested(5), "deep"),
        (option(description="x" * MAX_BYTES), "longer"),
        ({"type": "object", "properties": {f"o{number}": {} for number in range(65)}}, "more than 64"),
    ],
)
def test_what_is_refused(schema: dict[str, Any], reason: str) -> None:
    with pytest.raises(UnfitSchemaError, match=reason):
        check_schema(schema)


@pytest.mark.parametrize(
    ("options", "pointers"),
    [
        ({"key": "k"}, []),
        ({}, ["/key"]),
        ({"key": "k", "hostname": "files02", "delay": 2.5, "mode": "slow"}, []),
        ({"key": "k", "hostname": "Files"}, ["/hostname"]),
        ({"key": "k", "hostname": 5}, ["/hostname"]),
        ({"key": "k", "delay": 6}, ["/delay"]),
        ({"key": "k", "mode": "idle"}, ["/mode"]),
        ({"key": "k", "colour": "red"}, ["/colour"]),
        ({"key": "k", "users": [{"name": "a"}, {}]}, ["/users/1/name"]),
        ({"key": "k", "users": [{"name": "a"}] * 3}, ["/users"]),
        ({"hostname": "-" * 30, "delay": -1}, ["/delay", "/hostname", "/key"]),
        ({"key": "x" * MAX_BYTES}, [""]),
    ],
)
def test_options_are_checked_with_pointers(options: dict[str, Any], pointers: list[str]) -> None:
    assert sorted(error.pointer for error in problems(SCHEMA, filled(SCHEMA, options))) == pointers


@pytest.mark.parametrize(
    ("banners", "pointers"),
    [
        ({}, []),
        ({"22": "SSH"}, []),
        ({"22": 5}, ["/banners/22"]),
        ({"ssh": "x"}, ["/banners"]),
        ({"1": "", "2": "", "3": ""}, ["/banners"]),
    ],
)
def test_an_option_may_be_values_by_names(banners: dict[str, Any], pointers: list[str]) -> None:
    names = {"propertyNames": {"pattern": "^[0-9]+$"}, "maxProperties": 2}
    schema: dict[str, Any] = {"type": "object", "properties": {"banners": {"type": "object", **names}}}
    schema["properties"]["banners"]["additionalProperties"] = {"type": "string"}
    check_schema(schema)
    assert [error.pointer for error in problems(schema, {"banners": banners})] == pointers


def test_a_service_without_a_schema_has_no_options() -> None:
    assert [error.pointer for error in problems({}, {"a": 1})] == ["/a"]
    assert not list(problems({}, {}))


def test_a_schema_that_is_not_understood_declares_nothing() -> None:
    """Revisions that were uploaded before there was a check may have one."""
    schema = option(**{"$ref": "https://example.com/schema"})
    assert [error.pointer for error in problems(schema, {"a": 1})] == ["/a"]
    assert not list(problems(schema, {}))


def test_defaults_are_filled_in_deep_down() -> None:
    assert filled(SCHEMA, {"key": "k"}) == {"key": "k", "hostname": "files01", "banner": {"text": "hello"}}
    assert filled(SCHEMA, {"hostname": "a", "banner": {"text": "b"}}) == {"hostname": "a", "banner": {"text": "b"}}


def test_a_pattern_that_python_would_never_finish_is_harmless() -> None:
    schema = option(type="string", pattern="^(a+)+$")
    check_schema(schema)
    assert [error.pointer for error in problems(schema, {"a": "a" * 5000 + "!"})] == ["/a"]
