"""Bad input is refused with the field's name; a sensor ignores what it does not know, the server refuses it."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from sensor_wire.base import WireModel
from sensor_wire.schema import PUBLISHED
from sensor_wire.v1.desired import Desired
from sensor_wire.v1.event import Event
from sensor_wire.v1.poll import Report

SAMPLES = Path(__file__).parent / "samples" / "0.1.0"


def sample(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize("name", PUBLISHED)
def test_unknown_fields_are_refused_by_strict_and_ignored_by_lenient_parsing(name: str) -> None:
    model: type[WireModel] = PUBLISHED[name]
    content = sample(name) | {"surprise": 1}

    assert not hasattr(model.model_validate(content), "surprise")
    with pytest.raises(ValidationError) as refused:
        model.parse_strict(content)
    assert [error["loc"] for error in refused.value.errors()] == [("surprise",)]


def test_unknown_fields_are_refused_below_the_top_too() -> None:
    event = sample("v1-event")
    event["source"]["surprise"] = 1

    with pytest.raises(ValidationError) as refused:
        Event.parse_strict(event)
    assert refused.value.errors()[0]["loc"] == ("source", "surprise")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "0f8fad5b-d9cb-469f-a165-70867728950e"),  # version 4
        ("time", "2026-01-01T00:00:00"),  # no offset
        ("source", {"ip": "10.0.0.300", "port": 1}),
        ("source", {"ip": "10.0.0.3", "port": 0}),
        ("destination", {"ip": "10.0.0.3", "port": 65536}),
        ("protocol", "carrier-pigeon"),
        ("kind", "party"),
        ("severity", 3),
        ("session", "with space"),
        ("session", ""),
        ("summary", "x" * 257),
        ("service", "../etc"),
        ("details", [{"time": "2026-01-01T00:00:00Z", "kind": "input", "data": "x" * 4097}]),
        ("details", [{"time": "2026-01-01T00:00:00Z", "kind": "input", "data": ""}] * 513),
        ("packets", [{"time": "2026-01-01T00:00:00Z", "protocol": "tcp", "payload": "not base64!"}]),
        ("packets", [{"time": "2026-01-01T00:00:00Z", "protocol": "tcp", "payload": "A" * 5468}]),
    ],
)
def test_event_field_out_of_bounds_is_named(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        Event.parse_strict(sample("v1-event") | {field: value})
    assert {error["loc"][0] for error in refused.value.errors()} == {field}


@pytest.mark.parametrize("field", ["id", "time", "source", "destination", "kind", "severity", "session", "service"])
def test_event_field_missing_is_named(field: str) -> None:
    event = sample("v1-event")
    del event[field]

    with pytest.raises(ValidationError) as refused:
        Event.parse_strict(event)
    assert refused.value.errors()[0]["loc"] == (field,)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("generation", -1),
        ("firmware", ""),
        ("architecture", "riscv"),
        ("addresses", ["not an address"]),
        ("disk_total", 2**60),
        ("clock_offset", 1e10),
        ("update", {"state": "dancing"}),
        ("services", [{"name": "cowrie", "state": "dancing"}]),
        ("services", [{"name": "cowrie", "state": "running"}] * 65),
    ],
)
def test_report_field_out_of_bounds_is_named(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        Report.parse_strict(sample("v1-report") | {field: value})
    assert refused.value.errors()[0]["loc"][0] == field


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("server", {"host": "a/b"}),
        ("server", {"host": "server", "port": 0}),
        ("network", {"mode": "manual"}),
        ("network", {"mode": "static", "address": "192.0.2.300"}),
        ("network", {"mode": "dhcp", "dns_servers": ["192.0.2.53"] * 9}),
        ("network", {"mode": "dhcp", "mac_address": "02:00"}),
        ("proxy", {"kind": "socks", "host": "proxy", "port": 1}),
        ("firmware", {"revision": "1", "target": "../firmware"}),
    ],
)
def test_desired_field_out_of_bounds_is_named(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        Desired.model_validate(sample("v1-desired") | {field: value})
    assert refused.value.errors()[0]["loc"][0] == field


def test_a_password_is_not_in_the_log() -> None:
    proxy = {"kind": "basic", "host": "proxy", "port": 1, "user": "sensor", "password": "hush-hush"}
    assert "hush-hush" not in repr(Desired.model_validate(sample("v1-desired") | {"proxy": proxy}))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("digest", "latest"),
        ("repository", "honeysens/../../etc"),
        ("ports", {"22": 22}),
        ("ports", {"22/icmp": 22}),
        ("limits", {"memory_mb": 1}),
    ],
)
def test_desired_service_out_of_bounds_is_named(field: str, value: object) -> None:
    desired = sample("v1-desired")
    desired["services"][0][field] = value

    with pytest.raises(ValidationError) as refused:
        Desired.model_validate(desired)
    assert refused.value.errors()[0]["loc"][:3] == ("services", 0, field)
