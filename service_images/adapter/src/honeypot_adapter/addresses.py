"""Under which addresses attackers speak to this honeypot, for protocols that name their own address."""

from ipaddress import ip_address
from pathlib import Path

ADDRESSES_PATH = Path("/run/honeysens/addresses")
"""An address each line, of both versions, the main ones first. The container's own ones are known to nobody outside."""


def addressed(version: int, path: Path = ADDRESSES_PATH) -> str | None:
    """Give the sensor's address of a version of IP at this moment; None where the sensor tells none."""
    try:
        lines = path.read_text(encoding="ascii").split()
        return next((line for line in lines if ip_address(line).version == version), None)
    except (OSError, ValueError):
        return None
