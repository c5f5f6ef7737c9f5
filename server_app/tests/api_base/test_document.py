"""The OpenAPI document is valid, complete, and its examples are what it says."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from schemathesis.specs.openapi.definitions import OPENAPI_31
from server_bench import URL, Bench


@pytest.fixture
def document(bench: Bench) -> dict[str, Any]:
    found: Any = bench.app.test_client().get("/api/openapi.json", base_url=URL).json
    assert isinstance(found, dict)
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def resolved(document: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    place: Any = document
    for part in value["$ref"].removeprefix("#/").split("/") if "$ref" in value else ():
        place = place[part]
    return place if "$ref" in value else value


def test_the_document_is_openapi_3_1(document: dict[str, Any]) -> None:
    Draft202012Validator(OPENAPI_31).validate(document)
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_operations_have_names_that_stay_and_tags_that_are_explained(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(set(names)) == len(names)
    assert "sensors.create_sensor" in names
    explained = {tag["name"] for tag in document["tags"] if tag["description"]}
    for where, operation in operations(document):
        assert set(operation["tags"]) <= explained, where
        assert operation["summary"], where


def test_every_operation_says_who_may_call_it_and_how_it_refuses(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    for where, operation in operations(document):
        for alternative in operation.get("security", []):
            assert set(alternative) <= set(schemes), where
        refusals = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
        if operation.get("security"):
            assert {"401", "403"} <= set(refusals), where
        if "requestBody" in operation:
            assert {"400", "413"} <= set(refusals), where
        for answer in refusals.values():
            assert list(resolved(document, answer)["content"]) == ["application/problem+json"], where
    assert {where for where, operation in operations(document) if not operation.get("security")} == {
        "GET /api/certs/authorities",
        "GET /api/certs/crl",
        "POST /api/sensors/certificate",
        "POST /api/sensors/enrol",
        "POST /api/sessions",
        "GET /api/system/identify",
    }


def test_every_body_and_answer_has_an_example_that_fits(document: dict[str, Any]) -> None:
    validator = Draft202012Validator({"components": document["components"]}, format_checker=FormatChecker())
    seen = 0
    for where, operation in operations(document):
        for part in (operation.get("requestBody", {}), *operation["responses"].values()):
            for media_type, media in resolved(document, part).get("content", {}).items():
                if "json" not in media_type:
                    continue
                found = [
                    error.message for error in validator.evolve(schema=media["schema"]).iter_errors(media["example"])
                ]
                assert not found, f"{where}: {found}; give the field `examples` in its model"
                seen += 1
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path":
                assert "example" in parameter, where
    assert seen > 2 * len(document["paths"])
