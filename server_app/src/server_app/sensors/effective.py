"""What holds for a sensor: its own values, else the system's, else the environment's. Pure."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pydantic import TypeAdapter

from sensor_wire.v1.network import NetworkMode
from server_app.at_rest.hidden import Hidden
from server_app.sensors.connection import Address, NetworkSetting, ProxyPlace, ServerSetting
from server_app.sensors.models import Sensor
from server_app.sensors.persona import Persona, persona_of
from server_app.sensors.preferences import SensorSection

HTTPS_PORT = 443
_ADDRESSES: TypeAdapter[tuple[Address, ...]] = TypeAdapter(tuple[Address, ...])


@dataclass(frozen=True)
class Environment:
    """What the server was started with."""

    poll_interval: int  # seconds
    public_url: str


@dataclass(frozen=True)
class Effective:
    """The values a sensor lives by."""

    poll_interval: int  # seconds
    server: ServerSetting
    network: NetworkSetting
    dns_servers: tuple[Address, ...]
    proxy: ProxyPlace
    proxy_password: Hidden | None = field(repr=False)
    persona: Persona


def effective(sensor: Sensor, system: SensorSection, environment: Environment) -> Effective:
    """The values of one sensor.

    Args:
        sensor: whose they are; null columns mean the system's value.
        system: the system-wide settings.
        environment: what holds where those say nothing.
    """
    own = sensor.proxy is not None
    return Effective(
        poll_interval=sensor.poll_interval or system.poll_interval or environment.poll_interval,
        server=_server(sensor, system, environment),
        network=NetworkSetting.model_validate(sensor.network or {"mode": NetworkMode(system.network_mode)}),
        dns_servers=_ADDRESSES.validate_python(
            system.dns_servers if sensor.dns_servers is None else sensor.dns_servers
        ),
        proxy=ProxyPlace.model_validate(sensor.proxy) if own else system.proxy,
        proxy_password=sensor.proxy_password if own else system.proxy_password,
        persona=persona_of(sensor, system.persona),
    )


def _server(sensor: Sensor, system: SensorSection, environment: Environment) -> ServerSetting:
    if sensor.server is not None:
        return ServerSetting.model_validate(sensor.server)
    if system.server is not None:
        return system.server
    address = urlsplit(environment.public_url)
    return ServerSetting(host=address.hostname or "", port=address.port or HTTPS_PORT)
