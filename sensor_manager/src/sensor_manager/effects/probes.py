"""Looking for the reasons of silence: each probe tells what it found and raises nothing."""

import http.client
import socket
import ssl
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

from sensor_manager.plan.proxy import ProxyPlace

TIMEOUT = 5.0
NETWORK_CLASS = Path("/sys/class/net")
RESOLV_CONF = Path("/etc/resolv.conf")
NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME: whom to trust is one question, whose clock is wrong another."""
MAX_BODY = 1000
TUNNEL_FAILED = "Tunnel connection failed: "
"""How http.client begins to say what a proxy has answered instead of leading on."""


def carrier(interface: str) -> bool | None:
    """Tell whether the interface is up and connected; None when there is none of this name."""
    folder = NETWORK_CLASS / interface
    if not folder.exists():
        return None
    try:
        return (folder / "carrier").read_text(encoding="ascii").strip() == "1"
    except OSError:
        return False  # the kernel's answer for an interface that is down


def interfaces() -> tuple[str, ...]:
    """Return the names of the machine's interfaces."""
    return tuple(sorted(each.name for each in NETWORK_CLASS.iterdir())) if NETWORK_CLASS.exists() else ()


def name_servers() -> tuple[str, ...]:
    """Return whom the machine asks for names."""
    try:
        lines = RESOLV_CONF.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return ()
    return tuple(words[1] for words in map(str.split, lines) if words[:1] == ["nameserver"] and len(words) > 1)


def resolve(host: str) -> tuple[tuple[str, ...], str | None]:
    """Return the host's addresses, or why there are none."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        return (), error.strerror or str(error)
    return tuple(dict.fromkeys(str(each[4][0]) for each in found)), None


def connect(host: str, port: int) -> str | None:
    """Return why there is no connection to this place; None when there is one."""
    try:
        socket.create_connection((host, port), TIMEOUT).close()
    except OSError as error:
        return error.strerror or str(error)
    return None


@dataclass(frozen=True, slots=True)
class Talk:
    """What a server said over TLS: whether it is ours, and how far our clock is ahead of its own, in seconds.

    `status` is that of its answer, `tunnel_error` what a proxy answered instead of leading to it.
    """

    identified: bool | None = None
    clock_offset: float | None = None
    connect_error: str | None = None
    tls_error: str | None = None
    tunnel_error: str | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What a server is asked, and the answer that only ours gives."""

    path: str
    expected: bytes


def talk(host: str, port: int, authorities: str, question: Question, proxy: ProxyPlace | None = None) -> Talk:
    """Ask a server who it is, trusting only these authorities (PEM), whatever the clock says."""
    try:
        context = ssl.create_default_context(cadata=authorities)
        context.verify_flags |= NO_CHECK_TIME
        with closing(_connection(host, port, context, proxy)) as connection:
            connection.request("GET", question.path)
            answer = connection.getresponse()
            ours = answer.status == http.client.OK and answer.read(MAX_BODY).strip() == question.expected
            return Talk(ours, _offset(answer.headers.get("Date")), status=answer.status)
    except ssl.SSLError as error:
        return Talk(tls_error=getattr(error, "verify_message", None) or error.reason or str(error))
    except http.client.HTTPException:
        return Talk(identified=False)
    except OSError as error:
        said = error.strerror or str(error)
        if said.startswith(TUNNEL_FAILED):
            return Talk(tunnel_error=said.removeprefix(TUNNEL_FAILED))
        return Talk(connect_error=said)


def _connection(host: str, port: int, context: ssl.SSLContext, proxy: ProxyPlace | None) -> http.client.HTTPSConnection:
    if proxy is None:
        return http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=context)
    at = urlsplit(proxy.url)
    connection = http.client.HTTPSConnection(at.hostname or "", at.port, timeout=TIMEOUT, context=context)
    connection.set_tunnel(host, port, {"Proxy-Authorization": proxy.authorization} if proxy.authorization else None)
    return connection


def _offset(date: str | None) -> float | None:
    try:
        said = parsedate_to_datetime(date or "")
    except ValueError:
        return None
    return (datetime.now(UTC) - said).total_seconds() if said.tzinfo else None
