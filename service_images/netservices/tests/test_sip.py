"""Requests of SIP, what is told of them and what is answered; strange ones too, as scanners send them."""

from typing import Any

import pytest
from netservices.pbx import Pbx
from netservices.persona import Persona
from netservices.ration import BURST, Ration
from netservices.sip_digest import read_proof
from netservices.sip_message import Request, length, user_of

from honeypot_adapter.identity import Identity

SOURCE = ("192.0.2.7", 5061)
SERVER = "10.10.10.2"
HEADERS = (
    'Via: SIP/2.0/UDP 198.51.100.9:5060;branch=z9hG4bK-1;rport\r\nFrom: "x" <sip:100@10.10.10.2>;tag=a\r\n'
    "To: <sip:100@10.10.10.2>\r\nCall-ID: 1@x\r\nCSeq: 1 {method}\r\nUser-Agent: friendly-scanner\r\n"
)

type Told = list[tuple[str, dict[str, Any]]]


def answered(data: bytes, family: str = "linux") -> tuple[Told, bytes]:
    told: Told = []

    def tell(what: str, _payload: bytes = b"", /, **facts: object) -> None:
        told.append((what, facts))

    persona = Persona("files01", "intranet.local", family, "", Identity(bytes(32)))
    return told, Pbx(persona).take(data, tell, SOURCE, SERVER)


def exchange(data: bytes, family: str = "linux") -> tuple[Told, str]:
    told, answer = answered(data, family)
    return told, answer.decode()


def message(method: str, uri: str = "sip:10.10.10.2", more: str = "") -> bytes:
    return f"{method} {uri} SIP/2.0\r\n{HEADERS.format(method=method)}{more}\r\n".encode()


@pytest.mark.parametrize(
    ("method", "family", "status"),
    [
        ("OPTIONS", "linux", "200 OK"),
        ("REGISTER", "linux", "401 Unauthorized"),
        ("INVITE", "windows", "401 Unauthorized"),
        ("BYE", "linux", "481 Call leg/transaction does not exist"),
        ("BYE", "windows", "481 Call/Transaction Does Not Exist"),
        ("DANCE", "linux", "501 Method Not Implemented"),
        ("DANCE", "windows", "405 Method Not Allowed"),
    ],
)
def test_every_method_is_answered_as_that_exchange_does(method: str, family: str, status: str) -> None:
    told, answer = exchange(message(method), family)
    assert answer.startswith(
        f"SIP/2.0 {status}\r\nVia: SIP/2.0/UDP 198.51.100.9:5060;branch=z9hG4bK-1;received=192.0.2.7;rport=5061\r\n"
    )
    assert f"CSeq: 1 {method}\r\n" in answer
    assert ("WWW-Authenticate: Digest" in answer) == status.startswith("401")
    assert [what for what, _ in told] == ["request"]
    assert (told[0][1]["caller"], told[0][1]["program"]) == ("100", "friendly-scanner")


def test_end_of_a_handshake_is_not_answered() -> None:
    assert exchange(message("ACK")) == ([], "")


@pytest.mark.parametrize(
    ("uri", "what", "number"),
    [
        ("sip:00972595123456@10.10.10.2", "exploit", "00972595123456"),
        ("sip:+1(900)555-0123@10.10.10.2", "exploit", "+1(900)555-0123"),
        ("sip:*67%239001234567;phone-context=x@10.10.10.2", "request", "*67#9001234567"),
        ("tel:+49-351-1234567", "exploit", "+49-351-1234567"),
        ("sip:2000@10.10.10.2", "request", "2000"),
        ("sip:10.10.10.2", "request", "100"),
    ],
)
def test_call_to_the_world_outside_is_an_attack(uri: str, what: str, number: str) -> None:
    told, answer = exchange(message("INVITE", uri))
    assert [(each, facts["number"]) for each, facts in told] == [(what, number)]
    assert answer.startswith("SIP/2.0 401")


