"""The format of Redis: requests taken apart, answers put together. Pure."""

import shlex

MAX_ARGUMENTS = 1024
MAX_ARGUMENT = 512 * 1024
MAX_INLINE = 64 * 1024
MAX_REQUEST = 1024 * 1024

type Answer = bytes | int | list[Answer] | None
"""A bulk string, an integer, an array, nothing."""


class BadRequestError(ValueError):
    """What came is no request; the message is what Redis says to it."""


def request(buffer: bytes) -> tuple[list[bytes], int] | None:
    """Take the first request from a buffer.

    Returns:
        Its words and how many bytes it took; None while it is incomplete.

    Raises:
        BadRequestError: it is none.
    """
    line, end, _ = buffer.partition(b"\n")
    if not end:
        if len(buffer) > MAX_INLINE:
            raise BadRequestError("Protocol error: too big inline request")
        return None
    if not line.startswith(b"*"):
        return _inline(line), len(line) + 1
    if len(buffer) > MAX_REQUEST:
        raise BadRequestError("Protocol error: too big mbulk count string")
    count = _number(line, "multibulk")
    if count > MAX_ARGUMENTS:
        raise BadRequestError("Protocol error: invalid multibulk length")
    return _words(buffer, len(line) + 1, count)


def _words(buffer: bytes, at: int, count: int) -> tuple[list[bytes], int] | None:
    words: list[bytes] = []
    for _ in range(count):
        end_of_line = buffer.find(b"\n", at)
        if end_of_line < 0:
            return None
        head = buffer[at:end_of_line]
        if not head.startswith(b"$"):
            raise BadRequestError(f"Protocol error: expected '$', got '{chr(head[0]) if head else ' '}'")
        size = _number(head, "bulk")
        if not 0 <= size <= MAX_ARGUMENT:
            raise BadRequestError("Protocol error: invalid bulk length")
        at = end_of_line + 1
        if len(buffer) < at + size + 2:
            return None
        words.append(buffer[at : at + size])
        at += size + 2
    return words, at


def answer(value: Answer) -> bytes:
    """Write an answer."""
    if value is None:
        return b"$-1\r\n"
    if isinstance(value, int):
        return b":%d\r\n" % value
    if isinstance(value, list):
        return b"*%d\r\n" % len(value) + b"".join(map(answer, value))
    return b"$%d\r\n%b\r\n" % (len(value), value)


def _inline(line: bytes) -> list[bytes]:
    try:
        return [word.encode("latin-1") for word in shlex.split(line.decode("latin-1"), comments=False)]
    except ValueError as error:
        raise BadRequestError("Protocol error: unbalanced quotes in request") from error


def _number(head: bytes, what: str) -> int:
    try:
        return int(head[1:])
    except ValueError as error:
        raise BadRequestError(f"Protocol error: invalid {what} length") from error
