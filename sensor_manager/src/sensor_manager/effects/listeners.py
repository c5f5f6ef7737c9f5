"""Who listens on the machine itself, as `ss` tells."""

import json
import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

from sensor_manager.effects.commands import run_tool
from sensor_manager.model import IpAddress, Listener

EVERYWHERE = "*"
"""How `ss` writes all addresses of both versions."""
PROCESS = re.compile(r'users:\(\("([^"]+)"')
LOCAL_END = 4
"""The column with address and port, behind protocol, state and two queues."""


def listeners(interface: str) -> tuple[Listener, ...]:
    """Return who listens at all addresses, or at one of this interface.

    Raises:
        EffectError: that is not told.
    """
    described: list[dict[str, Any]] = json.loads(run_tool("ip", "-j", "address", "show", "dev", interface))
    own = {ip_address(each["local"]) for link in described for each in link.get("addr_info", ())}
    found = _read(run_tool("ss", "-H", "-l", "-n", "-t", "-u", "-p"))
    return tuple(each for each in found if each.address is None or each.address.is_unspecified or each.address in own)


def _read(told: str) -> Iterator[Listener]:
    """Read the lines of `ss -H -l -n -t -u -p`."""
    for line in told.splitlines():
        columns = line.split()
        protocol: Any = columns[0]
        address, _, port = columns[LOCAL_END].rpartition(":")
        process = PROCESS.search(line)
        yield Listener(protocol, int(port), _address(address), process[1] if process else "")


def _address(written: str) -> IpAddress | None:
    """Read an address, which may be in brackets and may name its interface."""
    plain = written.partition("%")[0].strip("[]")
    return None if plain == EVERYWHERE else ip_address(plain)
