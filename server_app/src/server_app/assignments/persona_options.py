"""The options a service runs with: what was set, else what the sensor's persona says, else the default. Pure."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from server_app.option_schema import Schema, filled, problems
from server_app.sensors.persona import OsFamily

FAMILY = "os_family"
BY_PREFERENCE = (OsFamily.WINDOWS, OsFamily.APPLIANCE, OsFamily.LINUX)
"""What is a Linux by default can be something else as well, but remote desktop takes hashes as a Windows only."""


class Origin(StrEnum):
    """Where the value of an option comes from."""

    SET = "set"
    PERSONA = "persona"
    DEFAULT = "default"


class EffectiveOptions(NamedTuple):
    """Values by the options' names, and where each comes from."""

    values: dict[str, Any]
    origins: dict[str, Origin]


def effective(schema: Schema, persona: Mapping[str, Any], own: Mapping[str, Any]) -> EffectiveOptions:
    """The options of one service.

    Args:
        schema: what the service declares; of the persona it gets what it declares and accepts, nothing else.
        persona: values by names that all services share.
        own: as they were set for the service.
    """
    fitting = {name: value for name, value in persona.items() if name not in own and _takes(schema, name, value)}
    values = filled(schema, fitting | dict(own))
    origins = {name: _origin(name, own, fitting) for name in values}
    return EffectiveOptions(dict(sorted(values.items())), dict(sorted(origins.items())))


def one_story(persona: Mapping[str, Any], schemas: Iterable[Schema]) -> dict[str, Any]:
    """A persona with a kind of system where nobody has said one: else each service would be of another one.

    It is one that all services can be, and the default of one of them. Where there is none, each keeps its own.

    Args:
        persona: values by names that all services share.
        schemas: what the services under one address declare.
    """
    if FAMILY in persona:
        return dict(persona)
    declared = [each for schema in schemas if isinstance(each := schema.get("properties", {}).get(FAMILY), Mapping)]
    common = [family for family in BY_PREFERENCE if all(family in each.get("enum", [family]) for each in declared)]
    made = next((family for family in common if family in {each.get("default") for each in declared}), None)
    return {**persona, FAMILY: made.value} if made else dict(persona)


def _origin(name: str, own: Mapping[str, Any], fitting: Mapping[str, Any]) -> Origin:
    if name in own:
        return Origin.SET
    return Origin.PERSONA if name in fitting else Origin.DEFAULT


def _takes(schema: Schema, name: str, value: object) -> bool:
    declared = schema.get("properties", {}).get(name)
    return declared is not None and not any(problems({"type": "object", "properties": {name: declared}}, {name: value}))
