"""What people say of a sensor."""

from typing import Any

from sensor_wire.base import RevisionName
from server_app.api_base.body import ApiModel
from server_app.fields import FreeText, Name, PollInterval, RowId
from server_app.platforms.kinds import PlatformName
from server_app.sensors.connection import DnsServers, MacAddress, NetworkSetting, ProxySetting, ServerSetting
from server_app.sensors.dot1x import Dot1xSetting
from server_app.sensors.persona import PersonaSetting


class PinnedFirmware(ApiModel):
    """A firmware of a platform; sensors of other platforms do not mind it."""

    platform: PlatformName
    revision: RevisionName


class OwnSettings(ApiModel):
    """What a sensor may have of its own; null means the system's value.

    For `mac_address` it means the hardware's, for `dot1x` none.
    """

    poll_interval: PollInterval | None = None
    server: ServerSetting | None = None
    network: NetworkSetting | None = None
    dns_servers: DnsServers | None = None
    mac_address: MacAddress | None = None
    proxy: ProxySetting | None = None
    dot1x: Dot1xSetting | None = None
    pinned_firmware: PinnedFirmware | None = None
    persona: PersonaSetting | None = None


class NewSensor(OwnSettings):
    """A sensor to be made."""

    name: Name
    division: RowId
    location: FreeText = ""

    def values(self) -> dict[str, Any]:
        """All fields by name."""
        return {name: getattr(self, name) for name in type(self).model_fields}


class SensorChange(OwnSettings):
    """What to change; what is left out stays."""

    name: Name = ""  # the defaults of these three are never looked at
    division: RowId = 1
    location: FreeText = ""

    def values(self) -> dict[str, Any]:
        """The fields that were given, by name."""
        return {name: getattr(self, name) for name in self.model_fields_set}
