"""The way to the server: what it depends on, and what cannot be one. Pure."""

from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from sensor_manager.plan import dot1x
from sensor_wire.sensor_config import SensorConfig
from sensor_wire.v1.desired import Desired
from sensor_wire.v1.network import Network, NetworkMode, Proxy, ServerEndpoint

HTTPS_PORT = 443


class Connection(BaseModel):
    """All on which it depends whether the server is reached; None: as the machine and its configuration have it."""

    model_config = ConfigDict(frozen=True)

    network: Network | None = None
    server: ServerEndpoint | None = None
    proxy: Proxy | None = None


def server_url(config: SensorConfig, connection: Connection) -> str:
    """Return where the server is: what it has said of itself counts more than the configuration."""
    server = connection.server
    if server is None:
        return config.server_url
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"https://{host}:{server.port}"


def connection_of(desired: Desired) -> Connection:
    """Return what a desired state says about the way to the server."""
    return Connection(network=desired.network, server=desired.server, proxy=desired.proxy)


def left_alone(connection: Connection) -> bool:
    """Tell whether this connection leaves the interface as it is."""
    return connection.network is None or connection.network.mode is NetworkMode.UNCONFIGURED


def fault(connection: Connection) -> str | None:
    """Say why this cannot even be tried; None when it can."""
    network = connection.network
    if network is not None and network.dot1x is not None and (reason := dot1x.fault(network.dot1x)) is not None:
        return reason
    if network is None or network.mode is not NetworkMode.STATIC:
        return None
    if network.address is None or network.prefix is None:
        return "static mode needs an address and a prefix"
    if network.prefix > network.address.max_prefixlen:
        return f"an address of IPv{network.address.version} has no prefix of {network.prefix}"
    if network.gateway is not None and network.gateway.version != network.address.version:
        return "address and gateway are of different families"
    return None


def configured_by(config: SensorConfig) -> Connection:
    """Return what the configuration says about the way to the server it names.

    The endpoint is part of it only where it says more than the URL, so that older configurations stay what they were.
    """
    server = None
    if config.server_address is not None:
        at = urlsplit(config.server_url)
        server = ServerEndpoint(host=at.hostname or "", port=at.port or HTTPS_PORT, address=config.server_address)
    return Connection(network=config.network, server=server, proxy=config.proxy)
