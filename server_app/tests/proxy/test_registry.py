"""The registry from outside: read-only, and only for who web lets in."""

import json

import pytest
from proxy_authority import Pair
from proxy_bench import Proxy

pytestmark = pytest.mark.docker


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_sensor_reads(proxy: Proxy, sensor: Pair, method: str) -> None:
    answer = proxy.ask(method, "/v2/honeysens/cowrie/manifests/1", pair=sensor)
    assert answer.status == 200
    assert proxy.registry.arrived[0].path == "/v2/honeysens/cowrie/manifests/1"
    assert proxy.web.arrived[0].path == "/internal/registry-access"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "MKCOL", "get"])
def test_nobody_writes_not_even_a_sensor(proxy: Proxy, sensor: Pair, method: str) -> None:
    answer = proxy.ask(method, "/v2/honeysens/cowrie/blobs/uploads/", pair=sensor, body=b"layer")
    assert answer.status in {400, 405}
    assert answer.headers["Content-Type"].startswith("application/")
    assert json.loads(answer.body)
    assert proxy.registry.arrived == []


@pytest.mark.parametrize(("access", "code"), [(401, "UNAUTHORIZED"), (403, "DENIED")])
def test_who_web_refuses_gets_a_registry_error(proxy: Proxy, sensor: Pair, access: int, code: str) -> None:
    proxy.web.access = access
    answer = proxy.ask("GET", "/v2/", pair=sensor)
    assert answer.status == access
    assert json.loads(answer.body)["errors"][0]["code"] == code
    assert proxy.registry.arrived == []


def test_without_certificate_nothing_is_readable(proxy: Proxy) -> None:
    answer = proxy.ask("GET", "/v2/_catalog")
    assert answer.status == 401
    assert json.loads(answer.body)["errors"][0]["code"] == "UNAUTHORIZED"
    assert proxy.registry.arrived == []
