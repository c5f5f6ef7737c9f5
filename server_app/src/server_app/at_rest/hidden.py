"""A secret as the program has it: neither shown nor written by mistake, and opened only where it is used."""

from dataclasses import dataclass
from typing import Any, Never, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from server_app.at_rest.keys import SecretKeys, SecretUnreadable


class Hidden:
    """A secret text: given by people, or sealed in the database. A sealed one needs its key only when it is asked for.

    Two are equal when their texts are. One that cannot be opened equals none but itself.
    """

    def __init__(self, text: str | None, sealed: str = "", keys: SecretKeys | None = None) -> None:
        self._text = text
        self._sealed = sealed
        self._keys = keys

    @classmethod
    def sealed(cls, sealed: str, keys: SecretKeys) -> Self:
        """One as it is stored."""
        return cls(None, sealed, keys)

    @property
    def text(self) -> str:
        """The secret itself.

        Raises:
            SecretUnreadable: its key is missing.
        """
        if self._text is None:
            if self._keys is None:
                raise TypeError("a secret is a text or sealed")
            self._text = self._keys.open(self._sealed)
        return self._text

    def for_storing(self, keys: SecretKeys) -> str:
        """The same, sealed: as it was read, or anew.

        Raises:
            SecretUnreadable: there is no key.
        """
        return self._sealed if self._keys is keys else keys.seal(self.text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Hidden):
            return NotImplemented
        if self is other or (self._sealed and self._sealed == other._sealed):
            return True
        try:
            return self.text == other.text
        except SecretUnreadable:
            return False

    __hash__ = None  # type: ignore[assignment] # equal secrets may be sealed differently

    def __repr__(self) -> str:
        return "Hidden()"


@dataclass(frozen=True)
class Given:
    """Annotates `Hidden` in a model: people give a text of this type. A body of the API cannot hold a sealed one."""

    text: Any

    def __get_pydantic_core_schema__(self, _source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Pydantic's hook."""
        return core_schema.no_info_wrap_validator_function(
            lambda value, as_text: value if isinstance(value, Hidden) else Hidden(as_text(value)),
            handler.generate_schema(self.text),
            serialization=core_schema.plain_serializer_function_ser_schema(_refuse),
        )


def _refuse(_value: Hidden) -> Never:
    raise TypeError("a secret is not written out; exclude it")
