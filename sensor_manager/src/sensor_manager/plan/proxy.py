"""How the manager and its container engine use a proxy."""

from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import quote

from sensor_wire.v1.network import Proxy, ProxyKind


@dataclass(frozen=True, slots=True)
class ProxyPlace:
    """A proxy's URL, and what it is told who asks, which is not part of the URL: that ends up in messages."""

    url: str
    authorization: str | None = field(default=None, repr=False)


def needs_tunnel(proxy: Proxy) -> bool:
    """Tell whether somebody else must log in at this proxy."""
    return proxy.kind is ProxyKind.NTLM and proxy.user is not None


def place(proxy: Proxy, tunnel: str | None) -> ProxyPlace:
    """Return how the manager uses a proxy.

    Args:
        proxy: the one to use.
        tunnel: where what logs in by NTLM listens; for such proxies.
    """
    if tunnel is not None and needs_tunnel(proxy):
        return ProxyPlace(tunnel)
    if proxy.user is None:
        return ProxyPlace(_url(proxy))
    login = b64encode(f"{proxy.user}:{proxy.password or ''}".encode()).decode()
    return ProxyPlace(_url(proxy), f"Basic {login}")


def engine_url(proxy: Proxy | None, tunnel: str) -> str | None:
    """Return what the container engine is told, which has one text for all: a secret. None for no proxy."""
    if proxy is None:
        return None
    if proxy.user is None or needs_tunnel(proxy):
        return place(proxy, tunnel).url
    login = f"{quote(proxy.user, safe='')}:{quote(proxy.password or '', safe='')}"
    return _url(proxy).replace("://", f"://{login}@", 1)


def _url(proxy: Proxy) -> str:
    return f"http://{f'[{proxy.host}]' if ':' in proxy.host else proxy.host}:{proxy.port}"
