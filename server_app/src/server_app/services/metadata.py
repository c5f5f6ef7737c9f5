"""Reading `metadata.xml`: the fields that the contract names, each once, and nothing else."""

import json
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from sensor_wire.honeypot.manifest import ServiceManifest
from server_app.archives import flat_xml
from server_app.archives.flat_xml import wrong
from server_app.field_errors import field_errors
from server_app.option_schema import check_schema
from server_app.services.claims import claims

ROOT = "service"
HIGHEST_PORT = 65535


def parse(content: bytes) -> ServiceManifest:
    """The manifest in a `metadata.xml`.

    Args:
        content: at most `flat_xml.MAX_BYTES`.

    Raises:
        Invalid: names the element that is missing, unknown, repeated or wrong.
    """
    fields = flat_xml.elements(content, ROOT, REQUIRED.keys(), {*OPTIONAL, *LIMITS})
    data: dict[str, Any] = {REQUIRED[name][0]: _converted(name, REQUIRED[name][1], fields[name]) for name in REQUIRED}
    data |= {
        known: _converted(name, convert, fields[name]) for name, (known, convert) in OPTIONAL.items() if name in fields
    }
    data["limits"] = {LIMITS[name]: _converted(name, int, fields[name]) for name in LIMITS if name in fields}
    try:
        manifest = ServiceManifest.parse_strict(data)
    except ValidationError as error:
        first = field_errors(error)[0]
        raise wrong(_element_of(first.pointer), first.reason) from error
    _check_ports(manifest)
    return manifest


def _check_ports(manifest: ServiceManifest) -> None:
    taken: dict[str, str] = {}
    for container_port, port in manifest.port_assignment.items():
        number, _, protocol = container_port.partition("/")
        if int(number) > HIGHEST_PORT:
            raise wrong("portAssignment", f"there is no port {number}")
        other = taken.setdefault(f"{port}/{protocol}", container_port)
        if other != container_port:
            raise wrong("portAssignment", f"{other} and {container_port} both want {port}/{protocol}")
    wanted = claims(manifest.port_assignment, manifest.port_ranges)
    for position, claim in enumerate(wanted):
        if (twin := next((each for each in wanted[:position] if each.overlaps(claim)), None)) is not None:
            raise wrong("portRanges", f"{twin} and {claim} overlap")


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


def _json_list(text: str) -> list[Any]:
    value = json.loads(text, object_pairs_hook=_no_duplicates)
    if not isinstance(value, list):
        raise ValueError("must be a JSON list")  # noqa: TRY004 - wrong input, not a wrong call
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
        raise wrong(name, str(error)[:200]) from error


def _element_of(pointer: str) -> str:
    field = pointer.split("/")[1]
    return next((name for name, (known, _) in (REQUIRED | OPTIONAL).items() if known == field), field)


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
OPTIONAL: dict[str, tuple[str, Callable[[str], Any]]] = {
    "options": ("options", _options),
    "portRanges": ("port_ranges", _json_list),
}
LIMITS = {"memory": "memory_mb", "pids": "pids"}
