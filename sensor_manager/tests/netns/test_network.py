"""The interface as the server wants it, with a real DHCP and DNS server on the other side of the cable."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address, ip_interface
from pathlib import Path

import pytest
from sensor_support import namespaces, squid
from sensor_support.mini_server import MiniServer

from sensor_manager.connection import ConnectionKeeper
from sensor_manager.effects.name_files import NameFiles
from sensor_manager.effects.network import NetworkInterface
from sensor_manager.effects.network_namespace import in_network_namespace
from sensor_manager.interface_keeper import NO_LEASE
from sensor_manager.plan.link import ObservedLink, StopDhcp
from sensor_manager.plan.proxy import place
from sensor_manager.plan.trial import TRIAL_SECONDS
from sensor_manager.plan.way import Connection
from sensor_manager.server.client import ServerClient, Way
from sensor_manager.server.clock import ServerClock
from sensor_manager.server.errors import ServerError
from sensor_manager.server.identify import identify
from sensor_wire.v1.network import Network, NetworkMode, Proxy, ProxyKind, ServerEndpoint
from sensor_wire.v1.poll import ConnectionState

pytestmark = pytest.mark.netns

LEASED = "198.51.100.50"
PORT = 8443
SECONDS = 120
MAC = "02:00:5e:00:53:01"
DHCP = Network(mode=NetworkMode.DHCP)


@dataclass
class Machine:
    """A sensor's machine in a namespace: its keeper, its files, and a clock of its own."""

    net: namespaces.Lan
    folder: Path
    now: float = 0.0

    def __post_init__(self) -> None:
        self.resolver, self.hosts = self.folder / "resolv.conf", self.folder / "hosts"
        self.resolver.write_text("nameserver 203.0.113.53\n")
        self.hosts.write_text("127.0.0.1 localhost\n")
        self.start()

    def start(self) -> None:
        names = NameFiles(self.resolver, self.hosts)
        self.link = NetworkInterface("eth0", self.folder, self.folder / "own-mac", names)
        kept = self.folder / "connection.json"
        self.keeper = self.inside(
            lambda: ConnectionKeeper(self.link, kept, Connection(), on_change=lambda: None, clock=lambda: self.now)
        )

    def inside[T](self, action: Callable[[], T]) -> T:
        return in_network_namespace(namespaces.path(self.net.sensor), action)

    def tries(self, **connection: Network | ServerEndpoint | Proxy) -> None:
        self.keeper.want(Connection.model_validate(connection))
        self.cycle()

    def is_confirmed(self) -> None:
        """The server has answered, by whatever way."""
        self.now += 1
        self.keeper.note_answer()
        self.cycle()

    def cycle(self) -> None:
        self.inside(self.keeper.cycle)

    def observed(self) -> ObservedLink:
        return self.inside(self.link.observe)

    def until(self, reached: Callable[[ObservedLink], bool]) -> ObservedLink:
        """Cycle until it is so; the DHCP server's answers come when they come."""
        pause = threading.Event()
        for _ in range(10 * SECONDS):
            self.cycle()
            observed = self.observed()
            if reached(observed):
                return observed
            pause.wait(0.1)
        raise AssertionError(f"not within {SECONDS} s: {observed}")

    def looks_up(self, name: str) -> list[str]:
        """Ask for a name as all programs of the machine do, by its file of name servers."""
        # getent fails for a name that nobody knows: then no address is the answer.
        script = 'mount --bind "$1" /etc/resolv.conf; getent ahostsv4 "$2" || true'
        command = ["nsenter", f"--net={namespaces.path(self.net.sensor)}", "unshare", "-m", "sh", "-ec", script, "sh"]
        found = namespaces.sh(*command, str(self.resolver), name)
        return sorted({line.split()[0] for line in found.splitlines()})

    def reaches(self, server: MiniServer) -> bool:
        """Ask the server who it is, by the connection in force; an answer is noted, as the daemon does."""
        authorities = self.folder / "ca.crt"
        authorities.write_text(server.authority.chain)
        url, endpoint, proxy = self.keeper.url(server.config()), self.keeper.current.server, self.keeper.current.proxy
        if endpoint is not None and endpoint.address is not None:  # what the hosts file says, which is another one here
            url = url.replace(endpoint.host, str(endpoint.address))
        way = Way(ServerClock(self.folder / "clock.json"), place(proxy, None) if proxy else None)

        def ask() -> bool:
            try:
                with ServerClient(url, authorities, way=way) as client:
                    identify(client)
            except ServerError:
                return False
            return True

        answered = self.inside(ask)
        if answered:
            self.now += 1
            self.keeper.note_answer()
        return answered


