"""The options a service runs with: what was set, else what the sensor's persona says, else the default. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from server_app.option_schema import Schema, filled, problems


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


def _origin(name: str, own: Mapping[str, Any], fitting: Mapping[str, Any]) -> Origin:
    if name in own:
        return Origin.SET
    return Origin.PERSONA if name in fitting else Origin.DEFAULT


def _takes(schema: Schema, name: str, value: object) -> bool:
    declared = schema.get("properties", {}).get(name)
    return declared is not None and not any(problems({"type": "object", "properties": {name: declared}}, {name: value}))
