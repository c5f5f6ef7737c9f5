"""The format of Redis, and what it says about itself."""

import pytest
from netservices import resp
from netservices.persona import Persona
from netservices.redis_info import info

from honeypot_adapter.identity import Identity
from honeypot_adapter.options import OptionError, Options


@pytest.mark.parametrize(
    ("buffer", "expected"),
    [
        (b"*2\r\n$3\r\nGET\r\n$2\r\na\xff\r\nrest", ([b"GET", b"a\xff"], 21)),
        (b"*2\r\n$3\r\nGET\r\n$2\r\na", None),
        (b"*1", None),
        (b"*0\r\n", ([], 4)),
        (b'SET x "a b"\r\n', ([b"SET", b"x", b"a b"], 13)),
        (b"\r\n", ([], 2)),
    ],
)
def test_requests_are_taken_when_they_are_complete(buffer: bytes, expected: tuple[list[bytes], int] | None) -> None:
    assert resp.request(buffer) == expected


@pytest.mark.parametrize(
    "buffer",
    [
        b"*x\r\n",
        b"*9999999\r\n",
        b"*1\r\n+3\r\n",
        b"*1\r\n$-5\r\n",
        b"*1\r\n$999999999\r\n",
        b'SET "a\r\n',
        b"a" * (resp.MAX_INLINE + 1),
        b"*2\r\n" + b"a" * (resp.MAX_REQUEST + 1),
    ],
)
def test_what_is_no_request_is_refused(buffer: bytes) -> None:
    with pytest.raises(resp.BadRequestError):
        resp.request(buffer)


def test_answers() -> None:
    assert resp.answer([b"0", [b"k"], 1, None]) == b"*4\r\n$1\r\n0\r\n*1\r\n$1\r\nk\r\n:1\r\n$-1\r\n"


def machine(seed: bytes, **options: object) -> Persona:
    return Persona.of(Options(options), Identity(seed))


def test_what_looks_random_is_the_sensors_own() -> None:
    first, again, other = (info(machine(seed * 32), 1000.0, "server") for seed in (b"a", b"a", b"b"))
    assert first == again
    assert first.count("\r\n") == other.count("\r\n")
    changed = {line for line in first.splitlines() if line not in other.splitlines()}
    assert {line.partition(":")[0] for line in changed} >= {"redis_build_id", "run_id"}


def test_persona_shows_its_names_as_each_protocol_needs_them() -> None:
    persona = machine(bytes(32), host_name="a-very-long-host-name", domain="corp.example", os_family="windows")
    assert (persona.full_name, persona.netbios_name) == ("a-very-long-host-name.corp.example", "A-VERY-LONG-HOS")
    assert persona.workgroup == "CORP"
    with pytest.raises(OptionError, match="os_family"):
        machine(bytes(32), os_family="beos")
