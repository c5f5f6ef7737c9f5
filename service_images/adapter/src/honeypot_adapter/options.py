"""What an operator has set for this honeypot, as the sensor hands it over.

The server has checked the values against the schema in the service's metadata and has filled in its defaults. An
image may run on its own too, so each reader names the default once more.
"""

import json
import os
from collections.abc import Mapping
from typing import Self

from honeypot_adapter.event import Json

VARIABLE = "HONEYSENS_OPTIONS"


class OptionError(ValueError):
    """An option is not what the honeypot takes; the message names it."""


class Options:
    """Options by their names, each read with the type it must have."""

    def __init__(self, values: Json) -> None:
        self._values = values

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the JSON object in `HONEYSENS_OPTIONS`; there are no options where it is not set.

        Raises:
            OptionError: it is no JSON object.
        """
        text = environment.get(VARIABLE) or "{}"
        try:
            values = json.loads(text)
        except ValueError as error:
            raise OptionError(f"{VARIABLE} is no JSON: {error}") from error
        if not isinstance(values, dict):
            raise OptionError(f"{VARIABLE} is no JSON object")
        return cls(values)

    def text(self, name: str, default: str) -> str:
        """Give a string of one line.

        Raises:
            OptionError: it is something else.
        """
        value = self._values.get(name, default)
        if not isinstance(value, str) or not value.isprintable():
            raise OptionError(f"the option {name} must be one line of text")
        return value

    def number(self, name: str, default: int) -> int:
        """Give an integer.

        Raises:
            OptionError: it is something else.
        """
        value = self._values.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise OptionError(f"the option {name} must be an integer")
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """Give true or false.

        Raises:
            OptionError: it is something else.
        """
        value = self._values.get(name, default)
        if not isinstance(value, bool):
            raise OptionError(f"the option {name} must be true or false")
        return value

    def texts(self, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """Give a list of strings of one line.

        Raises:
            OptionError: it is something else.
        """
        values = self._values.get(name, default)
        if not isinstance(values, (list, tuple)):
            raise OptionError(f"the option {name} must be a list")
        if not all(isinstance(value, str) and value.isprintable() for value in values):
            raise OptionError(f"each of the option {name} must be one line of text")
        return tuple(values)

    def mapping(self, name: str, default: Json) -> Json:
        """Give an object, whose values the caller checks.

        Raises:
            OptionError: it is something else.
        """
        value = self._values.get(name, default)
        if not isinstance(value, dict):
            raise OptionError(f"the option {name} must be an object")
        return value
