"""Reading `metadata.xml`: the fields that the contract names, each once, and nothing else."""

import json
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser
from pydantic import ValidationError

from sensor_wire.honeypot.manifest import ServiceManifest
from server_app.archives.bounded_tar import refused
from server_app.errors import Invalid
from server_app.field_errors import field_errors
from server_app.option_schema import check_schema

MAX_BYTES = 64 * 1024
ROOT = "service"
HIGHEST_PORT = 65535


def parse(content: bytes) -> ServiceManifest:
    """The manifest in a `metadata.xml`.

    Args:
        content: at most `MAX_BYTES`.

    Raises:
        Invalid: names the element that is missing, unknown, repeated or wrong.
    """
    fields = _elements(content)
    for name in [name for name in REQUIRED if name not in fields]:
        raise _wrong(name, "is missing")
    data: dict[str, Any] = {REQUIRED[name][0]: _converted(name, REQUIRED[name][1], fields[name]) for name in REQUIRED}
    if "options" in fields:
        data["options"] = _converted("options", _options, fields["options"])
    limits = {"memory": "memory_mb", "pids": "pids"}
    data["limits"] = {limits[name]: _converted(name, int, fields[name]) for name in limits if name in fields}
    try:
        manifest = ServiceManifest.parse_strict(data)
    except ValidationError as error:
        first = field_errors(error)[0]
        raise _wrong(_element_of(first.pointer), first.reason) from error
    _check_ports(manifest.port_assignment)
    return manifest


def _elements(content: bytes) -> dict[str, str]:
    target = _Collector()
    # Documents with a DTD are refused, and with it every entity: no expansion, no files, no network.
    parser = DefusedXMLParser(target=target, forbid_dtd=True)
    try:
        parser.feed(content)
        parser.close()
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise refused(
            f"metadata.xml is not acceptable XML: {error or type(error).__name__}", "/metadata.xml"
        ) from error
    return {name: "".join(parts) for name, parts in target.fields.items()}


class _Collector:
    """Collects the texts of the root's children; refuses all other structure at once, however deep it would go."""

    def __init__(self) -> None:
        self.fields: dict[str, list[str]] = {}
        self._path: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if attributes:
            raise _wrong(name, "has attributes; it must have none")
        if not self._path and name != ROOT:
            raise refused(f"the root of metadata.xml is not <{ROOT}>", "/metadata.xml")
        if len(self._path) > 1:
            raise _wrong(self._path[1], "has elements within it; it must be text")
        if self._path:
            if name not in REQUIRED and name not in OPTIONAL:
                raise _wrong(name, "is not known")
            if name in self.fields:
                raise _wrong(name, "is there more than once")
            self.fields[name] = []
        self._path.append(name)

    def end(self, _name: str) -> None:
        self._path.pop()

    def data(self, text: str) -> None:
        if len(self._path) > 1:
            self.fields[self._path[1]].append(text)
        elif text.strip():
            raise refused("metadata.xml has text outside of its elements", "/metadata.xml")

    def close(self) -> None:
        """All has been seen."""


def _check_ports(ports: dict[str, int]) -> None:
    taken: dict[str, str] = {}
    for container_port, port in ports.items():
        number, _, protocol = container_port.partition("/")
        if int(number) > HIGHEST_PORT:
            raise _wrong("portAssignment", f"there is no port {number}")
        other = taken.setdefault(f"{port}/{protocol}", container_port)
        if other != container_port:
            raise _wrong("portAssignment", f"{other} and {container_port} both want {port}/{protocol}")


def _text(text: str) -> str:
    return text.strip()


def _boolean(text: str) -> bool:
    value = {"true": True, "false": False}.get(text.strip())
    if value is None:
        raise ValueError("must be true or false")
    return value


def _json_object(text: str) -> dict[str, Any]:
    value = json.loads(text, object_pairs_hook=_no_duplicates)
    if not isinstance(value, dict):
        raise ValueError("must be a JSON object")  # noqa: TRY004 - wrong input, not a wrong call
    return value


def _options(text: str) -> dict[str, Any]:
    schema = _json_object(text)
    check_schema(schema)
    return schema


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("has a key more than once")
    return dict(pairs)


def _converted(name: str, convert: Callable[[str], Any], text: str) -> Any:
    try:
        return convert(text)
    except (ValueError, RecursionError) as error:
        raise _wrong(name, str(error)[:200]) from error


def _element_of(pointer: str) -> str:
    field = pointer.split("/")[1]
    return next((name for name, (known, _) in REQUIRED.items() if known == field), field)


def _wrong(element: str, reason: str) -> Invalid:
    return refused(f"<{element[:64]}> in metadata.xml {reason}", f"/metadata.xml/{element[:64]}")


REQUIRED: dict[str, tuple[str, Callable[[str], Any]]] = {
    "name": ("name", _text),
    "repository": ("repository", _text),
    "description": ("description", _text),
    "architecture": ("architecture", _text),
    "rawNetworkAccess": ("raw_network_access", _boolean),
    "catchAll": ("catch_all", _boolean),
    "portAssignment": ("port_assignment", _json_object),
    "revision": ("revision", _text),
    "revisionDescription": ("revision_description", _text),
    "digest": ("digest", _text),
}
"""Element → field of the manifest, and how its text is read."""
OPTIONAL = {"memory", "pids", "options"}
