"""HoneySens' own configurations as its versions wrote them, with nothing where there was nothing."""

import io
import tarfile
from configparser import ConfigParser
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sensor_support.authority import Authority

from sensor_manager.plan.dot1x import fault
from sensor_manager.plan.legacy_config import read_legacy
from sensor_manager.server import openssl
from sensor_manager.server.config import load_config
from sensor_wire.sensor_config import SensorConfig
from sensor_wire.v1.network import Dot1x, EapMethod, Network, NetworkMode, Proxy, ProxyKind

SAMPLES = Path(__file__).parent / "legacy"
CONFIG = Path(__file__).parents[3] / "server_app/wire/tests/samples/0.2.0/sensor-config.json"
OPEN_PROXY = Proxy(kind=ProxyKind.BASIC, host="proxy.example.com", port=3128)
KEY_PASSWORD = "planted-secret"
TLS = {
    "mode": "2",
    "identity": "sensor",
    "ca_cert": "eapol_ca.crt",
    "client_cert": "eapol_client.crt",
    "client_key": "eapol_client.key",
}
PEAP = {"mode": "3", "identity": "sensor", "anon_identity": "anonymous", "password": "p", "ca_cert": "eapol_ca.crt"}


def static(address: str) -> Network:
    return Network(mode=NetworkMode.STATIC, address=address, prefix=24)


@pytest.mark.parametrize(
    ("version", "network", "proxy"),
    [
        ("1.x", Network(mode=NetworkMode.DHCP), None),
        ("2.1", static("192.0.2.8"), OPEN_PROXY),
        ("2.9", static("192.0.2.9"), OPEN_PROXY),
    ],
)
def test_what_is_not_set_is_not_taken_for_a_value(version: str, network: Network, proxy: Proxy | None) -> None:
    legacy = read_legacy((SAMPLES / f"honeysens-{version}.cfg").read_text())
    assert (legacy.network, legacy.proxy) == (network, proxy)
    assert legacy.left_out == ("the honeypots' network",)


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    """What an archive with 802.1X holds, the key with a password."""
    authority = Authority()
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    protected = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(KEY_PASSWORD.encode()),
    )
    return {
        "eapol_ca.crt": authority.chain,
        "eapol_client.crt": authority.sign_sensor(request.public_bytes(serialization.Encoding.PEM).decode(), 9),
        "eapol_client.key": protected.decode(),
    }


def written(**eapol: str) -> str:
    """The newest sample with 802.1X, as upstream's manager writes it."""
    parser = ConfigParser(allow_no_value=True, interpolation=None)
    parser.read(SAMPLES / "honeysens-2.9.cfg")
    parser["eapol"].update(eapol)
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()


def dot1x_of(legacy: Network | None) -> Dot1x:
    assert legacy is not None
    assert legacy.dot1x is not None
    assert fault(legacy.dot1x) is None
    return legacy.dot1x


def test_a_certificate_for_802_1x_is_taken_over_without_the_keys_password(files: dict[str, str]) -> None:
    legacy = read_legacy(written(**TLS, client_key_password=KEY_PASSWORD), files, openssl.open_key)
    dot1x = dot1x_of(legacy.network)
    assert (dot1x.method, dot1x.identity, dot1x.ca) == (EapMethod.TLS, "sensor", files["eapol_ca.crt"])
    assert dot1x.certificate == files["eapol_client.crt"]
    key = serialization.load_pem_private_key((dot1x.key or "").encode(), None)
    certificate = x509.load_pem_x509_certificate((dot1x.certificate or "").encode())
    assert key.public_key() == certificate.public_key()
    open_key = {**files, "eapol_client.key": dot1x.key or ""}
    assert dot1x_of(read_legacy(written(**TLS), open_key, openssl.open_key).network) == dot1x


def test_a_password_for_802_1x_is_taken_over_with_the_archive(tmp_path: Path, files: dict[str, str]) -> None:
    (tmp_path / "sensor.json").write_bytes(CONFIG.read_bytes())
    with tarfile.open(tmp_path / "s9.tar.gz", "w:gz") as archive:
        for name, text in {"honeysens.cfg": written(**PEAP), "server-cert.pem": "x", **files}.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    config: SensorConfig = load_config(tmp_path / "sensor.json")
    dot1x = dot1x_of(config.network)
    assert (dot1x.method, dot1x.password, dot1x.anonymous_identity) == (EapMethod.PEAP, "p", "anonymous")
    (tmp_path / "s9.tar.gz").unlink()
    for name, text in {"honeysens.cfg": written(**PEAP), **files}.items():
        (tmp_path / name).write_text(text)
    assert dot1x_of(load_config(tmp_path / "sensor.json").network) == dot1x, "unpacked they are the same"


@pytest.mark.parametrize(
    ("eapol", "without", "why"),
    [
        ({"mode": "1"}, "", "802.1X by MD5, which sensors do not do"),
        ({"mode": "4"}, "", "802.1X by TTLS, which sensors do not do"),
        (PEAP, "eapol_ca.crt", "802.1X, of which this is missing or wrong: ca"),
        ({**PEAP, "password": "None"}, "", "802.1X by PEAP needs a password"),
        (TLS, "", "802.1X, whose key cannot be opened with the password beside it"),
        ({**TLS, "client_key_password": "another"}, "", "802.1X, whose key cannot be opened with the password beside"),
        (TLS, "eapol_client.key", "802.1X by TLS needs a certificate and its key"),
    ],
)
def test_802_1x_that_cannot_be_taken_over_is_named(
    files: dict[str, str], eapol: dict[str, str], without: str, why: str
) -> None:
    there = {name: text for name, text in files.items() if name != without}
    legacy = read_legacy(written(**eapol), there, openssl.open_key)
    assert legacy.network == static("192.0.2.9")
    assert legacy.left_out[0].startswith(why)
