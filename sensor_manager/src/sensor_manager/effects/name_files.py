"""The machine's files of names: where names are asked for, and what the server's name means.

They may be single files mounted into a container, so they are written in place. What others wrote is kept where it can
be: in the hosts file everything but our own line, of the resolver's file the options.
"""

from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

from sensor_manager.effects.errors import EffectError
from sensor_manager.plan.link import Address

HEADER = "# written by the HoneySens sensor manager"
MARK = "# HoneySens server"
KEPT = ("options", "search", "domain")


class NameFiles:
    """Reads and writes both files.

    Args:
        resolver: as of resolv.conf(5).
        hosts: as of hosts(5).
    """

    def __init__(self, resolver: Path = Path("/etc/resolv.conf"), hosts: Path = Path("/etc/hosts")) -> None:
        self._resolver = resolver
        self._hosts = hosts

    def dns_servers(self) -> tuple[Address, ...]:
        """The servers in the file, whoever wrote them."""
        found = []
        for line in _lines(self._resolver):
            if line.startswith("nameserver "):
                with suppress(ValueError):
                    found.append(ip_address(line.split()[1]))
        return tuple(found)

    def write_dns_servers(self, servers: tuple[Address, ...]) -> None:
        """Have names asked for there.

        Raises:
            EffectError: the file cannot be written.
        """
        kept = [line for line in _lines(self._resolver) if line.startswith(KEPT)]
        _write(self._resolver, [HEADER, *kept, *(f"nameserver {server}" for server in servers)])

    def hosts_entry(self) -> tuple[Address, str] | None:
        """Address and name of our line; None when there is none."""
        for line in _lines(self._hosts):
            if line.endswith(MARK):
                address, name = line.split()[:2]
                return ip_address(address), name
        return None

    def write_hosts_entry(self, entry: tuple[Address, str] | None) -> None:
        """Put our line first, where it counts, or take it away.

        Raises:
            EffectError: the file cannot be written.
        """
        others = [line for line in _lines(self._hosts) if not line.endswith(MARK)]
        own = [f"{entry[0]} {entry[1]} {MARK}"] if entry is not None else []
        _write(self._hosts, [*own, *others])


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise EffectError(f"{file} cannot be read: {error}") from error


def _write(file: Path, lines: list[str]) -> None:
    try:
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    except OSError as error:
        raise EffectError(f"{file} cannot be written: {error}") from error
