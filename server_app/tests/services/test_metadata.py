"""metadata.xml: every field as the contract says, nothing more, nothing less."""

import json
from typing import Any

import pytest
from service_builder import metadata

from sensor_wire.honeypot.metadata import REQUIRED
from sensor_wire.v1.architecture import Architecture
from sensor_wire.v1.desired import Limits
from server_app.errors import Invalid
from server_app.services.metadata import parse

DIGEST = "sha256:" + "ab" * 32


def with_digest(**fields: str | None) -> bytes:
    return metadata(**({"digest": DIGEST} | fields))


def refused_at(content: bytes) -> str:
    with pytest.raises(Invalid) as caught:
        parse(content)
    return caught.value.errors[0].pointer


def test_a_good_one_is_read() -> None:
    options = {"type": "object", "properties": {"a": {"type": "string"}}}
    values = {"architecture": "armhf", "catchAll": "true", "memory": "64", "pids": "32", "options": json.dumps(options)}
    manifest = parse(with_digest(**values))
    assert (manifest.name, manifest.repository, manifest.revision) == ("cowrie", "honeysens/cowrie", "1.0.0")
    assert (manifest.architecture, manifest.catch_all, manifest.raw_network_access) == (Architecture.ARMHF, True, False)
    assert manifest.port_assignment == {"2222/tcp": 22}
    assert manifest.limits == Limits(memory_mb=64, pids=32)
    assert manifest.options == options


def test_ranges_of_ports_are_read_and_must_not_overlap() -> None:
    ranges = [{"protocol": "tcp", "first": 5900, "last": 5910}, {"protocol": "udp", "first": 22, "last": 22}]
    assert [each.last for each in parse(with_digest(portRanges=json.dumps(ranges))).port_ranges] == [5910, 22]
    refused: list[Any] = [
        [{"protocol": "tcp", "first": 20, "last": 30}],  # 22 is in the port map
        [{"protocol": "tcp", "first": 30, "last": 20}],
        [ranges[0], ranges[0]],
        [ranges[0] | {"last": 65536}],
        {},
    ]
    for wrong in refused:
        assert refused_at(with_digest(portRanges=json.dumps(wrong))) == "/metadata.xml/portRanges"


def test_what_is_optional_has_defaults() -> None:
    assert parse(with_digest()).limits == Limits()


@pytest.mark.parametrize("name", list(REQUIRED))
def test_a_missing_field_is_named(name: str) -> None:
    assert refused_at(with_digest(**{name: None})) == f"/metadata.xml/{name}"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("name", "Cowrie!"),
        ("name", ""),
        ("repository", "../secret"),
        ("repository", "a//b"),
        ("description", "x" * 4097),
        ("architecture", "sparc"),
        ("rawNetworkAccess", "yes"),
        ("catchAll", "True"),
        ("portAssignment", "22"),
        ("portAssignment", "[]"),
        ("portAssignment", "{"),
        ("portAssignment", "[" * 20_000),
        ("portAssignment", '{"22": 22}'),
        ("portAssignment", '{"2222/tcp": 0}'),
        ("portAssignment", '{"2222/tcp": 65536}'),
        ("portAssignment", '{"99999/tcp": 22}'),
        ("portAssignment", '{"1/tcp": 22, "1/tcp": 23}'),
        ("portAssignment", '{"1/tcp": 22, "2/tcp": 22}'),
        ("revision", "1 0"),
        ("digest", "sha256:short"),
        ("digest", "md5:" + "ab" * 32),
        ("options", "[]"),
        ("options", '{"a": {}}'),
        ("options", '{"type": "object", "properties": {"a": {"$ref": "https://example.com"}}}'),
        ("memory", "much"),
        ("pids", "1.5"),
        ("color", "red"),
        ("name", "a<b>c</b>"),
    ],
)
def test_a_wrong_field_is_named(name: str, text: str) -> None:
    assert refused_at(with_digest(**{name: text})) == f"/metadata.xml/{name}"


@pytest.mark.parametrize(("limit", "value"), [("memory", "8"), ("memory", "1000000"), ("pids", "0")])
def test_limits_have_bounds(limit: str, value: str) -> None:
    assert refused_at(with_digest(**{limit: value})).startswith("/metadata.xml/")


ENTITY = b'<?xml version="1.0"?><!DOCTYPE service [%s]><service><name>&x;</name></service>'
BOMB = b"".join(b'<!ENTITY %s "%s">' % (name, b"&%s;" % before * 10) for before, name in ((b"a", b"b"), (b"b", b"x")))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"<service>",
        b"\x00" * 100,
        b"<services></services>",
        b"<service><service/></service>",
        with_digest().replace(b"</service>", b"<name>again</name></service>"),
        with_digest().replace(b"<name>", b'<name lang="en">'),
        with_digest().replace(b"<service>", b"<service>text"),
        b"<service>" + b"<a>" * 20_000,
        b"<service><name>" + b"<a>" * 20_000,
        ENTITY % b'<!ENTITY x "y">',
        ENTITY % b'<!ENTITY x SYSTEM "file:///etc/passwd">',
        ENTITY % b'<!ENTITY x SYSTEM "http://192.0.2.1/">',
        ENTITY % (b'<!ENTITY a "aaaaaaaaaa">' + BOMB),
        b'<!DOCTYPE service SYSTEM "http://192.0.2.1/x.dtd">' + with_digest().partition(b"\n")[2],
        with_digest().replace(b"UTF-8", b"no-such-encoding"),
        with_digest().replace(b"SSH", b"\xff"),
    ],
)
def test_other_structures_are_refused(content: bytes) -> None:
    assert refused_at(content).startswith("/metadata.xml")
