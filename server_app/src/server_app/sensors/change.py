"""Taking over what people want a sensor to be. Touches the row alone."""

from typing import Any

from server_app.api_base.model import ApiModel
from server_app.at_rest.hidden import Hidden
from server_app.errors import FieldError, Invalid
from server_app.sensors.connection import ProxySetting
from server_app.sensors.dot1x import set_dot1x
from server_app.sensors.models import Sensor

PLAIN = ("name", "location", "poll_interval", "mac_address")
STRUCTURED = ("server", "network", "pinned_firmware", "persona")


def apply(sensor: Sensor, values: dict[str, Any]) -> None:
    """Set those fields that `values` has; the division is the caller's.

    Raises:
        Invalid: the proxy or 802.1X is another one, and its secret was left out.
    """
    for name in PLAIN:
        if name in values:
            setattr(sensor, name, values[name])
    for name in STRUCTURED:
        if name in values:
            setattr(sensor, name, _json(values[name]))
    if "dns_servers" in values:
        servers = values["dns_servers"]
        sensor.dns_servers = None if servers is None else [str(server) for server in servers]
    if "proxy" in values:
        _set_proxy(sensor, values["proxy"])
    if "dot1x" in values:
        set_dot1x(sensor, values["dot1x"])


def _set_proxy(sensor: Sensor, given: ProxySetting | None) -> None:
    place = None if given is None else given.model_dump(mode="json", exclude={"password"})
    password = None if given is None or given.password is None else Hidden(given.password)
    if given is not None and given.user is not None and password is None and sensor.proxy_password is not None:
        # Else whoever may change the proxy could have the password sent to a machine of theirs.
        if place != sensor.proxy:
            reason = FieldError("/proxy/password", "must be given again for another proxy or user")
            raise Invalid("The stored password is for the old proxy.", (reason,))
        password = sensor.proxy_password
    sensor.proxy, sensor.proxy_password = place, password


def _json(value: ApiModel | None) -> dict[str, Any] | None:
    return None if value is None else value.model_dump(mode="json")
