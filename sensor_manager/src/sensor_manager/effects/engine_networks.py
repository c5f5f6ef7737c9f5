"""A honeypot's network in the engine's words."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from sensor_manager.model import CreateNetwork, ObservedNetwork


def network_request(network: CreateNetwork, name: str, labels: dict[str, str]) -> dict[str, Any]:
    """Return the body of the engine's request for a bridge network without rules of the engine's own."""
    addresses = [{"Subnet": str(network.subnet), "Gateway": str(network.gateway)}]
    if network.subnet6 is not None:
        addresses.append({"Subnet": str(network.subnet6), "Gateway": str(network.gateway6)})
    return {
        "Name": name,
        "Driver": "bridge",
        "CheckDuplicate": True,
        "EnableIPv6": network.subnet6 is not None,
        "IPAM": {"Driver": "default", "Config": addresses},
        "Labels": labels,
        "Options": {
            "com.docker.network.bridge.name": network.bridge,
            "com.docker.network.bridge.enable_icc": "false",
            "com.docker.network.bridge.enable_ip_masquerade": "false",
        },
    }


def observed_network(details: dict[str, Any], service: str) -> ObservedNetwork:
    """Return what the engine says of a network of ours."""
    subnets = [ip_network(pool["Subnet"]) for pool in details["IPAM"]["Config"]]
    return ObservedNetwork(
        details["Id"],
        service,
        next(each for each in subnets if isinstance(each, IPv4Network)),
        next((each for each in subnets if isinstance(each, IPv6Network)), None),
    )
