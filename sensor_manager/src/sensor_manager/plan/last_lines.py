"""The end of a honeypot's log, fit to be shown: attackers have a hand in it."""

MAX_LINES = 10
MAX_LENGTH = 200
OTHER = "?"


def last_lines(written: bytes) -> tuple[str, ...]:
    """Return the last lines that say something, each cut to its bound, in printable ASCII."""
    lines = (_plain(line) for line in written.splitlines())
    return tuple(line for line in lines if line)[-MAX_LINES:]


def _plain(line: bytes) -> str:
    text = line.decode(errors="replace").strip()[:MAX_LENGTH].replace("\t", " ")
    return "".join(char if " " <= char <= "~" else OTHER for char in text)
