"""Column types and shelves of the event tables."""

from enum import IntEnum

from sqlalchemy import Dialect, LargeBinary, TypeDecorator

from server_app.events.addresses import BYTES, key_of, text_of


class Address(TypeDecorator[str]):
    """An address: text in Python, in the database its key of 16 bytes."""

    impl = LargeBinary(BYTES)
    cache_ok = True

    def process_bind_param(self, value: str | bytes | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Store the key; who has a key already, as the end of a range, gives that."""
        return key_of(value) if isinstance(value, str) else value

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Read the address."""
        return None if value is None else text_of(value)


class Shelf(IntEnum):
    """Where a session is kept. Each list shows one shelf, and each index of sessions begins with it.

    `HIDDEN` holds those of which an event filter has hidden every event.
    """

    LIVE = 0
    ARCHIVED = 1
    HIDDEN = 2
