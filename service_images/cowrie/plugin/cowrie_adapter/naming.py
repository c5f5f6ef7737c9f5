"""The names by which people know what cowrie's log speaks of."""

from honeypot_adapter.event import Json


def protocol(entry: Json) -> str:
    """By which protocol somebody came; older lines are SSH's."""
    return "Telnet" if entry.get("protocol") == "telnet" else "SSH"
