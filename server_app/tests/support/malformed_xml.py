"""Descriptions with one thing wrong."""

from collections.abc import Iterator

WRONG = {
    "name": ["", " ", "UPPER", "with space", "a/b", "../x", "x" * 33, "0digit", "a\u0301", "%s", "<![CDATA[A B]]>"],
    "repository": ["", "UPPER/case", "/lead", "trail/", "a//b", "../x", "a:b", "a@b", "http://a/b", "x" * 200],
    "description": ["x" * 4097],
    "architecture": ["", "x86", "AMD64", "arm64", "amd64,armhf"],
    "rawNetworkAccess": ["", "yes", "1", "True", "TRUE", "null"],
    "catchAll": ["", "no", "0", "False", "nil"],
    "portAssignment": [
        "",
        "[]",
        "null",
        "{",
        '{"22": 22}',
        '{"22/icmp": 22}',
        '{"0/tcp": 22}',
        '{"70000/tcp": 22}',
        '{"22/tcp": 0}',
        '{"22/tcp": 70000}',
        '{"22/tcp": "x"}',
        '{"22/tcp": 22, "22/tcp": 23}',
        '{"22/tcp": 22, "23/tcp": 22}',
        "[" * 30_000,
        '{"22/tcp": 1e999}',
    ],
    "revision": ["", "a b", "../1", "-1", ".1", "x" * 65, "a/b"],
    "revisionDescription": ["x" * 4097],
    "digest": ["", "sha256:", "sha256:" + "0" * 63, "sha256:" + "G" * 64, "md5:" + "0" * 32, "sha256:" + "0" * 64],
    "platform": ["", "amiga", "BBB", "docker_x86 bbb", "../bbb"],
    "version": ["", "a b", "../1", "current", "-1", "x" * 65],
    "changelog": ["x" * 4097],
}
FIRMWARE_NAMES = ["", " ", "x" * 257]
ENTITIES = {
    "an internal entity": '<!DOCTYPE r [<!ENTITY x "y">]>',
    "a file": '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    "an address": '<!DOCTYPE r [<!ENTITY x SYSTEM "http://127.0.0.1:1/">]>',
    "a parameter entity": '<!DOCTYPE r [<!ENTITY % p SYSTEM "http://127.0.0.1:1/"> %p;]>',
    "a foreign DTD": '<!DOCTYPE r SYSTEM "http://127.0.0.1:1/x.dtd">',
    "a public DTD": '<!DOCTYPE r PUBLIC "-//W3C//DTD XHTML 1.0//EN" "http://127.0.0.1:1/x.dtd">',
    "a billion laughs": "<!DOCTYPE r ["
    '<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + '<!ENTITY x "&a9;">]>',
    "quadratic growth": f'<!DOCTYPE r [<!ENTITY x "{"y" * 20_000}">]>',
    "an empty DTD": "<!DOCTYPE r []>",
    "an attribute list": '<!DOCTYPE r [<!ATTLIST r a CDATA "x">]>',
}


def documents(root: str, fields: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """What is wrong, and the document."""
    for name, text in fields.items():
        yield f"without <{name}>", _document(root, {one: other for one, other in fields.items() if one != name})
        yield f"<{name}> twice", _document(root, fields, f"<{name}>{text}</{name}>")
        yield f"<{name}> with an attribute", _raw(root, fields, name, f'<{name} a="b">{text}</{name}>')
        yield f"<{name}> with an element", _raw(root, fields, name, f"<{name}><b/>{text}</{name}>")
        yield f"<{name}> in a namespace", _raw(root, fields, name, f'<{name} xmlns="urn:x">{text}</{name}>')
        wrong = FIRMWARE_NAMES if (root, name) == ("firmware", "name") else WRONG[name]
        for number, other in enumerate(wrong):
            yield f"<{name}> wrong {number}", _raw(root, fields, name, f"<{name}>{other}</{name}>")
    for what, doctype in ENTITIES.items():
        document = _document(root, fields).decode().replace(f"<{root}>", f"{doctype}<{root}>")
        yield what, document.encode()
        yield f"{what}, used", document.replace("<description>", "<description>&x;").encode()
    yield from _structures(root, fields)


def _structures(root: str, fields: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    good = _document(root, fields)
    yield "an unknown element", _document(root, fields, "<color>red</color>")
    yield "text outside", _document(root, fields, "text")
    yield "another root", good.replace(root.encode(), b"other")
    yield "two roots", good + good.partition(b"\n")[2]
    yield "an unknown entity", _document(root, fields, "&lol;")
    for depth in (3, 100, 1000, 5000):
        yield f"{depth} levels", f"<{root}>{'<a>' * depth}{'</a>' * depth}</{root}>".encode()
        yield f"{depth} levels of the root", f"{f'<{root}>' * depth}".encode()
    yield "cut off", good[:-20]
    yield "empty", b""
    yield "blank", b"   \n"
    yield "JSON", b'{"name": "x"}'
    yield "zeros", b"\0" * 1000
    yield "a NUL", good.replace(b"<description>", b"<description>\0")
    yield "a control character", good.replace(b"<description>", b"<description>\x01")
    yield "broken UTF-8", good.replace(b"<description>", b"<description>\xff\xfe")
    yield "an unknown encoding", good.replace(b"UTF-8", b"x-none").replace(b"utf-8", b"x-none")
    yield "UTF-16 without a mark", good.decode().encode("utf-16-le")
    yield "a wrong encoding", good.replace(b"UTF-8", b"UTF-16").replace(b"utf-8", b"UTF-16")
    for size in (64 * 1024 + 1, 1024 * 1024, 4 * 1024 * 1024):
        yield f"{size} bytes", good + b" " * size


def _document(root: str, fields: dict[str, str], more: str = "") -> bytes:
    body = "".join(f"<{name}>{text}</{name}>" for name, text in fields.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}>{body}{more}</{root}>'.encode()


def _raw(root: str, fields: dict[str, str], name: str, element: str) -> bytes:
    return _document(root, {one: text for one, text in fields.items() if one != name}, element)
