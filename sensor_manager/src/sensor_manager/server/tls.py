"""TLS to the server: authorities and names as everywhere, validity by the time the server has told."""

import ssl
from collections.abc import Callable
from datetime import datetime
from typing import Any

from cryptography import x509
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import PoolManager

NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python has no name for."""

type Fault = Callable[[datetime, datetime], str | None]
"""Says why a certificate that holds from then to then must not be trusted."""


class OwnTimeAdapter(HTTPAdapter):
    """Connections of `requests` that do not ask the machine's clock whether a certificate holds.

    The judgement comes right after the handshake, before anything is sent.

    Args:
        fault: judges the server's certificate.
    """

    def __init__(self, fault: Fault) -> None:
        self._pools: dict[str, type[HTTPConnectionPool]] = {"http": HTTPConnectionPool, "https": _pool_class(fault)}
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make the pool of direct connections."""
        super().init_poolmanager(*arguments, **options, ssl_context=_context())
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **options: Any) -> PoolManager:
        """Make the pool of connections through a proxy."""
        manager: PoolManager = super().proxy_manager_for(proxy, **options, ssl_context=_context())
        manager.pool_classes_by_scheme = self._pools
        return manager


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags = ssl.VerifyFlags(context.verify_flags | NO_CHECK_TIME)
    return context


def _pool_class(fault: Fault) -> type[HTTPSConnectionPool]:
    class Connection(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            shown = self.sock.getpeercert(binary_form=True) if isinstance(self.sock, ssl.SSLSocket) else None
            if shown is None:
                raise ssl.SSLCertVerificationError("the server shows no certificate")
            certificate = x509.load_der_x509_certificate(shown)
            reason = fault(certificate.not_valid_before_utc, certificate.not_valid_after_utc)
            if reason is not None:
                self.close()
                raise ssl.SSLCertVerificationError(f"the server's certificate does not hold: {reason}")

    class Pool(HTTPSConnectionPool):
        ConnectionCls = Connection

    return Pool
