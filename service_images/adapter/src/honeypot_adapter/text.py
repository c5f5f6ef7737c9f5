"""Attackers' bytes and strings as text that any JSON parser and database accepts."""

import re

_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def clean(text: str, limit: int) -> tuple[str, bool]:
    r"""Replace control characters and lone surrogates by `\xNN`/`\uNNNN` and cut.

    Args:
        text: anything.
        limit: characters that may remain.

    Returns:
        The text and whether it was cut.
    """
    safe = _UNSAFE.sub(_escape, text[: limit + 1])
    return safe[:limit], len(safe) > limit


def printable(payload: bytes) -> str:
    r"""Show bytes as text: what is ASCII as it is, all else as `\xNN`."""
    return payload.decode("ascii", "backslashreplace")


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"  # noqa: PLR2004 - one byte