def test_proof_of_a_password_is_kept_and_refused() -> None:
    proof = "ad0520061ca07c120d7e8ce696a6df2d"
    given = f'username="100", realm="asterisk", nonce="2b01df0b", uri="sip:10.10.10.2:5060", response="{proof}"'
    told, answer = exchange(message("REGISTER", more=f"Authorization: Digest {given}\r\n"))
    assert answer.startswith("SIP/2.0 403 Forbidden\r\n")
    line = f"$sip$*10.10.10.2*192.0.2.7*100*asterisk*REGISTER*sip*10.10.10.2*5060*2b01df0b****MD5*{proof}"
    assert told == [("login", {"username": "100", "hash": line, "accepted": False})]


@pytest.mark.parametrize(
    ("header", "user", "crackable"),
    [
        (f'Digest username="a*b", response="{"0" * 32}"', "a*b", 0),
        (f'Digest username="a", algorithm=SHA-256, response="{"0" * 32}"', "a", 0),
        (f'digest username="a",cnonce=,qop=auth,nc=00000001,response={"0" * 32}', "a", 1),
        ('Digest username="a", response="x"', "a", 0),
        ("Digest", "", 0),
    ],
)
def test_strange_proofs_are_told_without_a_line(header: str, user: str, crackable: int) -> None:
    proof = read_proof(header, "REGISTER", SERVER, SOURCE[0])
    assert proof is not None
    assert (proof.user, str(proof.hash).count("$sip$")) == (user, crackable)
    assert read_proof("Basic eDp5", "REGISTER", SERVER, SOURCE[0]) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n",
        b"SIP/2.0 200 OK\r\n\r\n",
        b"OPTIONS sip:nm SIP/2.0\r\n\r\n",
        b"OPTIONS sip:nm SIP/2.0",
        b"GET / HTTP/1.0\r\n\r\n",
        b"\xff\xfe\x00 \x00 SIP/2.0\r\n\xff: \xff\r\n\r\n",
    ],
)
def test_what_is_no_request_is_not_answered(data: bytes) -> None:
    told, answer = exchange(data)
    assert ([what for what, _ in told], answer) == (["payload"], "")


def test_short_names_folded_lines_and_bytes_of_no_text_are_understood() -> None:
    data = (
        b"OPTIONS sip:\xff@h SIP/2.0\r\nv: SIP/2.0/TCP [2001:db8::1]:5060\r\n ;branch=x\r\n"
        b"f: <sip:\xc3\xbc@h>;tag=1\r\n"
        b"t: sip:\xfe@h\r\ni: \xfe\r\nCSeq : 1 OPTIONS\r\n\r\n"
    )
    request = Request.of(data)
    assert request is not None
    assert (request.header("via"), request.user("from"), request.user("to")) == (
        "SIP/2.0/TCP [2001:db8::1]:5060 ;branch=x",
        "ü",
        "\\xfe",
    )
    told, answer = answered(data)
    assert b"Call-ID: \xfe\r\n" in answer
    assert told[0][1]["text"] == "OPTIONS sip:\\xff@h"


def test_length_of_a_message_in_a_stream() -> None:
    head = b"OPTIONS sip:nm SIP/2.0\r\nl: 5\r\n\r\n"
    assert length(head + b"12345OPTIONS") == len(head) + 5
    assert length(head[:-2]) is None
    assert length(b"\r\n\r\nOPTIONS") == 4
    with pytest.raises(ValueError, match="no SIP"):
        length(b"GET / HTTP/1.0\r\n")


def test_user_of_a_host_alone_is_nobody() -> None:
    assert [user_of(uri) for uri in ("sip:h", "sip:a:secret@h", "tel:+1;x=y", "")] == ["", "a", "+1", ""]


def test_forged_source_is_not_flooded_with_answers() -> None:
    ration = Ration()
    allowed = sum(ration.allows("192.0.2.7", 10.0) for _ in range(5000))
    assert allowed == BURST
    assert ration.allows("192.0.2.8", 10.0)
    assert ration.allows("192.0.2.7", 11.0)
