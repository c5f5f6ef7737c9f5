"""How many datagrams came faster than a honeypot takes them: the kernel counts those that found no room at a socket."""

from pathlib import Path

_TABLES = Path("/proc/self/net")


def dropped(port: int, tables: Path = _TABLES) -> int:
    """Tell how many datagrams were dropped at this container's open sockets for a port, by both versions of IP.

    Args:
        port: as the container has it.
        tables: the folder of the kernel's tables `udp` and `udp6`; one that is not there counts nothing.
    """
    return sum(_dropped(tables / name, port) for name in ("udp", "udp6"))


def _dropped(table: Path, port: int) -> int:
    try:
        rows = [line.split() for line in table.read_text(encoding="ascii").splitlines()[1:]]
    except FileNotFoundError:
        return 0
    return sum(int(row[-1]) for row in rows if int(row[1].rpartition(":")[2], 16) == port)
