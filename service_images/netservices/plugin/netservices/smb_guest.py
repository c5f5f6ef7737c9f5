"""One connection of SMB, and what it has done."""

from typing import Any

from netservices import ntlm
from netservices.smb_dialects import SPOKEN

type Told = tuple[str, bytes, dict[str, Any]]


class Guest:
    """What is known of one connection, and what it has done since it was asked last. Used by one thread at a time."""

    def __init__(self, number: str) -> None:
        self.number = number
        self.challenge = ntlm.new_challenge()
        self.dialect = SPOKEN[0]
        self.written: dict[bytes, int] = {}
        self._told: list[Told] = []

    def tell(self, what: str, payload: bytes = b"", /, **fields: Any) -> None:
        """Keep for the journal, which has a thread of its own."""
        self._told.append((what, payload, fields))

    def take(self) -> list[Told]:
        """Give what was kept."""
        told, self._told = self._told, []
        return told
