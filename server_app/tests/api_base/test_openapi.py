"""The API describes itself, and answers every mistake with a problem document."""

import re
from typing import Any

import pytest
from log_lines import refusals
from server_bench import URL, Bench, Person


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(references(part) for part in value.values()))
    if isinstance(value, list):
        return set().union(*(references(part) for part in value))
    return set()


@pytest.fixture
def document(bench: Bench) -> dict[str, Any]:
    answer = bench.app.test_client().get("/api/openapi.json", base_url=URL)
    assert answer.status_code == 200
    found: Any = answer.json
    assert isinstance(found, dict)
    return found


def test_every_operation_is_described(bench: Bench, document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    described = {
        (method.upper(), path)
        for path, methods in document["paths"].items()
        for method in methods
        if path[:5] == "/api/"
    }
    served = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in bench.app.url_map.iter_rules()
        if rule.rule.startswith("/api/") and rule.rule != "/api/openapi.json"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == served
    for methods in document["paths"].values():
        for operation in methods.values():
            assert operation["responses"]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in references(document):
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            assert part in place, reference
            place = place[part]


def test_what_views_take_is_described(document: dict[str, Any]) -> None:
    append = document["paths"]["/api/uploads/{upload_id}"]["patch"]
    assert ("Upload-Offset", True) in {(one["name"], one.get("required")) for one in append["parameters"]}
    assert {"Upload-Offset", "Upload-Length"} <= append["responses"]["200"]["headers"].keys()
    poll = document["paths"]["/api/sensors/status"]["post"]
    assert "requestBody" in poll
    names = {parameter["name"] for parameter in document["paths"]["/api/events"]["get"]["parameters"]}
    paging = {"limit", "cursor", "order"}
    place = {"division", "sensor", "source", "port", "protocol"}
    contents = {"service", "session", "kind", "severity", "text", "since", "until", "hidden", "hidden_by"}
    assert names == paging | place | contents


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("PUT", "/system/identify", 405),
        ("GET", "/sensors/x", 404),
        ("GET", f"/sensors/{2**63}", 401),
        ("PATCH", f"/sensors/{'9' * 5000}", 401),
        ("DELETE", "/events", 405),
    ],
)
def test_http_mistakes_are_problems_too(bench: Bench, method: str, path: str, status: int) -> None:
    answer = Person(bench.app.test_client()).call(method, path)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    assert answer.json["status"] == status
    if status == 405:
        assert answer.headers["Allow"]


def test_a_fault_says_nothing_of_the_inside(bench: Bench) -> None:
    sensor = bench.sensor()
    bench.settings.ca_certificate.unlink()
    with refusals() as logged:
        answer = sensor.poll()
    assert answer.status_code == 500
    assert answer.mimetype == "application/problem+json"
    assert str(bench.settings.tls_dir) not in answer.text
    assert [line["event"] for line in logged] == ["short_way_left", "request_failed"]


def test_identify_answers_exactly(bench: Bench) -> None:
    answer = bench.app.test_client().get("/api/system/identify", base_url=URL)
    assert (answer.data, answer.mimetype) == (b"HoneySens", "text/plain")
