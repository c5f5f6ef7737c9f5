"""What lines about those mean who found no room; they are ours, not cowrie's own (`cowrie_door.crowds`)."""

from cowrie_adapter.naming import protocol
from honeypot_adapter.event import Json, Observation, Severity


def opened(time: float, entry: Json) -> tuple[Observation, ...]:
    """The first one."""
    text = f"{protocol(entry)} connections, too many at a time to let all of them in"
    return (Observation(time, "connection", Severity.LOW, "connection", text, text),)


def more(time: float, entry: Json) -> tuple[Observation, ...]:
    """Further ones since the last line."""
    text = f"{int(entry['count'])} more"
    summary = f"{protocol(entry)} connections turned away: {text}"
    return (Observation(time, "connection", Severity.LOW, "repeated", text, summary),)


def closed(time: float, entry: Json) -> tuple[Observation, ...]:
    """Nobody comes any more."""
    text = f"after {int(entry['count'])} connections"
    summary = f"{protocol(entry)} connections turned away: {int(entry['count'])}"
    return (Observation(time, "closed", Severity.INFO, "closed", text, summary),)
