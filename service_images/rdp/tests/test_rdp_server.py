"""What the server says before TLS and in NTLM, and the key that it derives."""

import struct

import pytest
from rdp_server import credssp, negotiation, ntlm
from rdp_server.certificate import derived_key, issued_at
from rdp_server.persona import Persona
from rdp_server.primes import is_prime

from honeypot_adapter.identity import Identity
from honeypot_adapter.options import Options

PERSONA = Persona("Pay-TS02", "corp.example", "Example Ltd", 17763, nla=True)
NMAP = bytes.fromhex("0300002a25e00000000000") + b"Cookie: mstshash=nmap\r\n" + bytes.fromhex("0100080003000000")
FLAGS = 0xE20882B7


def message(kind: int, *fields: bytes, flags: int = FLAGS | 1) -> bytes:
    """Make a client's answer: LM, NT, domain, user, workstation and key, then the flags and the version."""
    begin, table = 72, b""
    for field in fields:
        table += struct.pack("<HHI", len(field), len(field), begin)
        begin += len(field)
    version = bytes([10, 0, 0x61, 0x4A, 0, 0, 0, 15])
    return b"NTLMSSP\0" + struct.pack("<I", kind) + table + struct.pack("<I", flags) + version + b"".join(fields)


def wide(text: str) -> bytes:
    return text.encode("utf-16-le")


def test_request_is_read_however_it_is_cut() -> None:
    assert negotiation.packet_length(NMAP[:3]) is None
    assert negotiation.packet_length(NMAP[:4]) == len(NMAP)
    assert negotiation.parse(NMAP) == negotiation.Request(b"nmap", 3)
    assert negotiation.parse(NMAP[:-8]) == negotiation.Request(b"nmap", None)


@pytest.mark.parametrize("data", [b"GET / HTTP/1.0", b"\x16\x03\x01\x02", b"\x03\0\0\x05", b"\x03\0\xff\xff"])
def test_what_is_no_request_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"TPKT|length"):
        negotiation.packet_length(data)


@pytest.mark.parametrize(
    ("protocols", "nla", "chosen"),
    [(None, True, None), (0, True, None), (1, True, 1), (3, True, 2), (0xB, True, 8), (3, False, 1), (2, False, None)],
)
def test_best_protocol_is_chosen(protocols: int | None, chosen: int | None, *, nla: bool) -> None:
    assert negotiation.choose(protocols, nla=nla) == chosen


def test_answers_are_those_of_windows() -> None:
    assert negotiation.answer(2, windows=True) == bytes.fromhex("030000130ed00000123400021f080002000000")
    assert negotiation.answer(None, windows=True) == bytes.fromhex("030000130ed000001234000300080001000000")
    assert negotiation.answer(1, windows=False) == bytes.fromhex("030000130ed000001234000201080001000000")


def test_challenge_tells_the_persona() -> None:
    made = ntlm.challenge(PERSONA, b"12345678", FLAGS, 1795221858.0)
    length, _, begin = struct.unpack_from("<HHI", made, 40)
    assert begin + length == len(made)
    for name in ("CORP", "PAY-TS02", "corp.example", "pay-ts02.corp.example"):
        assert wide(name) in made
    assert (made[24:32], struct.unpack_from("<BBH", made, 48)) == (b"12345678", (10, 0, 17763))


def test_answer_becomes_a_line_for_hashcat() -> None:
    proof, blob = bytes(range(16)), b"\x01\x01blob"
    fields = (b"", proof + blob, wide("CORP"), wide("clerk"), wide("PC7"), b"")
    answer = ntlm.parse_answer(message(3, *fields), b"12345678")
    line = f"clerk::CORP:3132333435363738:{proof.hex()}:{blob.hex()}"
    assert answer == ntlm.Answer("clerk", "CORP", "PC7", "10.0.19041", line)


def test_older_answer_has_its_own_line() -> None:
    lm, nt = b"L" * 24, b"N" * 24
    answer = ntlm.parse_answer(message(3, lm, nt, wide("D"), wide("u"), b"", b""), b"12345678")
    assert answer
    assert answer.hashcat == f"u::D:{lm.hex()}:{nt.hex()}:3132333435363738"


@pytest.mark.parametrize("data", [b"", b"NTLMSSP\0", b"NTLMSSP\0" + bytes(80), message(2, *([b""] * 6))])
def test_what_is_no_answer_is_none(data: bytes) -> None:
    assert ntlm.parse_answer(data, b"12345678") is None


def test_answer_that_points_beyond_its_end_is_read_as_far_as_it_goes() -> None:
    broken = bytearray(message(3, b"", b"", b"", wide("u"), b"", b""))
    struct.pack_into("<HHI", broken, 20, 0xFFFF, 0xFFFF, 0xFFFFFFF0)
    answer = ntlm.parse_answer(bytes(broken), b"12345678")
    assert answer
    assert (answer.username, answer.hashcat) == ("u", "")


def test_requests_are_told_apart_by_their_length() -> None:
    token = ntlm.challenge(PERSONA, bytes(8), FLAGS, 0.0)
    for spnego in (False, True):
        request = credssp.challenge_request(6, token, spnego=spnego)
        assert credssp.request_length(request) == len(request)
        assert credssp.request_length(request[:2]) is None
        assert credssp.token_of(request).startswith(token)
        assert credssp.version_of(request) == 6


def test_refusal_is_a_failed_logon_where_the_version_can_tell() -> None:
    assert credssp.refusal(6) == bytes.fromhex("300da003020106a4060204c000006d")
    assert credssp.refusal(5) == b""


def test_key_and_time_belong_to_the_identity() -> None:
    own, other = Identity(b"1" * 32), Identity(b"2" * 32)
    first, again, strange = (derived_key(identity).private_numbers() for identity in (own, own, other))
    assert first == again
    assert first.public_numbers.n != strange.public_numbers.n
    assert first.public_numbers.n.bit_length() == 2048
    now = 1795221858.0
    assert issued_at(own, now) == issued_at(own, now + 1)
    assert 0 <= now - issued_at(own, now).timestamp() < 182 * 24 * 3600
    assert issued_at(own, now + 183 * 24 * 3600) > issued_at(own, now)


def test_primes_are_told_from_what_looks_like_them() -> None:
    mersenne = 2**521 - 1
    assert is_prime(mersenne)
    assert not is_prime(mersenne * (2**607 - 1))
    assert not is_prime(4099 * 4111)


def test_defaults_are_those_of_a_domain_member() -> None:
    persona = Persona.of(Options({}))
    assert (persona.fqdn, persona.netbios_domain, persona.nla) == ("files01.intranet.local", "INTRANET", True)
    assert not Persona.of(Options({"os_family": "linux"})).nla
