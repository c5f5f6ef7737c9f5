from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from server_app.at_rest.hidden import Given, Hidden
from server_app.fields import PollInterval
from server_app.preferences.section import Section
from server_app.sensors.connection import DnsServers, ProxyChoice, ProxyPlace, ServerSetting, wrong
from server_app.sensors.persona import SystemPersona

ProxyPassword = Annotated[Hidden, Given(Annotated[str, StringConstraints(min_length=1, max_length=256)])]


class SensorSection(Section):
    """What holds for sensors that have no value of their own; null means what the server's environment says.

    The history of a sensor's states keeps at most `history_entries` of them, none older than `history_days`.
    """

    name: ClassVar[str] = "sensors"
    secrets: ClassVar[frozenset[str]] = frozenset({"proxy_password"})

    poll_interval: PollInterval | None = None
    server: ServerSetting | None = None
    network_mode: Literal["dhcp", "unconfigured"] = "unconfigured"
    dns_servers: DnsServers = Field(default_factory=list)
    proxy: ProxyPlace = ProxyPlace(kind=ProxyChoice.NONE)
    proxy_password: Annotated[ProxyPassword | None, Field(repr=False, validate_default=True)] = None
    persona: SystemPersona = SystemPersona()
    history_entries: Annotated[int, Field(ge=1, le=10_000)] = 1000
    history_days: Annotated[int, Field(ge=1, le=3650)] = 90

    @field_validator("proxy_password")
    @classmethod
    def _is_somebodys(cls, value: Hidden | None, info: ValidationInfo) -> Hidden | None:
        proxy: ProxyPlace | None = info.data.get("proxy")
        if value is not None and "proxy" in info.data and (proxy is None or proxy.user is None):
            raise wrong("is of no use without a proxy that has a user; set it to null")
        return value
