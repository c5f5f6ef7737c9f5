"""HoneySens' own configuration, `honeysens.cfg` of 1.x and 2.x: what of it can be taken over, and why not the rest."""

import configparser
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

from pydantic import ValidationError

from sensor_manager.plan.legacy_dot1x import OpenKey, read_dot1x
from sensor_wire.sensor_config import SensorConfig
from sensor_wire.v1.network import Dot1x, Network, NetworkMode, Proxy, ProxyKind

LEGACY_NAME = "honeysens.cfg"
MODES = {"0": NetworkMode.DHCP, "1": NetworkMode.STATIC, "2": NetworkMode.UNCONFIGURED}
OFF = frozenset({"", "0", "none", "null"})
HTTPS_PORT = "443"
NO_VALUE = "None"
"""What 1.x to 2.1 wrote where there was none; later ones write the bare key."""


class NotUsableError(Exception):
    """It is no configuration, or does not hold what is needed; the message says what."""


@dataclass(frozen=True, slots=True)
class Legacy:
    """What a `honeysens.cfg` says of a sensor.

    Attributes:
        identity: number and name for people.
        server: its server's address for people.
        network: how its interface is configured, 802.1X included.
        proxy: the way to the server.
        left_out: what it has beyond that.
        lacks: why it cannot start a sensor by itself.
    """

    identity: str
    server: str
    network: Network | None
    proxy: Proxy | None
    left_out: tuple[str, ...]
    lacks: str


def _unopened(_key: str, _password: str) -> str:
    raise ValueError("nobody is here to open keys")


def read_legacy(text: str, files: Mapping[str, str] = {}, open_key: OpenKey = _unopened) -> Legacy:
    """Understand a `honeysens.cfg`.

    Args:
        text: of it.
        files: those of 802.1X that came with it, by name.
        open_key: opens the key among them.

    Raises:
        NotUsableError: it is none, or a value in it is impossible.
    """
    parser = configparser.ConfigParser(interpolation=None, strict=False, allow_no_value=True)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        first = str(error).splitlines()[0]
        raise NotUsableError(f"{LEGACY_NAME} cannot be read: {first}") from error
    if not {"server", "general"} <= set(parser.sections()):
        raise NotUsableError(f"{LEGACY_NAME} has no sections [server] and [general]")
    sections = {name: _values(parser[name]) for name in parser.sections()}
    dot1x, without = read_dot1x(sections.get("eapol", {}), files, open_key)
    server, general = sections["server"], sections["general"]
    try:
        return Legacy(
            identity=f"{general.get('sensor_id') or '?'} ({general.get('hostname') or 'without a name'})",
            server=f"{server.get('host') or '?'}:{server.get('port_https') or HTTPS_PORT}",
            network=_network(sections.get("network", {}), sections.get("mac", {}), dot1x),
            proxy=_proxy(sections.get("proxy", {})),
            left_out=tuple(_left_out(sections, without)),
            lacks=_proof(general),
        )
    except ValidationError as error:
        first_error = error.errors(include_input=False, include_url=False)[0]
        where = "/".join(str(part) for part in first_error["loc"])
        raise NotUsableError(f"{LEGACY_NAME} has an impossible value ({where}: {first_error['msg']})") from error
    except ValueError as error:
        raise NotUsableError(f"{LEGACY_NAME} has an impossible value ({error})") from error


def completed(config: SensorConfig, legacy: Legacy) -> SensorConfig:
    """Return a configuration with the connection of the old one where it says nothing of it itself."""
    leaves_alone = config.network is None or config.network == Network()
    network = legacy.network if leaves_alone and legacy.network is not None else config.network
    values = {"network": network, "proxy": config.proxy or legacy.proxy}
    return config.model_copy(update=values)


def refusal(legacy: Legacy) -> NotUsableError:
    """Return the error for an old configuration that stands alone."""
    return NotUsableError(
        f"this is the configuration of HoneySens' own sensor {legacy.identity} for {legacy.server}. {legacy.lacks} Make"
        " the sensor on the server, download its configuration and put it beside this one: the network and proxy"
        " settings of this one then stay in force"
    )


def _values(section: Mapping[str, str | None]) -> dict[str, str]:
    return {key: "" if value is None or value == NO_VALUE else value for key, value in section.items()}


def _proof(general: Mapping[str, str]) -> str:
    if general.get("secret"):
        return "It holds a shared secret (2.x) and no enrolment token, and a sensor must make a key of its own."
    if general.get("certfile"):
        return "It holds a key that a server has made (1.x) and no enrolment token; a sensor must make its own."
    return "It holds no enrolment token."


def _network(network: Mapping[str, str], mac: Mapping[str, str], dot1x: Dot1x | None) -> Network | None:
    if "mode" not in network:
        return None if dot1x is None else Network(dot1x=dot1x)
    if network["mode"] not in MODES:
        raise ValueError(f"network mode {network['mode'][:8]}; known are 0, 1 and 2")
    mode = MODES[network["mode"]]
    values: dict[str, Any] = {"mode": mode, "dns_servers": network.get("dns", "").replace(",", " ").split()}
    values["dot1x"] = dot1x
    if mode is NetworkMode.STATIC:
        prefix = IPv4Network(f"0.0.0.0/{network.get('netmask', '')}").prefixlen
        values |= {"address": network.get("address"), "prefix": prefix, "gateway": network.get("gateway") or None}
    if mac.get("mode", "0") not in OFF:
        values["mac_address"] = mac.get("address", "").lower().replace("-", ":")
    return Network.model_validate(values)


def _proxy(proxy: Mapping[str, str]) -> Proxy | None:
    if proxy.get("mode", "0").lower() in OFF:
        return None
    user = proxy.get("user") or None
    return Proxy.model_validate(
        {
            "kind": ProxyKind.NTLM if user and "\\" in user else ProxyKind.BASIC,
            "host": proxy.get("host"),
            "port": proxy.get("port"),
            "user": user,
            "password": proxy.get("password") or None,
        }
    )


def _left_out(sections: Mapping[str, Mapping[str, str]], of_dot1x: str | None) -> list[str]:
    found = [] if of_dot1x is None else [of_dot1x]
    if sections.get("network", {}).get("dhcp_hostname"):
        found.append("the name told to the DHCP server")
    if sections["general"].get("service_network"):
        found.append("the honeypots' network")
    return found
