"""What is known of a sensor that may be silent."""

from dataclasses import dataclass
from datetime import datetime

from sensor_wire.v1.poll import ConnectionReport


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found out; errors are in the words of whoever refused, None when there was none.

    Attributes:
        interface: the observed one.
        others: the machine's other interfaces.
        carrier: whether the interface is up and connected; None when there is no such interface.
        address: the sensor's address on it.
        host: the server's name or address.
        port: the server's.
        looked_up: whose address the sensor must know: the proxy's host, or the server's where there is no proxy.
        resolved: its addresses.
        name_servers: whom the machine asks.
        resolve_error: why there are no addresses.
        proxy: `host:port` of the proxy the sensor should use.
        proxy_error: why it cannot be reached.
        tunnel_error: what it answered, status first, instead of leading to the server.
        connect_error: why no connection to the server came about.
        tls_error: why the server, or who answered in its place, is not trusted.
        identified: whether it said that it is a HoneySens server; None when it was not asked.
        status: of its answer.
        clock_offset: seconds the clock is ahead of the server's; None when that is unknown.
        certificate_until: when the sensor's certificate ends; None when it has none.
        refusal: why the server does not accept the sensor, or has not answered it lately.
        now: the sensor's clock.
        disk_free: bytes.
        engine_error: why the container engine does not answer.
        change: what has become of the last change of network, proxy or server endpoint; None when nothing is known.
        netfilter_error: why the rules of netfilter cannot be applied.
    """

    interface: str
    host: str
    port: int
    now: datetime
    looked_up: str = ""
    others: tuple[str, ...] = ()
    carrier: bool | None = True
    address: str | None = None
    resolved: tuple[str, ...] = ()
    name_servers: tuple[str, ...] = ()
    resolve_error: str | None = None
    proxy: str | None = None
    proxy_error: str | None = None
    tunnel_error: str | None = None
    connect_error: str | None = None
    tls_error: str | None = None
    identified: bool | None = None
    status: int | None = None
    clock_offset: float | None = None
    certificate_until: datetime | None = None
    refusal: str | None = None
    disk_free: int = 0
    engine_error: str | None = None
    change: ConnectionReport | None = None
    netfilter_error: str | None = None
