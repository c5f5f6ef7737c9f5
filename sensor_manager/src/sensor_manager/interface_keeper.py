"""Brings the interface to where a connection wants it, and says why it is not there."""

import structlog

from sensor_manager.effects.errors import EffectError
from sensor_manager.effects.ports import Link
from sensor_manager.kept_trials import named
from sensor_manager.model import IpAddress
from sensor_manager.plan.link import Interface
from sensor_manager.plan.network import plan_network, snapshot
from sensor_manager.plan.way import Connection
from sensor_wire.v1.network import Network, NetworkMode

MAX_ROUNDS = 5
"""Looks and plans within one cycle; a new hardware address needs two."""
NOT_AUTHORIZED = "the switch has not let the sensor in (802.1X)"
NO_LEASE = "no DHCP server has given an address"

log = structlog.get_logger(__name__)


class InterfaceKeeper:
    """Looks at the interface, plans and acts; what it has learnt may be read by all.

    Args:
        link: the interface and files of names.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._seen: frozenset[Interface] = frozenset()
        self.error: str | None = None
        """Why the interface is not as it should be, since it was last looked at."""

    @property
    def further_addresses(self) -> tuple[IpAddress, ...]:
        """The further addresses that the interface had when it was last looked at."""
        return tuple(sorted((each.ip for each in self._seen), key=str))

    def found(self) -> Network | None:
        """Return what the interface has now, to be given back later; None when it has no address of IPv4.

        Raises:
            EffectError: it cannot be seen.
        """
        return snapshot(self._link.observe())

    def bring_to(self, connection: Connection) -> None:
        """Change the interface as far as possible now."""
        self.error = self._bring_to(connection)

    def _bring_to(self, connection: Connection) -> str | None:
        network = connection.network
        try:
            for _ in range(MAX_ROUNDS):
                found = self._link.observe()
                self._seen = found.additional
                actions = plan_network(found, network, connection.server)
                for action in actions:
                    log.info("network changes", action=named(action))
                    self._link.act(action)
                if not actions:
                    break
        except (EffectError, OSError) as error:
            if self.error != str(error):
                log.warning("the network is not as it should be", reason=str(error))
            return str(error)
        if network is None:
            return None
        if network.mode is NetworkMode.DHCP and (found.lease is None or found.lease.lost):
            return NO_LEASE
        return NOT_AUTHORIZED if network.dot1x is not None and not self._link.authorized else None
