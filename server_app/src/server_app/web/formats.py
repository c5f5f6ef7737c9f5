"""How pages show moments, sizes, addresses and raw bytes. Pure: the current moment is an argument."""

from base64 import b64decode
from datetime import UTC, datetime, timedelta

BYTES_PER_ROW = 16
SEVERITIES = ("info", "low", "medium", "high", "critical")
_STEPS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def absolute(moment: datetime) -> str:
    """A moment in UTC to the second, as in log files: `2026-11-21 07:45:12`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def relative(moment: datetime, now: datetime) -> str:
    """How long ago: `just now`, `12 s ago`, `3 min ago`, `2 h ago`, `5 d ago`."""
    age = (now - moment).total_seconds()
    return "just now" if age < 1 else f"{_largest_step(age)} ago"


def duration(length: timedelta) -> str:
    """A length of time by its largest step: `0 s`, `12 s`, `3 min`."""
    return _largest_step(max(length.total_seconds(), 0))


def size(count: int) -> str:
    """Bytes for people: `512 B`, `1.5 MiB`."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:  # noqa: PLR2004 - IEC units
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


def endpoint(ip: str, port: int | None) -> str:
    """An address and its port: `192.0.2.1:22`, `[2001:db8::1]:22`, or the address alone."""
    if port is None:
        return ip
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def severity(rank: int) -> str:
    """The name of a severity's rank."""
    return SEVERITIES[rank]


def hexdump(payload: str) -> str:
    """Base64 payload as rows of offset, bytes and text; whatever is not printable ASCII is a dot."""
    content = b64decode(payload)
    return "\n".join(
        _row(start, content[start : start + BYTES_PER_ROW]) for start in range(0, len(content), BYTES_PER_ROW)
    )


def _row(start: int, row: bytes) -> str:
    printable = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)  # noqa: PLR2004 - printable ASCII
    return f"{start:04x}  {row.hex(' '):<{BYTES_PER_ROW * 3 - 1}}  {printable}"


def _largest_step(seconds: float) -> str:
    for step, name in _STEPS:
        if seconds >= step:
            return f"{int(seconds // step)} {name}"
    return "0 s"
