"""Column types that seal: what they hold is `Hidden` in Python and of no use in the database alone."""

from typing import Any

from sqlalchemy import JSON, Dialect, Text, TypeDecorator

from server_app.at_rest.hidden import Hidden
from server_app.at_rest.keys import keys_of

SEALED = "sealed"


class HiddenText(TypeDecorator[Hidden]):
    """A column that is a secret."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Hidden | None, dialect: Dialect) -> str | None:
        """Seal it, unless it comes from there."""
        return None if value is None else value.for_storing(keys_of(dialect))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Hidden | None:
        """Leave it sealed until it is used."""
        return None if value is None else Hidden.sealed(value, keys_of(dialect))


class JsonWithHidden(TypeDecorator[dict[str, Any]]):
    """An object in JSON whose fields may be secrets; stored as `{"sealed": text}` each."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: dict[str, Any] | None, dialect: Dialect) -> dict[str, Any] | None:
        """Seal those that do not come from there."""
        if value is None:
            return None
        return {
            name: {SEALED: field.for_storing(keys_of(dialect))} if isinstance(field, Hidden) else field
            for name, field in value.items()
        }

    def process_result_value(self, value: dict[str, Any] | None, dialect: Dialect) -> dict[str, Any] | None:
        """Leave them sealed until they are used."""
        if value is None:
            return None
        return {
            name: Hidden.sealed(field[SEALED], keys_of(dialect)) if is_sealed(field) else field
            for name, field in value.items()
        }


def is_sealed(field: object) -> bool:
    """Whether a field of stored JSON is a secret."""
    return isinstance(field, dict) and field.keys() == {SEALED}
