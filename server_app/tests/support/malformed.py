"""Archives with one thing wrong, made by rule: every one of them must be refused, as a service and as firmware."""

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from firmware_builder import FIELDS as FIRMWARE_FIELDS
from firmware_builder import docker_parts, firmware_members
from malformed_xml import documents
from service_builder import FIELDS as SERVICE_FIELDS
from service_builder import Member, archive, digest_of, image, metadata, tar

MIB = 1024 * 1024
BLOCK = 512
TYPES = b"123456SVMND"
"""Kinds of members that have no business here: links, devices, pipes, sparse files, and what GNU has besides."""
PATHS = [
    "../escape",
    "../../../../../../tmp/escape",
    "/tmp/escape",  # noqa: S108 - nothing is written there: that is the point
    "//tmp/escape",
    "./../escape",
    "a/../../escape",
    "metadata.xml/../../escape",
    "conf/../../escape",
    "..",
    ".",
    "/",
    "",
    "readme.txt",
    "METADATA.XML",
    "metadata.xml ",
    "metadata.xml\n",
    "./metadata.xml",
    "blobs/sha256/../../../escape",
    "service.tar/x",
    "firmware.img/x",
    "\udcff\udcfe",
    "C:\\escape",
    "..\\escape",
    "x" * 99,
    "x" * 5000,
    "/".join("d" * 200),
]
KEYWORDS = [
    {"path": "../escape"},
    {"path": "/tmp/escape"},  # noqa: S108 - the same
    {"path": "metadata.xml\0x"},
    {"path": ""},
    {"size": "-1"},
    {"size": "99999999999"},
    {"size": "many"},
    {"linkpath": "/etc/passwd", "path": "link"},
    {"GNU.sparse.map": "0,1", "GNU.sparse.size": "99999999", "GNU.sparse.name": "x"},
    {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "x", "GNU.sparse.realsize": "99999999999"},
    {"GNU.sparse.size": "99999999999", "GNU.sparse.numblocks": "1"},
    {"hdrcharset": "BINARY", "path": "../escape"},
]


@dataclass(frozen=True)
class Kind:
    """A kind of archive: its good members, and the elements of its description."""

    name: str
    members: tuple[Member, ...]
    root: str
    fields: dict[str, str]


def service() -> Kind:
    digest, layout = image()
    members = (Member("metadata.xml", metadata(digest=digest)), Member("service.tar", tar(*layout)))
    return Kind("service", members, "service", SERVICE_FIELDS | {"digest": digest})


def firmware() -> Kind:
    return Kind("firmware", tuple(firmware_members()), "firmware", FIRMWARE_FIELDS)


def malformed(kind: Kind) -> Iterator[tuple[str, bytes]]:
    """What is wrong, and the archive."""
    yield from _members(kind)
    yield from _kinds(kind)
    yield from _cuts(kind)
    yield from _headers(kind)
    for what, document in documents(kind.root, kind.fields):
        yield f"xml: {what}", archive(*_with(kind, "metadata.xml", document))
    yield from _bombs(kind)
    yield from _inside_service() if kind.name == "service" else _inside_firmware()


def _members(kind: Kind) -> Iterator[tuple[str, bytes]]:
    for path in PATHS:
        yield f"before: {path[:30]!r}", archive(Member(path, b"x"), *kind.members)
        yield f"behind: {path[:30]!r}", archive(*kind.members, Member(path, b"x"))
    for member in kind.members:
        if member.name in {"metadata.xml", "service.tar", "firmware.img", "docker-compose.yml"}:
            yield f"without {member.name}", archive(*(one for one in kind.members if one is not member))
        yield f"{member.name} twice", archive(*kind.members, member)
        yield f"{member.name} first as another", archive(replace(member, content=b"x"), *kind.members)
    yield "many members", archive(*kind.members, *(Member(f"m{number}") for number in range(1100)))
    yield "nothing", archive()
    yield "no gzip", tar(*kind.members)
    yield "empty", b""
    yield "zeros", b"\0" * 10_000
    yield "gzipped twice", gzip.compress(archive(*kind.members))
    yield "garbage behind", archive(*kind.members) + b"garbage"
    yield "a second archive", archive(*kind.members[:1]) + archive(*kind.members[:1])
    yield "a ZIP archive", b"PK\x03\x04" + b"\0" * 500


