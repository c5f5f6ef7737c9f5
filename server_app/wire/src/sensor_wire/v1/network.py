"""How a sensor is connected: its own addresses, the way to its server, and the proxy in between."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, IPvAnyAddress, IPvAnyInterface, StringConstraints

from sensor_wire.base import PemText, PortNumber, WireModel

HostName = Annotated[
    str,
    StringConstraints(
        pattern=r"^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\.?$"
        r"|^[0-9A-Fa-f:]+:[0-9A-Fa-f:.]*$",
        max_length=253,
    ),
]
"""A DNS name or an address, IPv6 without brackets."""
MacAddress = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{2}(:[0-9a-f]{2}){5}$")]
Prefix = Annotated[int, Field(ge=1, le=128)]


class NetworkMode(StrEnum):
    """Who configures the sensor's interface: a DHCP server, the desired state, or neither (it is left as it is)."""

    DHCP = "dhcp"
    STATIC = "static"
    UNCONFIGURED = "unconfigured"


class EapMethod(StrEnum):
    """How a sensor proves at a switch who it is: by a certificate, or by a password within TLS (MSCHAPv2)."""

    TLS = "tls"
    PEAP = "peap"


class Dot1x(WireModel):
    """Access to a network whose switches ask for IEEE 802.1X.

    TLS needs `certificate` and `key`, PEAP `password`. `ca` is whom the sensor believes; `server_name` is what the
    authentication server's certificate must name (its end is enough), so that not just anybody of that authority is.
    """

    method: EapMethod
    identity: Annotated[str, StringConstraints(min_length=1, max_length=253)]
    anonymous_identity: Annotated[str, StringConstraints(min_length=1, max_length=253)] | None = None
    password: Annotated[str | None, Field(min_length=1, max_length=256, repr=False)] = None
    ca: PemText
    server_name: HostName | None = None
    certificate: PemText | None = None
    key: Annotated[PemText | None, Field(repr=False)] = None


class Network(WireModel):
    """The sensor's interface. `address` and `prefix` are there in static mode only, `gateway` may be.

    `additional` are further fixed addresses of the interface, in whatever mode but unconfigured.
    `dns_servers` replace what DHCP says; without any, DHCP or the machine decides. `mac_address` null: the hardware's.
    `dot1x` null: nobody asks who is there.
    """

    mode: NetworkMode = NetworkMode.UNCONFIGURED
    address: IPvAnyAddress | None = None
    prefix: Prefix | None = None
    gateway: IPvAnyAddress | None = None
    additional: Annotated[list[IPvAnyInterface], Field(max_length=32)] = Field(default_factory=list)
    dns_servers: Annotated[list[IPvAnyAddress], Field(max_length=8)] = Field(default_factory=list)
    mac_address: MacAddress | None = None
    dot1x: Dot1x | None = None


class ServerEndpoint(WireModel):
    """Where the server is. `address` is for networks without DNS: a hosts entry for `host`."""

    host: HostName
    port: PortNumber = 443
    address: IPvAnyAddress | None = None


class ProxyKind(StrEnum):
    """How to log in at a proxy: with a password as it is, or by NTLM."""

    BASIC = "basic"
    NTLM = "ntlm"


class Proxy(WireModel):
    """The HTTP proxy between sensor and server; without `user` it asks for none. For NTLM the user has a domain."""

    kind: ProxyKind
    host: HostName
    port: PortNumber
    user: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None
    password: Annotated[str | None, Field(max_length=256, repr=False)] = None
