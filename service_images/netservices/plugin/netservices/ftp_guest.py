"""What an anonymous guest of FTP may do: look around, fetch, and leave files. Everything else is told and denied."""

import re
import time
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

from netservices.ftp_data import DataConnection
from netservices.ftp_files import Files, Upload, resolve
from netservices.ftp_words import MICROSOFT, Words, listing
from netservices.journal import Visit

_COMMAND_PORT = re.compile(r"(\d+),(\d+),(\d+),(\d+),\d+,\d+")
_EXTENDED_PORT = re.compile(r"\|[12]\|([0-9A-Fa-f.:]+)\|\d+\|")
_DENIED = ("DELE", "MKD", "XMKD", "RMD", "XRMD", "RNFR", "RNTO", "SITE", "STOU", "CHMOD")
_QUIET = ("TYPE", "MODE", "STRU", "NOOP", "SYST", "PWD", "XPWD", "REST", "ABOR", "OPTS", "PASV", "EPSV", "ALLO")
"""What every client says by itself and tells nothing."""


class Guest:
    """One visitor after his login; `control` is his control connection, an `Ftp`."""

    def __init__(self, visit: Visit, files: Files, words: Words, control: Any) -> None:
        self._visit, self._files, self._words, self._control = visit, files, words, control
        self._folder = "/"
        self._offset = 0
        self._binary = False
        self._active = False
        self._data: DataConnection | None = None

    def command(self, name: str, argument: str) -> None:
        """Answer a command."""
        if name not in _QUIET:
            self._visit.tell("request", text=f"{name} {argument}".strip())
        method = getattr(self, f"_ftp_{name.lower()}", None)
        if name in _DENIED:
            self._say("denied")
        elif method is None:
            self._say("unknown")
        else:
            method(argument)

    def leave(self) -> None:
        """Close what is open."""
        data, self._data = self._data, None
        if data is not None:
            data.close()

    def _say(self, word: str, *facts: object) -> None:
        self._control.say(self._words[word].format(*facts) if facts else self._words[word])

    def _ftp_pwd(self, _argument: str) -> None:
        self._say("folder", self._folder)

    _ftp_xpwd = _ftp_pwd

    def _ftp_cwd(self, argument: str) -> None:
        folder = resolve(self._folder, argument)
        if self._files.is_folder(folder):
            self._folder = folder
        self._say("changed" if self._files.is_folder(folder) else "no folder")

    _ftp_xcwd = _ftp_cwd

    def _ftp_cdup(self, _argument: str) -> None:
        self._ftp_cwd("..")

    def _ftp_type(self, argument: str) -> None:
        self._binary = argument[:1].upper() in {"I", "L"}
        self._say("type I" if self._binary else "type A")

    def _ftp_mode(self, _argument: str) -> None:
        self._say("mode")

    def _ftp_stru(self, _argument: str) -> None:
        self._say("structure")

    def _ftp_noop(self, _argument: str) -> None:
        self._say("nothing")

    _ftp_allo = _ftp_noop

    def _ftp_syst(self, _argument: str) -> None:
        self._say("system")

    def _ftp_opts(self, _argument: str) -> None:
        self._say("utf8")

    def _ftp_abor(self, _argument: str) -> None:
        self.leave()
        self._say("abort")

    def _ftp_rest(self, argument: str) -> None:
        self._offset = int(argument) if argument.isdecimal() and argument.isascii() else 0
        self._say("restart", self._offset)

    def _ftp_size(self, argument: str) -> None:
        file = self._files.file(resolve(self._folder, argument))
        self._control.say(self._words["no size"] if file is None else f"213 {file.size}")

    def _ftp_mdtm(self, argument: str) -> None:
        file = self._files.file(resolve(self._folder, argument))
        known = file and time.strftime("213 %Y%m%d%H%M%S", time.gmtime(file.time))
        self._control.say(known or self._words["no time"])

    def _ftp_epsv(self, argument: str) -> None:
        if argument.upper() == "ALL":
            self._say("nothing")
        elif (port := self._open()) is not None:
            self._say("extended", port)

    def _ftp_pasv(self, _argument: str) -> None:
        address = self._control.passive_address()
        if address is None:
            self._say("unknown")  # there is no such command for IPv6
        elif (port := self._open()) is not None:
            self._say("passive", ",".join([*address.split("."), str(port >> 8), str(port & 255)]))

    def _open(self) -> int | None:
        self.leave()
        self._active = False
        self._data = DataConnection(self._visit.ends.source[0])
        port = self._data.listen()
        if port is None:
            self._say("not connected")
        return port

    def _ftp_port(self, argument: str) -> None:
        found = _COMMAND_PORT.fullmatch(argument.strip())
        self._to("PORT", ".".join(found.groups()) if found else "")

    def _ftp_eprt(self, argument: str) -> None:
        found = _EXTENDED_PORT.fullmatch(argument.strip())
        self._to("EPRT", found[1] if found else "")

    def _to(self, name: str, address: str) -> None:
        """Hear where to connect to, which is never done; other addresses than the visitor's own are to be attacked."""
        self.leave()
        self._active = False
        with suppress(ValueError):
            self._active = ip_address(address) == ip_address(self._visit.ends.source[0])
            if not self._active:
                self._visit.tell("exploit", text=f"{name} to {address}, to be attacked in our name")
        self._say("active" if self._active else "foreign", name)

    def _ftp_list(self, argument: str) -> None:
        names = [word for word in argument.split(" ") if word and not word.startswith("-")]
        entries = self._files.entries(resolve(self._folder, " ".join(names)))
        text = listing(entries, time.time(), microsoft=self._words is MICROSOFT)
        self._give(text.encode(), self._words["list"], "listed")

    def _ftp_nlst(self, argument: str) -> None:
        entries = self._files.entries(resolve(self._folder, "" if argument.startswith("-") else argument))
        self._give("".join(f"{each.name}\r\n" for each in entries).encode(), self._words["list"], "listed")

    def _ftp_retr(self, argument: str) -> None:
        file = self._files.file(resolve(self._folder, argument))
        if file is None or file.content is None:
            self._say("no file")
            return
        mode = "BINARY" if self._binary else "ASCII"
        announced = self._words["send"].format(mode, argument, file.size)
        self._give(file.content[self._offset :], announced, "transferred")

    def _ftp_stor(self, argument: str) -> None:
        path = resolve(self._folder, argument)
        if not self._files.may_write(path):
            self._say("not written")
            return
        data, upload = self._data, Upload(self._files, path)

        def take(more: bytes) -> None:
            self._control.keep()
            if not upload.add(more) and data is not None:
                upload.drop()
                data.close()

        def ended() -> None:
            digest = upload.done(time.time())
            facts = {"name": path.lstrip("/"), "did": "written", "sha256": digest, "bytes": upload.size}
            self._visit.tell("file", upload.head, **facts)
            self._say("transferred" if upload.fits else "too much")

        self._transfer(self._words["take"], ended, take=take)

    _ftp_appe = _ftp_stor

    def _give(self, content: bytes, announced: str, after: str) -> None:
        data = self._data

        def ended() -> None:
            self._say(after if data is not None and data.sent else "broken")

        self._transfer(announced, ended, content=content)

    def _transfer(
        self,
        announced: str,
        ended: Callable[[], None],
        *,
        take: Callable[[bytes], None] | None = None,
        content: bytes | None = None,
    ) -> None:
        data, self._offset = self._data, 0
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
