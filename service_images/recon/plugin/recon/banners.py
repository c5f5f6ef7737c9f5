"""What an operator wants clients to be greeted with, by the port that they address."""

from honeypot_adapter.event import Json
from honeypot_adapter.options import OptionError, Options

MOST = 64
LONGEST = 512
"""Bytes of one greeting."""
_HIGHEST_PORT = 65535


def banners(options: Options) -> dict[int, bytes]:
    r"""Read the option `banners`: texts by ports, in which `\r`, `\n`, `\t`, `\\` and `\xNN` stand for bytes.

    Raises:
        OptionError: a port is none, a text cannot be read or is too long, or there are too many.
    """
    given: Json = options.mapping("banners", {})
    if len(given) > MOST:
        raise OptionError(f"the option banners has more than {MOST} ports")
    return {_port(name): _bytes(name, text) for name, text in given.items()}


def _port(name: str) -> int:
    if not (name.isascii() and name.isdigit() and 1 <= int(name) <= _HIGHEST_PORT):
        raise OptionError(f"the option banners has {name!r}, which is no port")
    return int(name)


def _bytes(name: str, text: object) -> bytes:
    if not isinstance(text, str):
        raise OptionError(f"the option banners must have a text for port {name}")
    try:
        content = text.encode("latin-1").decode("unicode_escape").encode("latin-1")
    except UnicodeError as error:
        raise OptionError(f"the option banners has a text for port {name} that cannot be read: {error}") from error
    if len(content) > LONGEST:
        raise OptionError(f"the option banners has more than {LONGEST} bytes for port {name}")
    return content
