"""From the texts of `metadata.xml` to the manifest. Reading the XML is left to who has a parser for it."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from sensor_wire.honeypot.manifest import ServiceManifest


class ElementError(ValueError):
    """What an element says cannot be read; `element` is its name, `reason` what is wrong."""

    def __init__(self, element: str, reason: str) -> None:
        super().__init__(f"{element} {reason}")
        self.element = element
        self.reason = reason


def manifest_of(texts: Mapping[str, str]) -> ServiceManifest:
    """The manifest that the elements make.

    Args:
        texts: of the root's children, by their names; others than those below are left out.

    Raises:
        KeyError: one that must be there is not.
        ElementError: a text is not of the element's form.
        ValidationError: pydantic's, the values are not those of a manifest; `element_of` tells whose.
    """
    data = {REQUIRED[name][0]: _converted(name, REQUIRED[name][1], texts[name]) for name in REQUIRED}
    data |= {
        field: _converted(name, convert, texts[name]) for name, (field, convert) in OPTIONAL.items() if name in texts
    }
    data["limits"] = {LIMITS[name]: _converted(name, int, texts[name]) for name in LIMITS if name in texts}
    return ServiceManifest.parse_strict(data)


def element_of(field: str) -> str:
    """The element that a field of the manifest comes from."""
    return next((name for name, (known, _) in (REQUIRED | OPTIONAL).items() if known == field), field)


def _converted(name: str, convert: Callable[[str], Any], text: str) -> Any:
    try:
        return convert(text)
    except (ValueError, RecursionError) as error:
        raise ElementError(name, str(error)[:200]) from error


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


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("has a key more than once")
    return dict(pairs)


REQUIRED: dict[str, tuple[str, Callable[[str], Any]]] = {
    "name": ("name", str.strip),
    "repository": ("repository", str.strip),
    "description": ("description", str.strip),
    "architecture": ("architecture", str.strip),
    "rawNetworkAccess": ("raw_network_access", _boolean),
    "catchAll": ("catch_all", _boolean),
    "portAssignment": ("port_assignment", _json_object),
    "revision": ("revision", str.strip),
    "revisionDescription": ("revision_description", str.strip),
    "digest": ("digest", str.strip),
}
"""Element → field of the manifest, and how its text is read."""
OPTIONAL: dict[str, tuple[str, Callable[[str], Any]]] = {
    "options": ("options", _json_object),
    "portRanges": ("port_ranges", _json_list),
}
LIMITS = {"memory": "memory_mb", "pids": "pids"}
