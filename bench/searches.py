"""What the lists are asked: each filter alone, with values that are common, rare, and of one week long ago. Pure."""

from bench.attacks import COMMON_WORD, MEDIUM_WORD, OLD, OLD_WORD, RARE_PORT, RARE_WORD, SOME_WORD
from bench.history import SPAN, History

type Query = dict[str, str]
EVENTS, SESSIONS = "/events", "/events/sessions"
STATUSES = ("new", "in_progress", "resolved", "ignored")


def of_history(history: History) -> dict[str, tuple[str, Query]]:
    """Path and query of each search, by its name; both lists are asked alike, and the sessions for their status."""
    filters = [{}, {"order": "oldest"}, *_filters(history)]
    asked = [(EVENTS, query) for query in filters]
    asked += [(SESSIONS, query) for query in (*filters, *({"status": status} for status in STATUSES))]
    return {name_of(path, query): (path, query) for path, query in asked}


def name_of(path: str, query: Query) -> str:
    """What a search is called in the results."""
    said = " ".join(f"{name}={value}" for name, value in query.items())
    return f"{path.rpartition('/')[2]} {said or 'page 1'}"


def _filters(history: History) -> list[Query]:
    middle = history.end - SPAN / 2
    old = history.end - SPAN + SPAN * (OLD.start / 1000)
    values: dict[str, tuple[object, ...]] = {
        "division": (history.divisions[0], history.divisions[-1]),
        "sensor": (history.sensors[0], history.sensors[-1]),
        "service": ("cowrie", "conpot", "ethereum", "none"),
        "session": (f"s-{history.count // 10}",),
        "kind": ("connection", "exploit", "icmp"),
        "severity": ("low", "high", "critical"),
        "protocol": ("udp",),
        "port": (22, RARE_PORT, 30303, 65535),
        "source": (
            *("0.0.0.0/0", "198.18.0.0/15", "198.18.0.0/24", "192.88.99.0/24", "192.88.99.7", "2001:db8::/32"),
            *("100.64.0.0/16", "240.0.0.0/8"),
        ),
        "text": (COMMON_WORD, MEDIUM_WORD, SOME_WORD, RARE_WORD, OLD_WORD, f"{COMMON_WORD} pass7", "pass77", "absent"),
        "until": (middle.isoformat(), (history.end - SPAN).isoformat()),
    }
    found = [{name: str(value)} for name, several in values.items() for value in several]
    return [*found, {"since": old.isoformat(), "until": middle.isoformat()}, {"since": middle.isoformat()}]
