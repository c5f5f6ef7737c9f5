"""How a sensor is connected, as people set it: strict, and with the offending field named."""

from enum import StrEnum
from ipaddress import ip_address, ip_interface
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    Field,
    IPvAnyAddress,
    IPvAnyInterface,
    StringConstraints,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from sensor_wire.base import PortNumber
from sensor_wire.v1.network import HostName, NetworkMode, Prefix
from server_app.api_base.model import ApiModel

Address = IPvAnyAddress
Interface = IPvAnyInterface
MAX_ADDITIONAL = 32
POINT_TO_POINT = {4: 31, 6: 127}
"""From this prefix on, no address is the network's own or everybody's."""
NO_HOST = "00:00:00:00:00:00"
GROUP_BIT = 1


def wrong(reason: str) -> PydanticCustomError:
    """A finding whose message is the reason alone."""
    return PydanticCustomError("connection", "{reason}", {"reason": reason})


def _host_address(value: Address) -> Address:
    if value.is_multicast or value.is_loopback or value.is_unspecified:
        raise wrong("is no address of a host")
    return value


def _mac_address(value: str) -> str:
    value = value.lower().replace("-", ":")
    if value == NO_HOST or int(value[:2], 16) & GROUP_BIT:
        raise wrong("is no address of a single interface")
    return value


def _host_interface(value: Interface) -> Interface:
    _host_address(value.ip)
    if value.is_link_local:
        raise wrong("is valid on one link only")
    ends = {value.network.network_address, value.network.broadcast_address}
    if value.network.prefixlen < POINT_TO_POINT[value.version] and value.ip in ends:
        raise wrong(f"{value.ip} is no host's address within {value.network}")
    return value


HostInterface = Annotated[Interface, AfterValidator(_host_interface)]
HostAddress = Annotated[Address, AfterValidator(_host_address)]
DnsServers = Annotated[list[HostAddress], Field(max_length=8)]
MacAddress = Annotated[
    str, StringConstraints(pattern=r"^[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}$"), AfterValidator(_mac_address)
]
_Checked = Field(default=None, validate_default=True)


class NetworkSetting(ApiModel):
    """Who configures the interface: `dhcp`, `static` with address, prefix and perhaps a gateway, `unconfigured`.

    `additional` are further fixed addresses with their prefixes (`192.0.2.7/24`), which services can be assigned to.
    """

    mode: NetworkMode
    address: HostAddress | None = _Checked
    prefix: Prefix | None = _Checked
    gateway: HostAddress | None = None
    additional: Annotated[list[HostInterface], Field(max_length=MAX_ADDITIONAL)] = Field(default_factory=list)

    @field_validator("additional")
    @classmethod
    def _are_others(cls, value: list[HostInterface], info: ValidationInfo) -> list[HostInterface]:
        if value and info.data.get("mode") is NetworkMode.UNCONFIGURED:
            raise wrong("an interface that is left alone gets no addresses")
        addresses = [each.ip for each in value]
        if len({*addresses}) < len(addresses):
            raise wrong("names an address twice")
        if info.data.get("address") in addresses:
            raise wrong("has the sensor's main address")
        return value

    @field_validator("address", "prefix", "gateway")
    @classmethod
    def _only_if_static(cls, value: Any, info: ValidationInfo) -> Any:
        mode = info.data.get("mode")
        if mode is NetworkMode.STATIC and value is None and info.field_name != "gateway":
            raise wrong("is needed for a static network")
        if mode not in {NetworkMode.STATIC, None} and value is not None:
            raise wrong("only a static network has it")
        return value

    @field_validator("prefix")
    @classmethod
    def _leaves_a_host(cls, value: int | None, info: ValidationInfo) -> int | None:
        address: Address | None = info.data.get("address")
        if value is None or address is None:
            return value
        if value > address.max_prefixlen:
            raise wrong(f"IPv{address.version} has {address.max_prefixlen} bits")
        network = ip_interface(f"{address}/{value}").network
        ends = {network.network_address, network.broadcast_address}
        if value < POINT_TO_POINT[address.version] and address in ends:
            raise wrong(f"{address} is no host's address within {network}")
        return value

    @field_validator("gateway")
    @classmethod
    def _is_a_neighbour(cls, value: Address | None, info: ValidationInfo) -> Address | None:
        address, prefix = info.data.get("address"), info.data.get("prefix")
        if value is None or address is None or prefix is None:
            return value
        network = ip_interface(f"{address}/{prefix}").network
        if value not in network:
            raise wrong(f"is outside of the network {network}")
        if value == address:
            raise wrong("is the sensor's own address")
        return value


class ServerSetting(ApiModel):
    """Where a sensor finds its server; `address` becomes a hosts entry for `host` in networks without DNS."""

    host: HostName
    port: PortNumber = 443
    address: HostAddress | None = None

    @field_validator("address")
    @classmethod
    def _host_is_a_name(cls, value: Address | None, info: ValidationInfo) -> Address | None:
        if value is not None and _is_address(info.data.get("host", "")):
            raise wrong("the host is an address already")
        return value


class ProxyChoice(StrEnum):
    """No proxy, or how to log in at it."""

    NONE = "none"
    BASIC = "basic"
    NTLM = "ntlm"


class ProxyPlace(ApiModel):
    """A proxy without its password. `none` has nothing else; NTLM needs a user, with its domain."""

    kind: ProxyChoice
    host: HostName | None = _Checked
    port: PortNumber | None = _Checked
    user: Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")] | None = (
        _Checked
    )

    @field_validator("host", "port", "user")
    @classmethod
    def _fits_the_kind(cls, value: Any, info: ValidationInfo) -> Any:
        kind = info.data.get("kind")
        if kind is ProxyChoice.NONE and value is not None:
            raise wrong("is for a proxy, and there is none")
        needed = kind is ProxyChoice.NTLM or (kind is ProxyChoice.BASIC and info.field_name != "user")
        if needed and value is None:
            raise wrong(f"is needed for {kind}")
        return value


class ProxySetting(ProxyPlace):
    """A proxy as it is set. The password is write-only; left out, the one of the same proxy and user stays."""

    password: Annotated[str | None, Field(min_length=1, max_length=256, repr=False)] = None

    @field_validator("password")
    @classmethod
    def _is_somebodys(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("user", "?") is None:
            raise wrong("is of no use without a user")
        return value


class ProxyShown(ProxyPlace):
    """A proxy as it is shown."""

    password_set: bool


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
