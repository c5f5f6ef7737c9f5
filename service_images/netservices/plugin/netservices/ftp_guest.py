"""What an anonymous guest of FTP may do: look around, fetch, and leave files. Everything else is told and denied."""

import time
from typing import Any

from netservices.ftp_files import Files, Upload, resolve
from netservices.ftp_transfers import Transfers
from netservices.ftp_words import MICROSOFT, Words, listing
from netservices.journal import Visit

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
        self._transfers = Transfers(visit, words, control)

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
        self._transfers.close()

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
        elif (port := self._transfers.open()) is not None:
            self._say("extended", port)

    def _ftp_pasv(self, _argument: str) -> None:
        address = self._control.passive_address()
        if address is None:
            self._say("unknown")  # there is no such command for IPv6
        elif (port := self._transfers.open()) is not None:
            self._say("passive", ",".join([*address.split("."), str(port >> 8), str(port & 255)]))

    def _ftp_port(self, argument: str) -> None:
        self._transfers.heard("PORT", argument)

    def _ftp_eprt(self, argument: str) -> None:
        self._transfers.heard("EPRT", argument)

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
        upload = Upload(self._files, path)

        def done() -> None:
            digest = upload.done(time.time())
            facts = {"name": path.lstrip("/"), "did": "written", "sha256": digest, "bytes": upload.size}
            self._visit.tell("file", upload.head, **facts)
            self._say("transferred" if upload.fits else "too much")

        self._offset = 0
        self._transfers.take(upload, self._words["take"], done)

    _ftp_appe = _ftp_stor

    def _give(self, content: bytes, announced: str, after: str) -> None:
        self._offset = 0  # it holds for one transfer only
        self._transfers.give(content, announced, after)