@contextmanager
def dhcp_server(net: namespaces.Lan, folder: Path, leased: str = LEASED) -> Iterator[Path]:
    """dnsmasq at the server's address: leases of two minutes, one name; yields its file of leases."""
    leases = folder / "leases"
    command = ["ip", "netns", "exec", net.lan, "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null"]
    command += ["--interface=eth0", "--bind-interfaces", "--no-resolv", "--no-hosts", "--no-ping", "--user=root"]
    command += [f"--dhcp-range={leased},{leased},255.255.255.0,2m", f"--dhcp-option=3,{namespaces.SERVER}"]
    command += [f"--dhcp-option=6,{namespaces.SERVER}", f"--dhcp-leasefile={leases}", "--pid-file="]
    command += [f"--host-record=sensors.example,{namespaces.SERVER}", "--log-facility=-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "IP range" in line:
                break
        else:
            raise AssertionError("dnsmasq did not start")
        threading.Thread(target=process.stdout.read, daemon=True).start()
        try:
            yield leases
        finally:
            process.terminate()


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Path]:
    """As the container has it: nothing in it may be executed."""
    folder = tmp_path / "run"
    folder.mkdir()
    namespaces.sh("mount", "-t", "tmpfs", "-o", "noexec,mode=755", "tmpfs", str(folder))
    yield folder
    namespaces.sh("umount", str(folder))


@pytest.fixture
def machine(runtime: Path) -> Iterator[Machine]:
    with namespaces.lan() as net:
        machine = Machine(net, runtime)
        yield machine
        machine.inside(lambda: machine.link.act(StopDhcp()))


@pytest.fixture
def server(machine: Machine, tmp_path: Path) -> Iterator[MiniServer]:
    outside = namespaces.path(machine.net.lan)
    server = in_network_namespace(outside, lambda: MiniServer(tmp_path, namespaces.SERVER, PORT))
    yield server
    server.close()


def leased(observed: ObservedLink) -> bool:
    return ip_interface(f"{LEASED}/24") in observed.addresses and bool(observed.gateways)


def test_a_lease_becomes_address_route_and_name_server(machine: Machine, tmp_path: Path) -> None:
    with dhcp_server(machine.net, tmp_path):
        machine.tries(network=DHCP)
        seen = machine.until(leased)
        assert seen.addresses == {ip_interface(f"{LEASED}/24")}
        assert seen.gateways == {ip_address(namespaces.SERVER)}
        assert machine.resolver.read_text().splitlines()[1:] == [f"nameserver {namespaces.SERVER}"]
        assert namespaces.ping(machine.net.sensor, namespaces.SERVER)
        assert machine.looks_up("sensors.example") == [namespaces.SERVER]
        assert machine.looks_up("elsewhere.example") == []


def test_the_client_outlives_the_manager_and_is_found_again(machine: Machine, tmp_path: Path) -> None:
    with dhcp_server(machine.net, tmp_path):
        machine.tries(network=DHCP)
        machine.until(leased)
        before = (machine.folder / "dhcp-eth0.pid").read_text()
        machine.is_confirmed()
        machine.start()
        machine.cycle()
        assert (machine.folder / "dhcp-eth0.pid").read_text() == before
        machine.tries(network=Network())
        assert machine.until(lambda observed: not observed.dhcp_client).addresses == {ip_interface(f"{LEASED}/24")}


def test_a_hardware_address_is_what_the_network_sees_and_can_be_taken_back(machine: Machine, tmp_path: Path) -> None:
    own = machine.observed().mac
    with dhcp_server(machine.net, tmp_path) as leases:
        machine.tries(network=DHCP.model_copy(update={"mac_address": MAC}))
        assert machine.until(leased).mac == MAC
        assert MAC in leases.read_text()
        machine.is_confirmed()
        machine.tries(network=DHCP)
        assert machine.until(lambda observed: observed.mac == own).own_mac == own


def test_a_silent_dhcp_server_cuts_nobody_off(machine: Machine, server: MiniServer) -> None:
    machine.tries(network=DHCP)
    assert machine.observed().dhcp_client
    assert machine.reaches(server)
    machine.cycle()
    assert machine.keeper.report().state is ConnectionState.TRYING, "it was not reached by a lease"
    machine.now += TRIAL_SECONDS
    machine.cycle()
    assert machine.reaches(server)
    report = machine.keeper.report()
    assert (report.state, report.reason) == (ConnectionState.UNDONE, f"{NO_LEASE} (tried for 180 s)")
    assert not machine.observed().dhcp_client


