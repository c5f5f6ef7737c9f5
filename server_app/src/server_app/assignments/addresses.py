"""Whether a sensor has the address that a service is assigned to. Pure."""

from sensor_wire.v1.network import NetworkMode
from server_app.sensors.connection import NetworkSetting
from server_app.sensors.models import Sensor


def wrong_address(sensor: Sensor, address: str | None) -> str | None:
    """Say why a service cannot be at this address; None when it can.

    An interface that the sensor leaves alone may have any.
    """
    if address is None:
        return None
    if sensor.network is None:
        return "the sensor has no network settings of its own; give it this address by `network.additional` first"
    network = NetworkSetting.model_validate(sensor.network)
    known = {str(each.ip) for each in network.additional}
    if network.mode is NetworkMode.UNCONFIGURED or address in known:
        return None
    return f"is none of the sensor's further addresses ({', '.join(sorted(known)) or 'it has none'})"
