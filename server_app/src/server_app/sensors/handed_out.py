"""How a sensor is connected, as the contract says it. Pure."""

from sensor_wire.v1.network import Network, Proxy
from server_app.sensors import dot1x
from server_app.sensors.connection import ProxyChoice, ServerSetting
from server_app.sensors.effective import HTTPS_PORT, Effective
from server_app.sensors.models import Sensor


def network_of(sensor: Sensor, values: Effective) -> Network:
    """What its interface shall be."""
    return Network.model_validate(
        values.network.model_dump()
        | {"dns_servers": list(values.dns_servers), "mac_address": sensor.mac_address, "dot1x": dot1x.told(sensor)}
    )


def proxy_of(values: Effective) -> Proxy | None:
    """The proxy with its password; None when there is none."""
    if values.proxy.kind is ProxyChoice.NONE:
        return None
    password = values.proxy_password
    return Proxy.model_validate(values.proxy.model_dump() | {"password": None if password is None else password.text})


def url_of(server: ServerSetting) -> str:
    """Where the sensor finds its server."""
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"https://{host}" if server.port == HTTPS_PORT else f"https://{host}:{server.port}"
