"""Lines as the server's journal has them."""

import json
from typing import Any

from rdp_adapter.mapping import mapped

from honeypot_adapter.event import Contact, Severity
from honeypot_adapter.follow import Mapped

CONTACT = Contact("rdp-1", "tcp", "192.168.7.7", 45112, "10.10.10.2", 3389)
LOGIN: dict[str, Any] = {"username": "clerk", "domain": "CORP", "workstation": "PC7", "version": "10.0.19041"}


def read(event: str, *, known: bool = True, **fields: Any) -> Mapped | None:
    line = json.dumps({"event": event, "session": "rdp-1", "time": 1795221858.5} | fields).encode()
    return mapped(line, lambda _session: CONTACT if known else None)


def told(result: Mapped | None) -> dict[str, str]:
    assert result is not None
    return {observation.detail: observation.data for observation in result.observations}


def test_connection_opens_the_session_with_its_true_ends() -> None:
    ends = {"source": "::ffff:192.168.7.7", "source_port": 45112, "destination": "::ffff:10.10.10.2"}
    result = read("connect", known=False, **ends, destination_port=3389)
    assert result is not None
    assert (result.contact, result.end) == (CONTACT, False)
    assert (result.observations[0].kind, result.observations[0].time) == ("connection", 1795221858.5)


def test_hash_and_password_are_logins() -> None:
    by_hash = read("hash", **LOGIN, hashcat="clerk::CORP:01:02:03")
    by_password = read("password", **LOGIN, password="x", keyboard="0x0407")
    common = {
        "username": "clerk",
        "domain": "CORP",
        "login": "refused",
        "client": "PC7",
        "client.version": "10.0.19041",
    }
    assert told(by_hash) == common | {"hash": "clerk::CORP:01:02:03"}
    assert told(by_password) == common | {"password": "x", "client.keyboard": "0x0407"}
    for result in (by_hash, by_password):
        assert result
        assert {(each.kind, each.severity) for each in result.observations} == {("login", Severity.MEDIUM)}


def test_empty_password_is_still_told() -> None:
    assert told(read("password", **LOGIN | {"domain": "", "workstation": ""}, password="")) == {
        "username": "clerk",
        "password": "",
        "login": "refused",
        "client.version": "10.0.19041",
    }


def test_cookie_names_a_user() -> None:
    assert told(read("request", cookie="hello", protocols="RDP, TLS")) == {"protocols": "RDP, TLS", "cookie": "hello"}
    assert told(read("request", cookie=None, protocols="RDP")) == {"protocols": "RDP"}


def test_what_is_not_rdp_is_a_payload() -> None:
    result = read("strange", reason="ValueError: no TPKT header", payload="R0VU")
    assert result
    payload = result.observations[0].payload
    assert payload
    assert payload.data == b"GET"


def test_end_closes_and_lost_beginnings_say_nothing() -> None:
    result = read("closed", reason="")
    assert result
    assert result.end
    assert read("closed", known=False, reason="") is None
