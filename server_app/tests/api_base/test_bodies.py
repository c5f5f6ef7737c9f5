"""Bodies and queries are taken as the OpenAPI document has them: of the right types, in the encoding of JSON."""

from typing import Any

import pytest
from server_bench import Bench

WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("/contacts", {"division": 1, "email": "a@example.com", "all_events": 0.0}, "/all_events"),
    ("/contacts", {"division": 1, "email": "a@example.com", "all_events": "no"}, "/all_events"),
    ("/contacts", {"division": "1", "email": "a@example.com"}, "/division"),
    ("/users/me/tokens", {"name": "ci", "scope": "read", "expires_at": 4102444800}, "/expires_at"),
    ("/users/me/tokens", {"name": "ci", "scope": "read", "expires_at": "4102444800"}, "/expires_at"),
    ("/sensors", {"name": "lobby", "division": 1, "poll_interval": "60"}, "/poll_interval"),
]


@pytest.mark.parametrize(("path", "body", "field"), WRONG)
def test_a_value_of_another_type_is_refused_by_name(bench: Bench, path: str, body: dict[str, Any], field: str) -> None:
    answer = bench.admin.call("POST", path, json=body)

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json["errors"]] == [field]  # type: ignore[index] # it is a problem


@pytest.mark.parametrize("body", ['{"name": "Köln"}'.encode("utf-16"), b'{"name": "\xff"}', b'{"name": NaN}'])
def test_what_is_no_json_is_refused_as_such(bench: Bench, body: bytes) -> None:
    answer = bench.admin.call("POST", "/divisions", data=body, content_type="application/json")

    assert answer.status_code == 400
    assert "not valid JSON" in answer.text


def test_a_lone_surrogate_is_refused(bench: Bench) -> None:
    answer = bench.admin.call("POST", "/divisions", data=rb'{"name": "\ud800"}', content_type="application/json")

    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=30", "/since"),
        ("until=2026-01-31", "/until"),
        ("hidden=yes", "/hidden"),
        ("hidden=0", "/hidden"),
        ("limit=1_0", "/limit"),
        ("limit=5.0", "/limit"),
        ("text=one&text=two", "/text"),
    ],
)
def test_a_parameter_that_is_spelled_otherwise_is_refused_by_name(bench: Bench, query: str, field: str) -> None:
    answer = bench.admin.call("GET", f"/events?{query}")

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json["errors"]] == [field]  # type: ignore[index] # it is a problem


def test_parameters_as_the_document_has_them_are_taken(bench: Bench) -> None:
    bench.admin.ok("GET", "/events?since=2026-01-31T12:00:00Z&until=2026-01-31T12:00:00.5%2B01:00&hidden=true&text=30")
    assert bench.admin.ok("GET", "/audit?limit=1")["next"] is not None
