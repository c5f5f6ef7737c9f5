"""Looking at and changing one network interface, by the machine's `ip`."""

from pathlib import Path

from sensor_manager.effects import iproute
from sensor_manager.effects.commands import run_tool
from sensor_manager.effects.dhcp_client import DhcpClient
from sensor_manager.effects.name_files import NameFiles
from sensor_manager.effects.supplicant import Supplicant
from sensor_manager.files import write_durably
from sensor_manager.plan.link import (
    AddAddress,
    Address,
    Interface,
    NetworkAction,
    ObservedLink,
    RemoveAddress,
    RemoveGateway,
    SetGateway,
    SetMac,
    SetUp,
    StartDhcp,
    StartSupplicant,
    StopDhcp,
    StopSupplicant,
    WriteDnsServers,
    WriteHostsEntry,
)

ADDITIONAL = 26739
"""The metric of further addresses, by which they are known again."""
IPV6 = 6


class NetworkInterface:
    """One interface with its DHCP client and its supplicant, and the machine's files of names.

    Args:
        name: of the interface.
        runtime: folder for what the DHCP client leaves behind.
        own_mac: file that keeps the hardware address the interface was found with.
        names: the files of names.
    """

    def __init__(self, name: str, runtime: Path, own_mac: Path, names: NameFiles) -> None:
        self._name = name
        self._own_mac = own_mac
        self._names = names
        self._dhcp = DhcpClient(name, runtime)
        self._supplicant = Supplicant(name, runtime)

    @property
    def authorized(self) -> bool:
        """Whether the switch has let the sensor in, by 802.1X."""
        return self._supplicant.authorized()

    def observe(self) -> ObservedLink:
        """Look at everything.

        Raises:
            EffectError: there is no such interface.
        """
        link = iproute.link(self._name)
        found = iproute.addresses(self._name)
        own = [each for each in found if each["scope"] == "global"]
        return ObservedLink(
            mac=link["address"],
            own_mac=self._kept_mac() or link.get("permaddr") or link["address"],
            up="UP" in link["flags"],
            addresses=frozenset(map(iproute.interface, own)),
            additional=frozenset(iproute.interface(each) for each in own if each.get("metric") == ADDITIONAL),
            gateways=frozenset(iproute.gateways("-4", self._name) + iproute.gateways("-6", self._name)),
            dhcp_client=self._dhcp.running,
            lease=self._dhcp.lease(),
            dns_servers=self._names.dns_servers(),
            hosts_entry=self._names.hosts_entry(),
            supplicant=self._supplicant.running,
        )

    def act(self, action: NetworkAction) -> None:
        """Carry out one step.

        Raises:
            EffectError: it did not work; the message says what and why.
        """
        match action:
            case StartDhcp():
                self._dhcp.start()
            case StopDhcp():
                self._dhcp.stop()
            case StartSupplicant(dot1x):
                self._supplicant.start(dot1x)
            case StopSupplicant():
                self._supplicant.stop()
            case WriteDnsServers(servers):
                self._names.write_dns_servers(servers)
            case WriteHostsEntry(entry):
                self._names.write_hosts_entry(entry)
            case _:
                self._change(action)

    def _change(self, action: SetMac | SetUp | AddAddress | RemoveAddress | SetGateway | RemoveGateway) -> None:
        match action:
            case SetMac(mac):
                self._set_mac(mac)
            case SetUp():
                run_tool("ip", "link", "set", "dev", self._name, "up")
            case AddAddress(address, additional):
                run_tool(
                    "ip", "address", "add", str(address), "dev", self._name, *_marks(address, additional=additional)
                )
            case RemoveAddress(address):
                run_tool("ip", "address", "del", str(address), "dev", self._name)
            case SetGateway(gateway):
                self._set_gateway(gateway)
            case RemoveGateway(gateway):
                version = iproute.family(gateway)
                if gateway in iproute.gateways(version, self._name):  # else it has gone with its address
                    run_tool("ip", version, "route", "del", "default", "via", str(gateway), "dev", self._name)

    def _set_gateway(self, gateway: Address) -> None:
        for other in iproute.gateways(iproute.family(gateway), self._name):
            if other != gateway:
                self._change(RemoveGateway(other))
        # A gateway may lie outside of the own network, as at providers: `onlink` spares the route to it.
        via = ("via", str(gateway), "dev", self._name, "onlink")
        run_tool("ip", iproute.family(gateway), "route", "replace", "default", *via)

    def _set_mac(self, mac: str) -> None:
        if self._kept_mac() is None:
            write_durably(self._own_mac, iproute.link(self._name)["address"])
        run_tool("ip", "link", "set", "dev", self._name, "down")
        try:
            run_tool("ip", "link", "set", "dev", self._name, "address", mac)
        finally:
            run_tool("ip", "link", "set", "dev", self._name, "up")

    def _kept_mac(self) -> str | None:
        try:
            return self._own_mac.read_text(encoding="ascii")
        except FileNotFoundError:
            return None


def _marks(address: Interface, *, additional: bool) -> tuple[str, ...]:
    """How an address is known again as a further one; new connections of the sensor's own leave such of IPv6 alone."""
    if not additional:
        return ()
    return ("metric", str(ADDITIONAL), *(("preferred_lft", "0") if address.version == IPV6 else ()))
