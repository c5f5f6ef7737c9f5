"""Answers commands as a shell would that runs as the web server's user; nothing is ever run."""

import base64
import hashlib
import re
import shlex
from collections.abc import Callable

from web_honeypot.commands import Host, calculate, commands
from web_honeypot.files import read
from web_honeypot.persona import Persona

MAX_COMMAND = 2048
_MAX_PARTS = 16
_SUM = re.compile(r"\$\(\((\d{1,9})\s*([*+-])\s*(\d{1,9})\)\)")
_SILENT = {
    "wget",
    "curl",
    "tftp",
    "chmod",
    "rm",
    "cd",
    "sleep",
    "touch",
    "mkdir",
    "kill",
    "export",
    "nohup",
    "ping",
    "ip",
}
_FILE_COMMANDS = {"cat", "type", "head", "tail", "more", "less", "nl", "tac"}


class Shell:
    """The shell of a persona's host."""

    def __init__(self, persona: Persona, user: str = "") -> None:
        self._persona = persona
        self._user = user or ("root" if persona.os_family == "appliance" else "www-data")

    def run(self, line: str) -> str:
        """Give what a line of commands prints."""
        line = _SUM.sub(lambda sum_: str(calculate(*sum_.groups())), line[:MAX_COMMAND])
        line = line.replace("${IFS}", " ").replace("$IFS", " ")
        parts = re.split(r"&&|\|\||[;\n&]", line)[:_MAX_PARTS]
        return "".join(self._pipe(part) for part in parts)

    def _pipe(self, part: str) -> str:
        first, *filters = part.split("|")
        output = self._single(first)
        for each in filters[:_MAX_PARTS]:
            output = _filter(each.split(), output)
        return output

    def _single(self, command: str) -> str:
        try:
            words = shlex.split(re.sub(r"\d?>+\s*\S+", "", command), posix=not self._persona.windows)
        except ValueError:
            words = command.split()
        if not words:
            return ""
        name = re.split(r"[\\/]", words[0])[-1].lower().removesuffix(".exe")
        arguments = words[1:]
        if name in {"sh", "bash", "cmd", "powershell", "sudo", "busybox"}:
            return self._nested(arguments)
        known = commands(self._persona).get(name)
        if known is not None:
            return known(Host(self._persona, self._user), arguments)
        if name in _FILE_COMMANDS:
            return self._show(name, arguments)
        return self._unknown(name)

    def _nested(self, arguments: list[str]) -> str:
        return self._single(" ".join(word for word in arguments if not re.fullmatch(r"[-/][A-Za-z]+", word)))

    def _show(self, name: str, arguments: list[str]) -> str:
        names = [word for word in arguments if not word.startswith("-")]
        contents = [read(self._persona, path) for path in names]
        if self._persona.windows:
            return "".join(each or "The system cannot find the file specified.\r\n" for each in contents)
        missing = "{}: {}: No such file or directory\n"
        return "".join(
            each if each is not None else missing.format(name, path) for each, path in zip(contents, names, strict=True)
        )

    def _unknown(self, name: str) -> str:
        if self._persona.windows:
            return (
                f"'{name}' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n"
            )
        return "" if name in _SILENT else f"sh: 1: {name}: not found\n"


def _filter(words: list[str], text: str) -> str:
    name = words[0].rpartition("/")[2] if words else ""
    return _FILTERS[name](words, text) if name in _FILTERS else text


def _base64(words: list[str], text: str) -> str:
    if not {"-d", "--decode"} & set(words):
        return base64.b64encode(text.encode()).decode() + "\n"
    try:
        return base64.b64decode(text).decode("utf-8", "replace")
    except ValueError:
        return ""


def _grep(words: list[str], text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if words[-1].strip("'\"") in line)


def _md5(_words: list[str], text: str) -> str:
    return f"{hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}  -\n"


_FILTERS: dict[str, Callable[[list[str], str], str]] = {
    "md5sum": _md5,
    "base64": _base64,
    "wc": lambda _words, text: f"{text.count(chr(10))}\n",
    "grep": _grep,
    "findstr": _grep,
}
