"""TLS to the server: authorities and names as everywhere, validity by the time the server has told."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from urllib3 import PoolManager, ProxyManager
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from sensor_manager.plan.proxy import ProxyPlace

NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python has no name for."""

type Fault = Callable[[datetime, datetime], str | None]
"""Says why a certificate that holds from then to then must not be trusted."""


def connections(
    authorities: Path,
    credentials: tuple[Path, Path] | None,
    fault: Fault | None,
    proxy: ProxyPlace | None = None,
) -> PoolManager:
    """Return what makes connections to the server.

    Args:
        authorities: file with those that may have signed the server's certificate.
        credentials: files of certificate and key, if there are any.
        fault: judges the server's certificate right after the handshake, before anything is sent, in the place of the
            machine's clock; None leaves that to the clock.
        proxy: through which to connect.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(authorities)
    if credentials is not None:
        context.load_cert_chain(*credentials)
    if fault is not None:
        context.verify_flags = ssl.VerifyFlags(context.verify_flags | NO_CHECK_TIME)
    if proxy is None:
        manager = PoolManager(ssl_context=context)
    else:
        headers = {"Proxy-Authorization": proxy.authorization} if proxy.authorization else None
        manager = ProxyManager(proxy.url, proxy_headers=headers, ssl_context=context)
    if fault is not None:
        manager.pool_classes_by_scheme = {"http": HTTPConnectionPool, "https": _pool_class(fault)}
    return manager


def _pool_class(fault: Fault) -> type[HTTPSConnectionPool]:
    class Connection(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            shown = self.sock.getpeercert() if isinstance(self.sock, ssl.SSLSocket) else None
            if not shown:
                raise ssl.SSLCertVerificationError("the server shows no certificate")
            reason = fault(_moment(shown["notBefore"]), _moment(shown["notAfter"]))
            if reason is not None:
                self.close()
                raise ssl.SSLCertVerificationError(f"the server's certificate does not hold: {reason}")

    class Pool(HTTPSConnectionPool):
        ConnectionCls = Connection

    return Pool


def _moment(written: object) -> datetime:
    """Read a time as Python's `ssl` writes it."""
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(written)), UTC)
