"""What an anonymous guest of FTP fetches and leaves, by data connections that he opens himself."""

import re
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

from netservices.ftp_data import DataConnection
from netservices.ftp_files import Upload
from netservices.ftp_words import Words
from netservices.journal import Visit

_COMMAND_PORT = re.compile(r"(\d+),(\d+),(\d+),(\d+),\d+,\d+")
_EXTENDED_PORT = re.compile(r"\|[12]\|([0-9A-Fa-f.:]+)\|\d+\|")


class Transfers:
    """The data connection of one visitor, at most one at a time; `control` is his control connection, an `Ftp`."""

    def __init__(self, visit: Visit, words: Words, control: Any) -> None:
        self._visit, self._words, self._control = visit, words, control
        self._active = False
        self._data: DataConnection | None = None

    def close(self) -> None:
        """Close what is open."""
        data, self._data = self._data, None
        if data is not None:
            data.close()

    def open(self) -> int | None:
        """Open a port for the visitor to connect to; None: there is none, which he is told."""
        self.close()
        self._active = False
        self._data = DataConnection(self._visit.ends.source[0])
        port = self._data.listen()
        if port is None:
            self._say("not connected")
        return port

    def heard(self, name: str, argument: str) -> None:
        """Hear by PORT or EPRT where to connect to.

        That is never done; other addresses than the visitor's own are to be attacked.
        """
        pattern = _COMMAND_PORT if name == "PORT" else _EXTENDED_PORT
        found = pattern.fullmatch(argument.strip())
        address = ".".join(found.groups()) if found else ""
        self.close()
        self._active = False
        with suppress(ValueError):
            self._active = ip_address(address) == ip_address(self._visit.ends.source[0])
            if not self._active:
                self._visit.tell("exploit", text=f"{name} to {address}, to be attacked in our name")
        self._say("active" if self._active else "foreign", name)

    def give(self, content: bytes, announced: str, after: str) -> None:
        """Send a file or a list."""
        data = self._data

        def ended() -> None:
            self._say(after if data is not None and data.sent else "broken")

        self._transfer(announced, ended, content=content)

    def take(self, upload: Upload, announced: str, done: Callable[[], None]) -> None:
        """Take a file; `done` is called when no more of it comes."""
        data = self._data

        def add(more: bytes) -> None:
            self._control.keep()
            if not upload.add(more) and data is not None:
                upload.drop()
                data.close()

        self._transfer(announced, done, take=add)

    def _say(self, word: str, *facts: object) -> None:
        self._control.say(self._words[word].format(*facts) if facts else self._words[word])

    def _transfer(
        self,
        announced: str,
        ended: Callable[[], None],
        *,
        take: Callable[[bytes], None] | None = None,
        content: bytes | None = None,
    ) -> None:
        data = self._data
        if data is None or data.used:
            # Active: as if the visitor's own firewall had kept us out.
            self._say("not connected" if self._active else "no port")
            self._active = False
            return

        def start() -> None:
            self._control.say(announced)
            if content is not None:
                data.send(content, self._control.keep)

        data.use(start, lambda: self._say("not connected"), take, ended)
