"""What the command line fixes for the life of the process."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

HEARTBEAT_NAME = "heartbeat.json"
PLATFORM_NAMES = ("bbb", "docker_x86", "dummy")
HONEYPOT_UID = 10001
"""User and group id of every honeypot process, and the only one that may connect to the service's socket."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Places and names; `state` survives restarts of the sensor, `runtime` those of the manager only."""

    config: Path
    state: Path
    runtime: Path
    interface: str
    platform: str
    docker: str
    docker_certs: Path
    host_network: bool = False
    management: tuple[IPv4Address | IPv6Address, ...] = ()

    @property
    def key(self) -> Path:
        """The sensor's private key."""
        return self.state / "sensor.key"

    @property
    def certificate(self) -> Path:
        """The sensor's certificate, leaf first."""
        return self.state / "sensor.crt"

    @property
    def next_key(self) -> Path:
        """The key that is to follow, until its certificate has come."""
        return self.state / "sensor.key.next"

    @property
    def next_certificate(self) -> Path:
        """The certificate that is to follow, until key and certificate have changed places."""
        return self.state / "sensor.crt.next"

    @property
    def next_authorities(self) -> Path:
        """The authorities that are to follow, until the server has been found to be covered by them."""
        return self.state / "ca.crt.next"

    @property
    def authorities(self) -> Path:
        """The authorities the sensor trusts."""
        return self.state / "ca.crt"

    @property
    def desired(self) -> Path:
        """The last desired state."""
        return self.state / "desired.json"

    @property
    def connection(self) -> Path:
        """The way to the server: what is confirmed, and what is tried."""
        return self.state / "connection.json"

    @property
    def registries(self) -> Path:
        """Where images have come from, as long as the sensor has had a server."""
        return self.state / "registries.json"

    @property
    def own_mac(self) -> Path:
        """The hardware address the interface was found with, once it has been given another."""
        return self.state / "own-mac"

    @property
    def seed(self) -> Path:
        """What honeypots show as their own is derived from it."""
        return self.state / "seed"

    @property
    def spool(self) -> Path:
        """The event spool."""
        return self.state / "spool.db"

    @property
    def clock(self) -> Path:
        """What is known of the time."""
        return self.state / "clock.json"

    @property
    def cntlm(self) -> Path:
        """The configuration of cntlm, with a password."""
        return self.runtime / "cntlm.conf"

    @property
    def engine_environment(self) -> Path:
        """What the container engine is started with, one file for each variable."""
        return self.runtime / "engine-env"

    @property
    def services(self) -> Path:
        """The folders with the services' sockets."""
        return self.runtime / "services"

    @property
    def heartbeat(self) -> Path:
        """The sign of life that `sensor-manager health` reads."""
        return self.runtime / HEARTBEAT_NAME

    @property
    def status(self) -> Path:
        """What the manager leaves at each cycle for those who come to look."""
        return self.runtime / "status.json"

    @property
    def fingerprints(self) -> Path:
        """What netfilter listed right after it was set."""
        return self.runtime / "netfilter.json"
