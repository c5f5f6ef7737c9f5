"""The end of a honeypot's log, fit to be shown: attackers have a hand in it."""

MAX_LINES = 10
MAX_LENGTH = 200
OTHER = "?"


def last_lines(written: bytes, count: int = MAX_LINES, longest: int | None = MAX_LENGTH) -> tuple[str, ...]:
    """Return the last lines that say something, each cut to a length, in printable ASCII."""
    lines = (_plain(line, longest) for line in written.splitlines())
    return tuple(line for line in lines if line)[-count:]


def _plain(line: bytes, longest: int | None) -> str:
    text = line.decode(errors="replace").strip()[:longest].replace("\t", " ")
    return "".join(char if " " <= char <= "~" else OTHER for char in text)
