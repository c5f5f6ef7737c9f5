"""What single commands print on the emulated host."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from web_honeypot.files import BUILD, KERNEL, admin
from web_honeypot.persona import Persona


class Host(NamedTuple):
    """Whose host it is, and who runs the commands."""

    persona: Persona
    user: str


# Nothing here tells an address: the honeypot does not know the one that the attacker has come to.
type Command = Callable[[Host, list[str]], str]


def commands(persona: Persona) -> Mapping[str, Command]:
    """Give the commands that the host knows, each a function of its arguments."""
    return _WINDOWS if persona.windows else _LINUX


def calculate(left: str, sign: str, right: str) -> int:
    """Work out what attackers let a shell calculate to see that it is one."""
    a, b = int(left), int(right)
    return {"*": a * b, "+": a + b, "-": a - b}[sign]


def _id(host: Host, _arguments: list[str]) -> str:
    number = {"root": 0, "www-data": 33}.get(host.user, 1000)
    return f"uid={number}({host.user}) gid={number}({host.user}) groups={number}({host.user})\n"


def _uname(host: Host, arguments: list[str]) -> str:
    if any("a" in word for word in arguments):
        return f"Linux {host.persona.host_name} {KERNEL} {BUILD} x86_64 GNU/Linux\n"
    known = {"-s": "Linux", "-r": KERNEL, "-n": host.persona.host_name, "-m": "x86_64", "-v": BUILD, "-o": "GNU/Linux"}
    return " ".join(known[word] for word in arguments or ["-s"] if word in known) + "\n"


def _expr(_host: Host, arguments: list[str]) -> str:
    found = re.fullmatch(r"(\d{1,9}) ?\\?([*+-]) ?(\d{1,9})", " ".join(arguments))
    return f"{calculate(*found.groups())}\n" if found else ""


def _echo(_host: Host, arguments: list[str]) -> str:
    return " ".join(word.strip("'\"") for word in arguments if word not in {"-n", "-e"}) + "\n"


def _w(host: Host, _arguments: list[str]) -> str:
    user = admin(host.persona)
    return f"USER     TTY      FROM             LOGIN@   IDLE\n{user:<8} pts/0    10.20.30.9       08:12    2:31m\n"


def _dir(_host: Host, _arguments: list[str]) -> str:
    place = " Volume in drive C has no label.\r\n\r\n Directory of C:\\inetpub\\wwwroot\r\n\r\n"
    return f"{place}              3 File(s)         14,211 bytes\r\n"


def _net(host: Host, _arguments: list[str]) -> str:
    title = f"\r\nUser accounts for \\\\{host.persona.host_name.upper()}\r\n\r\n"
    return f"{title}Administrator            {admin(host.persona)}\r\n"


def _fixed(text: str) -> Command:
    return lambda _host, _arguments: text


_LINUX: dict[str, Command] = {
    "id": _id,
    "whoami": lambda host, _: f"{host.user}\n",
    "uname": _uname,
    "hostname": lambda host, _: f"{host.persona.host_name}\n",
    "pwd": _fixed("/var/www/html\n"),
    "ls": _fixed("assets\nconfig.php\nindex.php\nrobots.txt\nuploads\n"),
    "echo": _echo,
    "printf": lambda host, arguments: _echo(host, arguments).rstrip("\n"),
    "expr": _expr,
    "w": _w,
    "ps": _fixed("    PID TTY          TIME CMD\n    712 ?        00:00:02 apache2\n    719 ?        00:00:00 sh\n"),
    "env": _fixed("PWD=/var/www/html\nAPACHE_RUN_USER=www-data\nAPACHE_RUN_GROUP=www-data\nLANG=C\n"),
    "which": lambda _, arguments: "".join(f"/usr/bin/{word}\n" for word in arguments[:4]),
}
_WINDOWS: dict[str, Command] = {
    "whoami": _fixed("iis apppool\\defaultapppool\r\n"),
    "hostname": lambda host, _: f"{host.persona.host_name.upper()}\r\n",
    "ver": _fixed("\r\nMicrosoft Windows [Version 10.0.17763.5936]\r\n"),
    "echo": lambda host, arguments: _echo(host, arguments).replace("\n", "\r\n"),
    "cd": _fixed("C:\\inetpub\\wwwroot\r\n"),
    "dir": _dir,
    "ipconfig": _fixed("\r\nWindows IP Configuration\r\n\r\n"),
    "net": _net,
    "set": lambda host, _: f"COMPUTERNAME={host.persona.host_name.upper()}\r\nOS=Windows_NT\r\n",
}
