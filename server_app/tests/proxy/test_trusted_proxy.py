"""Behind a TLS proxy of somebody else: what that one says of its clients is believed, and nobody else who says it."""

import pytest
from forged_headers import FORGED, SPELLINGS, header_for
from proxy_authority import Pair
from proxy_bench import Proxy

pytestmark = pytest.mark.docker

POLL = "/api/sensors/status"
TRUE = ":dHJ1ZQ==:"


@pytest.mark.parametrize("name", ["Client-Cert", "client-cert", "CLIENT-CERT"])
def test_the_certificate_it_passes_on_arrives(inner: Proxy, name: str) -> None:
    assert inner.ask("POST", POLL, headers={name: TRUE}, body=b"{}").status == 200
    assert inner.web.arrived[0].header("Client-Cert") == [TRUE]


def test_it_opens_the_registry_too(inner: Proxy) -> None:
    assert inner.ask("GET", "/v2/", headers={"Client-Cert": TRUE}).status == 200
    assert inner.web.arrived[0].header("Client-Cert") == [TRUE]
    assert inner.registry.arrived[0].path == "/v2/"


def test_without_a_header_its_client_is_nobody(inner: Proxy) -> None:
    assert inner.ask("GET", POLL).status == 200
    assert inner.web.arrived[0].header("Client-Cert") == []
    assert inner.ask("GET", "/v2/").status == 401


@pytest.mark.parametrize("spelling", [each for each in SPELLINGS if each.lower() != "client-cert"])
def test_other_spellings_neither_replace_nor_accompany_it(inner: Proxy, spelling: str) -> None:
    inner.ask("GET", POLL, headers=[(spelling, FORGED), ("Client-Cert", TRUE), (spelling, FORGED)])
    inner.ask("GET", POLL, headers={spelling: FORGED})
    first, second = inner.web.arrived
    assert first.header("Client-Cert") == [TRUE]
    assert second.header("Client-Cert") == []
    assert FORGED not in [value for request in (first, second) for _, value in request.headers]


@pytest.mark.parametrize(
    "headers",
    [
        [("Client-Cert", TRUE), ("Client-Cert", FORGED)],
        [("Client-Cert", FORGED), ("client-cert", TRUE)],
        [("Client-Cert", TRUE), ("Client-Cert", TRUE)],
        [("Client-Cert", f"{TRUE}, {FORGED}")],
        [("Client-Cert", "dHJ1ZQ==")],
        [("Client-Cert", "-----BEGIN CERTIFICATE-----")],
        [("Client-Cert", f"{TRUE}\t{FORGED}")],
        [("Client-Cert", "::")],
        [("Client-Cert", "")],
    ],
)
def test_a_header_that_came_twice_or_misshapen_is_not_believed(inner: Proxy, headers: list[tuple[str, str]]) -> None:
    """A proxy that leaves its client's own header beside its own would else let everybody be every sensor."""
    assert inner.ask("GET", POLL, headers=headers).status == 200
    assert inner.web.arrived[0].header("Client-Cert") == []
    assert inner.ask("GET", "/v2/", headers=headers).status == 401


def test_a_certificate_shown_to_us_goes_before_one_told(inner: Proxy) -> None:
    pair = inner.ours.sensor("direct")
    inner.ask("GET", POLL, pair=pair, headers={"Client-Cert": FORGED})
    assert inner.web.arrived[0].header("Client-Cert") == [header_for(pair)]


@pytest.mark.parametrize(
    ("told", "believed"),
    [
        ("198.51.100.9", "198.51.100.9"),
        ("203.0.113.1, 198.51.100.9", "198.51.100.9"),
        ("203.0.113.1, 198.51.100.9, 192.0.2.7", "198.51.100.9"),
        ("2001:db8::9", "2001:db8::9"),
        ("garbage", None),
    ],
)
def test_the_clients_address_is_the_last_one_that_is_no_proxy(inner: Proxy, told: str, believed: str | None) -> None:
    inner.ask("GET", "/", headers={"X-Forwarded-For": told})
    assert inner.web.arrived[0].header("X-Forwarded-For") == [believed or inner.web.address]


def test_it_cannot_claim_to_be_the_proxy_itself(inner: Proxy) -> None:
    assert inner.ask("GET", "/proxy/health", headers={"X-Forwarded-For": "127.0.0.1"}).status == 404


def test_who_is_not_trusted_is_not_believed(proxy: Proxy, sensor: Pair) -> None:
    proxy.ask("GET", POLL, headers={"Client-Cert": header_for(sensor), "X-Forwarded-For": "198.51.100.9"})
    assert proxy.web.arrived[0].header("Client-Cert") == []
    assert proxy.web.arrived[0].header("X-Forwarded-For") == [proxy.web.address]