def test_fixed_addresses_of_both_families(machine: Machine, server: MiniServer) -> None:
    wanted = Network(mode=NetworkMode.STATIC, address="198.51.100.77", prefix=24, gateway=namespaces.SERVER)
    machine.tries(network=wanted, server=ServerEndpoint(host="sensors.example", port=PORT, address=namespaces.SERVER))
    seen = machine.observed()
    assert seen.addresses == {ip_interface("198.51.100.77/24")}
    assert seen.gateways == {ip_address(namespaces.SERVER)}
    assert machine.reaches(server)
    first, *others = machine.hosts.read_text().splitlines()
    assert first.startswith(f"{namespaces.SERVER} sensors.example ")
    assert others == ["127.0.0.1 localhost"]
    machine.is_confirmed()
    machine.tries(network=Network(mode=NetworkMode.STATIC, address="2001:db8::7", prefix=64, gateway="2001:db8::1"))
    seen = machine.observed()
    assert ip_interface("2001:db8::7/64") in seen.addresses
    assert ip_address("2001:db8::1") in seen.gateways
    assert machine.hosts.read_text() == "127.0.0.1 localhost\n"


def is_undone(machine: Machine, server: MiniServer, reason: str = "the server did not answer within 180 s") -> None:
    """What is tried does not lead to the server: in time all is again as it was."""
    assert not machine.reaches(server)
    assert machine.keeper.report().state is ConnectionState.TRYING
    machine.now += TRIAL_SECONDS
    machine.cycle()
    assert machine.reaches(server)
    report = machine.keeper.report()
    assert (report.state, report.reason) == (ConnectionState.UNDONE, reason)
    assert machine.resolver.read_text().splitlines()[-1] == "nameserver 203.0.113.53"
    assert machine.hosts.read_text() == "127.0.0.1 localhost\n"
    assert machine.observed().addresses == {ip_interface(f"{namespaces.SENSOR}/24")}
    assert not machine.observed().dhcp_client


@pytest.mark.parametrize(
    "wrong",
    [
        {"network": Network(mode=NetworkMode.STATIC, address="203.0.113.9", prefix=24, dns_servers=["203.0.113.1"])},
        {"proxy": Proxy(kind=ProxyKind.BASIC, host=namespaces.SERVER, port=squid.PORT)},
        {"server": ServerEndpoint(host=namespaces.ATTACKER, port=PORT)},
        {"server": ServerEndpoint(host="sensors.example", port=PORT, address=namespaces.ATTACKER)},
    ],
    ids=["static", "proxy", "server", "server by name"],
)
def test_what_cuts_the_sensor_off_is_undone(
    machine: Machine, server: MiniServer, wrong: dict[str, Network | Proxy | ServerEndpoint]
) -> None:
    assert machine.reaches(server)
    machine.tries(**wrong)
    is_undone(machine, server)


def test_a_lease_that_leads_nowhere_is_undone(machine: Machine, server: MiniServer, tmp_path: Path) -> None:
    namespaces.sh("ip", "-n", machine.net.lan, "addr", "add", "203.0.113.1/24", "dev", "eth0")
    assert machine.reaches(server)
    with dhcp_server(machine.net, tmp_path, "203.0.113.50"):
        machine.tries(network=DHCP)
        machine.until(lambda observed: ip_interface("203.0.113.50/24") in observed.addresses)
        namespaces.sh("ip", "-n", machine.net.lan, "addr", "del", "203.0.113.1/24", "dev", "eth0")
        is_undone(machine, server)


def test_a_proxy_that_leads_to_the_server_stays(machine: Machine, server: MiniServer) -> None:
    proxy = Proxy(kind=ProxyKind.BASIC, host=namespaces.SERVER, port=squid.PORT, user="sensor", password="p")
    assert machine.reaches(server)
    with squid.squid(machine.net.lan, namespaces.SERVER, proxy) as running:
        machine.tries(proxy=proxy.model_copy(update={"password": "another"}))
        is_undone(machine, server)
        machine.tries(proxy=proxy)
        assert machine.reaches(server)
        machine.cycle()
        assert machine.keeper.report().state is ConnectionState.CONFIRMED
        assert " sensor " in running.log


def test_what_reaches_the_server_is_kept_over_a_restart_of_the_machine(machine: Machine, server: MiniServer) -> None:
    machine.tries(network=Network(mode=NetworkMode.STATIC, address="198.51.100.77", prefix=24))
    assert machine.reaches(server)
    machine.cycle()
    namespaces.sh("ip", "-n", machine.net.sensor, "addr", "flush", "dev", "eth0")
    machine.start()
    machine.cycle()
    assert machine.reaches(server)
    assert machine.keeper.report().state is ConnectionState.CONFIRMED