def _kinds(kind: Kind) -> Iterator[tuple[str, bytes]]:
    for code in TYPES:
        flag = bytes([code])
        for target in ("/etc/passwd", "metadata.xml"):
            yield f"type {flag!r} to {target}", archive(*kind.members, Member("link", type=flag, target=target))
        for name in ("metadata.xml", kind.members[-1].name):
            yield f"{name} as type {flag!r}", archive(*_changed(kind.members, name, type=flag, target="/etc/passwd"))


def _cuts(kind: Kind) -> Iterator[tuple[str, bytes]]:
    packed = archive(*kind.members)
    for number in range(1, 50):
        yield f"cut at {number}/50", packed[: len(packed) * number // 50]
    plain = tar(*kind.members)
    end = len(plain.rstrip(b"\0")) - 1
    for number in range(1, 30):
        yield f"tar cut at {number}/30", gzip.compress(plain[: end * number // 30])


def _headers(kind: Kind) -> Iterator[tuple[str, bytes]]:
    good = tar(*kind.members)
    for field, place, length in (("size", 124, 12), ("checksum", 148, 8), ("magic and type", 156, 1)):
        for junk in (b"\xff", b"9", b"-", b"\x80", b"z"):
            yield f"{field} {junk!r}", gzip.compress(good[:place] + junk * length + good[place + length :])
    for header in (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE):
        for size in (65 * 1024, 64 * MIB, 8 * 1024 * MIB):
            info = tarfile.TarInfo("././@LongLink")
            info.type, info.size = header, size
            yield f"header {header!r} of {size}", gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + b"a" * 2 * MIB)
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 20
    yield "a long name of junk", gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + b"\xff" * BLOCK + good)
    for number, keywords in enumerate(KEYWORDS):
        for where in (0, len(kind.members) - 1):
            yield f"pax {number} at {where}", _pax(kind, where, keywords)


def _pax(kind: Kind, where: int, keywords: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    for number, member in enumerate(kind.members):
        info = tarfile.TarInfo(member.name)
        info.type = member.type
        info.size = len(member.content)
        if number == where:
            records = b"".join(_record(name, value) for name, value in keywords.items())
            extended = tarfile.TarInfo("pax")
            extended.type, extended.size = tarfile.XHDTYPE, len(records)
            buffer.write(extended.tobuf(tarfile.USTAR_FORMAT) + _padded(records))
        buffer.write(info.tobuf(tarfile.USTAR_FORMAT) + _padded(member.content))
    return gzip.compress(buffer.getvalue() + b"\0" * 2 * BLOCK)


def _record(name: str, value: str) -> bytes:
    text = f" {name}={value}\n".encode()
    length = len(text)
    while len(f"{length}") + len(text) != length:
        length = len(f"{length}") + len(text)
    return f"{length}".encode() + text


def _padded(content: bytes) -> bytes:
    return content + b"\0" * (-len(content) % BLOCK)


def _bombs(kind: Kind) -> Iterator[tuple[str, bytes]]:
    zeros = b"\0" * 64 * MIB
    for name in ("metadata.xml", kind.members[-1].name, "x"):
        yield f"bomb as {name}", archive(*_with(kind, name, zeros))
    yield "bomb behind", archive(*kind.members) + gzip.compress(zeros)
    yield "nested bombs", archive(*_with(kind, kind.members[-1].name, gzip.compress(gzip.compress(zeros))))
    info = tarfile.TarInfo(kind.members[-1].name)
    info.size = 8 * 1024 * MIB
    yield "a size without content", gzip.compress(tar(*kind.members[:-1])[: -20 * BLOCK] + info.tobuf() + b"x" * MIB)


def _inside_service() -> Iterator[tuple[str, bytes]]:
    digest, layout = image()
    described = Member("metadata.xml", metadata(digest=digest))

    def packed(*members: Member) -> bytes:
        return archive(described, Member("service.tar", tar(*members)))

    for path in PATHS:
        yield f"layout: {path[:30]!r}", packed(*layout, Member(path, b"x"))
    for code in TYPES:
        flag = bytes([code])
        yield f"layout: type {flag!r}", packed(*layout, Member("blobs/link", type=flag, target="/etc/passwd"))
        yield f"layout: index as {flag!r}", packed(*_changed(layout, "index.json", type=flag))
    for one in layout:
        yield f"layout: without {one.name}", packed(*(other for other in layout if other is not one))
        yield f"layout: twice {one.name}", packed(*layout, one)
        if one.name != "oci-layout":
            yield f"layout: other {one.name}", packed(*_changed(layout, one.name, content=b"{}"))
    for number, index in enumerate(_json_variants("manifests", "digest", "mediaType", "size")):
        yield f"layout: index {number}", packed(*_changed(layout, "index.json", content=index))
    other, _ = image("other")
    yield "another digest", archive(Member("metadata.xml", metadata(digest=other)), Member("service.tar", tar(*layout)))
    wrong = Member("metadata.xml", metadata(digest=digest, architecture="armhf"))
    yield "another architecture", archive(wrong, Member("service.tar", tar(*layout)))


def _inside_firmware() -> Iterator[tuple[str, bytes]]:
    parts = docker_parts()
    layer, config, manifest = parts

    def packed(changed: dict[str, bytes], *more: Member) -> bytes:
        members = [Member(name, content) for name, content in changed.items()]
        return archive(*firmware_members()[:-1], Member("firmware.img", tar(*members, *more)))

    for name in parts:
        yield f"image: without {name}", packed({one: part for one, part in parts.items() if one != name})
        yield f"image: other {name}", packed(parts | {name: b"{}"})
        yield f"image: twice {name}", packed(parts, Member(name, parts[name]))
    for number, text in enumerate(_json_variants("Config", "Layers", "x", "y")):
        yield f"image: manifest {number}", packed(parts | {manifest: text})
        yield f"image: configuration {number}", packed(parts | {config: text})
    for code in b"1346S":
        yield f"image: type {code}", packed(parts, Member("device", type=bytes([code])))
    layers: list[list[str]] = [[], [layer, layer], ["/etc/passwd"]]
    changes: list[dict[str, Any]] = [{"Config": "../x.json"}, {"Config": layer}, *({"Layers": one} for one in layers)]
    for number, change in enumerate(changes):
        entry = {"Config": config, "Layers": [layer]} | change
        yield f"image: names {number}", packed(parts | {manifest: json.dumps([entry]).encode()})
    yield "image: another architecture", packed(docker_parts(architecture="arm"))
    for size in (0, 1, 511, 512, 513, 100_000):
        yield f"image: {size} zeros", archive(*firmware_members()[:-1], Member("firmware.img", b"\0" * size))
    disk = b"\0" * 510 + b"\x55\xaa"
    yield "image: a disk for Docker", archive(*firmware_members()[:-1], Member("firmware.img", disk))
    broken = _changed(firmware_members(platform="bbb"), "firmware.img", content=disk + b"x")
    yield "image: a disk that is no multiple of a sector", archive(*broken)


def _json_variants(*names: str) -> Iterator[bytes]:
    yield from (b"", b"{", b"null", b"1", b'""', b"[]", b"{}", b"[[]]", b"[{}]", b"[1]", b"\xff\xfe", b"[" * 50_000)
    yield from (b"NaN", b'{"a": 1', b'{"a" 1}', b"\0", b"{}" + b" " * (2 * MIB), b'"\\ud800"')
    for name in names:
        values: tuple[Any, ...] = (None, 1, "x", [], {}, [1], [{}], "sha256:" + "0" * 64, digest_of(b""))
        for value in values:
            yield json.dumps({name: value}).encode()
            yield json.dumps([{name: value}]).encode()


def _changed(members: Iterable[Member], name: str, **changes: Any) -> list[Member]:
    return [replace(one, **changes) if one.name == name else one for one in members]


def _with(kind: Kind, name: str, content: bytes) -> list[Member]:
    if any(member.name == name for member in kind.members):
        return _changed(kind.members, name, content=content)
    return [*kind.members, Member(name, content)]


KINDS: tuple[Callable[[], Kind], ...] = (service, firmware)
