"""What stands behind the honeypots' sockets: where their events go, and what they are told and given."""

from collections.abc import Callable, Sequence
from socket import socket

from sensor_manager.effects.capture import open_capture_sockets
from sensor_manager.effects.ports import Netfilter
from sensor_manager.model import IpAddress
from sensor_manager.reconciler import Reconciler
from sensor_manager.spool.dialogue import Dialogue
from sensor_manager.spool.store import SpoolStore
from sensor_wire.honeypot.socket import CaptureRequest


class HoneypotDoors:
    """Safe for use by many threads.

    Args:
        store: where events go.
        netfilter: which knows what it has translated.
        reconciler: who knows how services are reached; asked for only when somebody comes.
    """

    def __init__(self, store: SpoolStore, netfilter: Netfilter, reconciler: Callable[[], Reconciler]) -> None:
        self._store = store
        self._netfilter = netfilter
        self._reconciler = reconciler

    def dialogue(self, service: str) -> Dialogue:
        """Return the dialogue of a new connection of this service."""
        return Dialogue(
            service,
            self._store,
            lambda: self._reconciler().published.exposure(service),
            self._capture,
            self._netfilter.addressed,
        )

    def addresses(self, service: str) -> Sequence[IpAddress]:
        """Return under which addresses the service is reached."""
        return self._reconciler().published.exposure(service).sensor_addresses

    def _capture(self, service: str, request: CaptureRequest) -> Sequence[socket]:
        reconciler = self._reconciler()
        return open_capture_sockets(reconciler.sandbox(service), ipv6=request.ipv6 and reconciler.ipv6)
