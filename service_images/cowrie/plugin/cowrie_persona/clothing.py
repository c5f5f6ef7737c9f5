"""Puts the persona on cowrie, in this process, before anybody has connected."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from cowrie.commands import base, busybox, free, ftpget, ifconfig, perl, uptime  # type: ignore[import-not-found]  # in the image only
from cowrie.core import honeyfs  # type: ignore[import-not-found]  # in the image only
from cowrie.shell.command import HoneyPotCommand  # type: ignore[import-not-found]  # in the image only
from cowrie.shell.protocol import HoneyPotBaseProtocol  # type: ignore[import-not-found]  # in the image only
from cowrie.ssh.userauth import HoneyPotSSHUserAuthServer  # type: ignore[import-not-found]  # in the image only

from cowrie_persona import telnetd
from cowrie_persona.contents import files
from cowrie_persona.hardware import Hardware
from cowrie_persona.persona import Persona
from cowrie_persona.processes import Process, listing, running
from cowrie_persona.tree import dress

_MISSING = ("lspci", "ethtool", "gcc", "cc", "yum", "locate", "finger")
"""Commands of other machines, whose answers are well-known; this one does not have them."""

_BUSYBOX = ("BusyBox v1.20.2 (Debian 1:1.20.0-7)", "BusyBox v1.35.0 (Debian 1:1.35.0-4+b4)")
_PERL = {"version 14, subversion 2 (v5.14.2)": lambda: "version 36, subversion 0 (v5.36.0)"}
_SOCKETS = {"@/com/ubuntu/upstart": lambda: "/run/systemd/private", "acpid.socket": lambda: "rpcbind.sock"}
_SSH_USAGE = "usage: ssh [-46AaCfGgKkMNnqsTtVvXxYy] [-B bind_interface] destination [command [argument ...]]"
_UNREACHABLE = 255


def put_on(persona: Persona, hardware: Hardware) -> None:
    """Change what cowrie has built in and cannot be told by its settings."""
    dress(honeyfs.get_tree(), persona, files(persona, hardware))
    ifconfig.HWaddr, ifconfig.inet6 = hardware.mac, f"{_link_local(hardware.mac)}/64"
    free.Command_free.get_free_stats = lambda _command: dict(hardware.memory_figures)
    # The file that both banners are read from is Telnet's alone.
    HoneyPotSSHUserAuthServer.sendBanner = lambda _server: None
    HoneyPotBaseProtocol.connectionMade = _with_plain_address(HoneyPotBaseProtocol.connectionMade)
    telnetd.put_in(persona.host_name)
    commands = HoneyPotBaseProtocol.commands
    for path in [path for path in commands if path.rpartition("/")[2] in _MISSING]:
        del commands[path]
    load = {"0.00, 0.00, 0.00": lambda: _load(persona)}
    said = (
        ("w", base.Command_w, load),
        ("uptime", uptime.Command_uptime, load),
        ("help", base.Command_help, {"4.2.37(1)": lambda: "5.2.15(1)"}),
        ("perl", perl.Command_perl, _PERL),
        ("busybox", busybox.Command_busybox, {_BUSYBOX[0]: lambda: _BUSYBOX[1]}),
        ("ftpget", ftpget.Command_ftpget, {"v1.20.2 (2016-06-22 15:12:53 EDT)": lambda: _BUSYBOX[1][9:]}),
        ("netstat", commands["netstat"], _SOCKETS),
    )
    for name, known, texts in said:
        _replace(commands, name, _saying(known, texts))
    _replace(commands, "ssh", _Ssh)
    _replace(commands, "ps", _ps(persona, hardware))


def _replace(commands: dict[str, Any], name: str, command: Any) -> None:
    for path in {name, *(path for path in commands if path.rpartition("/")[2] == name)}:
        commands[path] = command


def _saying(known: Any, texts: Mapping[str, Callable[[], str]]) -> Any:
    """A command that says some words differently."""

    class Saying(known):  # type: ignore[misc]  # one of cowrie's commands
        def write(self, data: str) -> None:
            super().write(_replaced(data, texts))

        def errorWrite(self, data: str) -> None:  # noqa: N802 - cowrie's name
            super().errorWrite(_replaced(data, texts))

    return Saying


def _replaced(data: str, texts: Mapping[str, Callable[[], str]]) -> str:
    for old, new in texts.items():
        data = data.replace(old, new())
    return data


class _Ssh(HoneyPotCommand):  # type: ignore[misc]  # the base class is in the image only
    """Reaches nobody; cowrie's own pretends to, always the same machine of 2009."""

    def call(self) -> None:
        """Name the first argument that is no option."""
        targets = [argument for argument in self.args if not argument.startswith("-")]
        if not targets:
            self.errorWrite(f"{_SSH_USAGE}\n")
        else:
            self.errorWrite(f"ssh: connect to host {targets[0].rpartition('@')[2]} port 22: No route to host\n")
        self.exit_code = _UNREACHABLE


def _ps(persona: Persona, hardware: Hardware) -> Any:
    class Ps(HoneyPotCommand):  # type: ignore[misc]  # the base class is in the image only
        """Lists what this machine runs, and the attacker's own."""

        def call(self) -> None:
            now = time.time()
            at, user = self.protocol.logintime, str(self.user["username"])
            booted = now - self.protocol.uptime()
            first = 4000 + int(at) % 20000
            own = [
                Process("root", first, 17800, 10900, "?", "Ss", at, f"sshd: {user}@pts/0"),
                Process(user, first + 6, 7196, 3960, "pts/0", "Ss", at, "-bash"),
                Process(user, first + 11, 11216, 4420, "pts/0", "R+", now, " ".join(["ps", *self.args])),
            ]
            self.write(listing([*running(persona, booted), *own], self.args, now, hardware.memory))

    return Ps


def _with_plain_address(known: Any) -> Any:
    """What a socket for both versions makes of an IPv4 address is seen on no machine whose server has one for each."""

    def connect(protocol: Any) -> None:
        known(protocol)
        protocol.clientIP = protocol.clientIP.removeprefix("::ffff:")

    return connect


def _load(persona: Persona) -> str:
    minute = int(time.time() / 60)
    figures = (persona.identity.number(f"load {minute // length}", 24) / 100 for length in (1, 5, 15))
    return ", ".join(f"{figure:.2f}" for figure in figures)


def _link_local(mac: str) -> str:
    octets = [int(octet, 16) for octet in mac.split(":")]
    octets[0] ^= 2
    words = [*octets[:3], 0xFF, 0xFE, *octets[3:]]
    return "fe80::" + ":".join(f"{words[at] << 8 | words[at + 1]:x}" for at in range(0, 8, 2))
