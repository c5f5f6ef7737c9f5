"""Getting in at a switch that asks for 802.1X, with hostapd and FreeRADIUS on the other side of the cable."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sensor_support import namespaces
from sensor_support.authority import Authority
from sensor_support.mini_server import MiniServer
from sensor_support.switch import PASSWORD, SERVER_NAME, USER, Switch, switch

from sensor_manager.connection import ConnectionKeeper
from sensor_manager.effects.name_files import NameFiles
from sensor_manager.effects.network import NetworkInterface
from sensor_manager.effects.network_namespace import in_network_namespace
from sensor_manager.interface_keeper import NOT_AUTHORIZED
from sensor_manager.plan.dot1x import fingerprint
from sensor_manager.plan.link import StartSupplicant, StopSupplicant
from sensor_manager.plan.trial import TRIAL_SECONDS
from sensor_manager.plan.way import Connection
from sensor_manager.server.client import ServerClient
from sensor_manager.server.errors import ServerError
from sensor_manager.server.identify import identify
from sensor_wire.v1.network import Dot1x, EapMethod, Network
from sensor_wire.v1.poll import ConnectionState

pytestmark = pytest.mark.netns

SECONDS = 120


class Cable:
    """The sensor's end of it."""

    def __init__(self, path: str, folder: Path) -> None:
        self.path = path
        self.folder = folder
        self.now = 0.0
        self.start()

    def start(self) -> None:
        names = NameFiles(self.folder / "resolv.conf", self.folder / "hosts")
        self.link = NetworkInterface("eth0", self.folder, self.folder / "own-mac", names)

    def authenticates(self, **settings: Any) -> Dot1x:
        dot1x = Dot1x.model_validate(settings)
        in_network_namespace(self.path, lambda: self.link.act(StartSupplicant(dot1x)))
        return dot1x

    def keeper(self, configured: Connection) -> ConnectionKeeper:
        kept = self.folder / "connection.json"
        return ConnectionKeeper(self.link, kept, configured, on_change=lambda: None, clock=lambda: self.now)

    def reaches(self, server: MiniServer, keeper: ConnectionKeeper) -> bool:
        """Ask the server who it is; an answer is noted, as the daemon does."""
        authorities = self.folder / "ca.crt"
        authorities.write_text(server.authority.chain)

        def ask() -> None:
            with ServerClient(server.url, authorities) as client:
                identify(client)

        try:
            in_network_namespace(self.path, ask)
        except ServerError:
            return False
        self.now += 1
        keeper.note_answer()
        return True

    def is_let_in(self) -> bool:
        """Wait until the supplicant says so."""
        pause = threading.Event()
        for _ in range(10 * SECONDS):
            if self.link.authorized:
                return True
            pause.wait(0.1)
        return False


@pytest.fixture
def net() -> Iterator[namespaces.Lan]:
    with namespaces.lan() as net:
        yield net


@pytest.fixture
def port(net: namespaces.Lan, tmp_path: Path) -> Iterator[Switch]:
    folder = tmp_path / "switch"
    folder.mkdir()
    with switch(net.lan, folder) as made:
        yield made


@pytest.fixture
def cable(net: namespaces.Lan, tmp_path: Path) -> Iterator[Cable]:
    cable = Cable(namespaces.path(net.sensor), tmp_path)
    yield cable
    cable.link.act(StopSupplicant())


def certified(authority: Authority) -> dict[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    certificate = authority.sign_sensor(request.public_bytes(serialization.Encoding.PEM).decode(), 7)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return {"ca": authority.chain, "certificate": certificate, "key": pem}


def test_a_certificate_lets_it_in_and_the_supplicant_outlives_the_manager(cable: Cable, port: Switch) -> None:
    dot1x = cable.authenticates(method="tls", identity="sensor-7", server_name=SERVER_NAME, **certified(port.authority))
    assert cable.is_let_in()
    cable.start()
    assert cable.link.authorized
    assert in_network_namespace(cable.path, cable.link.observe).supplicant == fingerprint(dot1x)
    for file in (cable.folder / "dot1x-eth0").rglob("*"):
        assert file.is_socket() or file.is_dir() or file.stat().st_mode & 0o077 == 0, file
    in_network_namespace(cable.path, lambda: cable.link.act(StopSupplicant()))
    assert in_network_namespace(cable.path, cable.link.observe).supplicant is None
    assert not (cable.folder / "dot1x-eth0").exists()


def test_a_password_lets_it_in(cable: Cable, port: Switch) -> None:
    cable.authenticates(
        method="peap", identity=USER, anonymous_identity="anonymous", password=PASSWORD, ca=port.authority.chain
    )
    assert cable.is_let_in()
    command = Path(f"/proc/{(cable.folder / 'dot1x-eth0' / 'pid').read_text()}/cmdline").read_bytes()
    assert PASSWORD.encode() not in command


@pytest.mark.parametrize(
    "wrong",
    [{"password": "another"}, {"server_name": "elsewhere.example"}, {"ca": Authority().chain}],
    ids=["password", "server", "authority"],
)
def test_whoever_is_wrong_stays_outside(cable: Cable, port: Switch, wrong: dict[str, str]) -> None:
    right = {"method": "peap", "identity": USER, "password": PASSWORD, "ca": port.authority.chain}
    cable.authenticates(**right)
    assert cable.is_let_in()
    assert not port.refused.is_set()
    cable.authenticates(**right | wrong)
    assert port.refused.wait(SECONDS)
    assert not cable.link.authorized


def test_a_certificate_of_somebody_elses_authority_does_not_let_it_in(cable: Cable, port: Switch) -> None:
    foreign = certified(Authority()) | {"ca": port.authority.chain}
    cable.authenticates(method="tls", identity="sensor-7", server_name=SERVER_NAME, **foreign)
    assert port.refused.wait(SECONDS)
    assert not cable.link.authorized


def test_settings_by_which_the_switch_lets_nobody_in_are_undone(
    net: namespaces.Lan, cable: Cable, tmp_path: Path
) -> None:
    folder, authority = tmp_path / "switch", Authority()
    folder.mkdir()
    server = in_network_namespace(namespaces.path(net.lan), lambda: MiniServer(tmp_path, namespaces.SERVER))
    right = Dot1x(method=EapMethod.PEAP, identity=USER, password=PASSWORD, ca=authority.chain)
    wrong = right.model_copy(update={"password": "another"})
    keeper = cable.keeper(Connection(network=Network(dot1x=right)))

    def cycle() -> None:
        in_network_namespace(cable.path, keeper.cycle)

    with switch(net.lan, folder, authority) as port:
        assert not cable.reaches(server, keeper), "nobody gets in who has not said who he is"
        cycle()
        assert cable.is_let_in()
        assert cable.reaches(server, keeper)
        keeper.want(Connection(network=Network(dot1x=wrong)))
        cycle()
        assert port.refused.wait(SECONDS)
        assert not cable.reaches(server, keeper)
        cable.now += TRIAL_SECONDS - 1
        cycle()
        assert keeper.report().reason == NOT_AUTHORIZED
        cable.now += 1
        cycle()
    # Switches wait a minute after a refusal; one that is started anew does not.
    with switch(net.lan, folder, authority):
        assert cable.is_let_in()
        assert cable.reaches(server, keeper)
    cycle()
    report = keeper.report()
    assert (report.state, report.reason) == (ConnectionState.UNDONE, f"{NOT_AUTHORIZED} (tried for 180 s)")
    server.close()
