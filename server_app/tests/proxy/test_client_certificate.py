"""Who a sensor is: only its own verified certificate says it, and nothing a client writes."""

import datetime as dt
import json
from typing import Any

import pytest
from forged_headers import FORGED, SPELLINGS, header_for
from proxy_authority import Pair
from proxy_bench import Proxy
from server_bench import URL, Bench

pytestmark = pytest.mark.docker


def test_without_certificate_people_come_through_and_are_nobody(proxy: Proxy) -> None:
    answer = proxy.ask("GET", "/api/system/identify")
    assert (answer.status, answer.body) == (200, b"web")
    assert proxy.web.arrived[0].header("Client-Cert") == []


def test_valid_certificate_arrives_as_rfc_9440(proxy: Proxy, sensor: Pair) -> None:
    assert proxy.ask("POST", "/api/sensors/status", pair=sensor, body=b"{}").status == 200
    assert proxy.web.arrived[0].header("Client-Cert") == [header_for(sensor)]


@pytest.mark.parametrize("path", ["/api/sensors/status", "/v2/"])
@pytest.mark.parametrize("kind", ["foreign", "expired"])
def test_certificate_that_is_not_good_is_refused_before_anything_is_asked(proxy: Proxy, kind: str, path: str) -> None:
    if kind == "foreign":
        pair = proxy.foreign.sensor("foreign-sensor")
    else:
        pair = proxy.ours.sensor("expired-sensor", valid_for=-dt.timedelta(days=1))
    answer = proxy.ask("GET", path, pair=pair)
    assert answer.status == 403
    assert "certificate" in json.dumps(json.loads(answer.body))
    assert proxy.web.arrived == []
    assert proxy.registry.arrived == []


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("with_certificate", [False, True])
def test_forged_header_never_arrives(proxy: Proxy, sensor: Pair, spelling: str, *, with_certificate: bool) -> None:
    pair = sensor if with_certificate else None
    answer = proxy.ask("GET", "/api/sensors/status", pair=pair, headers={spelling: FORGED})
    assert answer.status == 200
    arrived = proxy.web.arrived[0]
    assert FORGED not in [value for _, value in arrived.headers]
    assert arrived.header("Client-Cert") == ([header_for(sensor)] if with_certificate else [])


def test_forged_header_does_not_open_the_registry(proxy: Proxy) -> None:
    answer = proxy.ask("GET", "/v2/", headers={"Client-Cert": FORGED})
    assert answer.status == 401
    assert proxy.registry.arrived == []


def test_client_address_is_the_connections_own(proxy: Proxy) -> None:
    proxy.ask("GET", "/", headers={"X-Forwarded-For": "192.0.2.1"})
    assert proxy.web.arrived[0].header("X-Forwarded-For") == [proxy.web.address]
    assert proxy.web.arrived[0].header("X-Forwarded-Proto") == ["https"]


def test_every_header_that_the_document_names_passes(proxy: Proxy, bench: Bench) -> None:
    document: Any = bench.app.test_client().get("/api/openapi.json", base_url=URL).json
    operations = [one for methods in document["paths"].values() for one in methods.values()]
    parameters = [*document["components"]["securitySchemes"].values()]
    parameters += [parameter for operation in operations for parameter in operation.get("parameters", [])]
    named = {parameter["name"] for parameter in parameters if parameter.get("in") == "header"}
    assert named >= {"Idempotency-Key", "If-None-Match", "Upload-Offset", "X-CSRF-Token"}
    proxy.ask("PATCH", "/api/uploads/1", headers=dict.fromkeys(named, "7"), body=b"{}")
    arrived = proxy.web.arrived[0]
    assert {name: arrived.header(name) for name in named} == {name: ["7"] for name in named}


def test_what_the_application_needs_passes(proxy: Proxy) -> None:
    wanted = {"Cookie": "__Host-session=1", "If-None-Match": '"7"', "X-CSRF-Token": "t", "Content-Type": "text/x"}
    proxy.ask("POST", "/api/sensors", headers=wanted, body=b"{}")
    arrived = proxy.web.arrived[0]
    assert {name: arrived.header(name) for name in wanted} == {name: [value] for name, value in wanted.items()}
    assert arrived.body_bytes == 2
