"""Only a sensor with a valid, unrevoked certificate is heard, and nobody but the server writes to the registry."""

import base64
import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from scenario_testing.machine import docker, run
from scenario_testing.site import SENSOR, Api

REFUSED = {400, 401, 403}
SENSOR_PATHS = [("POST", "/api/sensors/status"), ("POST", "/api/events"), ("GET", "/v2/"), ("GET", "/v2/_catalog")]


@dataclass(frozen=True)
class Identity:
    """A client certificate with its key, as files."""

    certificate: Path
    key: Path

    @property
    def pair(self) -> tuple[str, str]:
        return str(self.certificate), str(self.key)


def report() -> dict[str, object]:
    return {
        "observed_at": datetime.now(UTC).isoformat(),
        "firmware": "0.1.0",
        "platform": "docker_x86",
        "architecture": "amd64",
    }


def request(api: Api, method: str, path: str, identity: Identity | None, **headers: str) -> requests.Response:
    body = {"/api/sensors/status": report(), "/api/events": {"events": []}}.get(path)
    return requests.request(
        method,
        f"{api.url}{path}",
        json=body,
        headers=headers,
        verify=api.ca_file,
        cert=identity.pair if identity else None,
        timeout=30,
    )


def new_key(folder: Path, name: str) -> tuple[ec.EllipticCurvePrivateKey, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    file = folder / f"{name}.key"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return key, file


def certificate_of(
    folder: Path,
    name: str,
    issuer: tuple[x509.Name, ec.EllipticCurvePrivateKey],
    sensor_id: int,
    start: datetime,
) -> Identity:
    """A sensor's certificate for `sensor_id`, valid for ten days from `start`, by whatever issuer."""
    key, key_file = new_key(folder, name)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"sensor-{sensor_id}")]))
        .issuer_name(issuer[0])
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=10))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(f"urn:honeysens:sensor:{sensor_id}")]),
            critical=False,
        )
        .sign(issuer[1], hashes.SHA256())
    )
    file = folder / f"{name}.crt"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return Identity(file, key_file)


def true_authority(api: Api) -> tuple[x509.Name, ec.EllipticCurvePrivateKey]:
    """The server's own authority, with the key that only its worker can read."""
    pem = docker("exec", "honeysens-worker", "sh", "-c", "cat /ca/*.key")
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return x509.load_pem_x509_certificate(Path(api.ca_file).read_bytes()).subject, key


@pytest.fixture
def real(tmp_path: Path) -> Identity:
    """The demo sensor's own certificate, taken from it as an attacker who captured it would."""
    for name in ("sensor.crt", "sensor.key"):
        (tmp_path / name).write_text(docker("exec", SENSOR, "cat", f"/var/lib/honeysens/{name}") + "\n")
    return Identity(tmp_path / "sensor.crt", tmp_path / "sensor.key")


def enrol(api: Api, token: str, key: ec.EllipticCurvePrivateKey) -> requests.Response:
    csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    body = {"token": token, "csr": csr.public_bytes(serialization.Encoding.PEM).decode()}
    return requests.post(f"{api.url}/api/sensors/enrol", json=body, verify=api.ca_file, timeout=30)


@pytest.fixture
def spare(api: Api, tmp_path: Path) -> Iterator[tuple[int, Identity]]:
    """A second sensor, enrolled for this test over the API and removed afterwards."""
    division = api.items("/divisions")[0]["id"]
    sensor = api.call("POST", "/sensors", json={"name": "spare", "division": division}).json()["id"]
    try:
        archive = api.call("POST", f"/sensors/{sensor}/config").content
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            member = tar.extractfile("sensor.json")
            assert member is not None
            token = json.load(member)["token"]
        key, key_file = new_key(tmp_path, "spare")
        answer = enrol(api, token, key)
        assert answer.ok, answer.text
        assert enrol(api, token, key).json() == answer.json(), "a lost answer is given again to the same key"
        assert enrol(api, token, new_key(tmp_path, "thief")[0]).status_code == requests.codes.forbidden
        (tmp_path / "spare.crt").write_text(answer.json()["certificate"])
        yield sensor, Identity(tmp_path / "spare.crt", key_file)
    finally:
        api.call("DELETE", f"/sensors/{sensor}")


@pytest.mark.parametrize(("method", "path"), SENSOR_PATHS)
def test_without_a_valid_certificate_sensor_paths_are_refused(api: Api, tmp_path: Path, method: str, path: str) -> None:
    sensor_id = int(api.summary["sensor"]["id"])
    name, true_key = true_authority(api)
    now = datetime.now(UTC)
    identities = {
        "none": None,
        "another authority's": certificate_of(
            tmp_path, "foreign", (name, ec.generate_private_key(ec.SECP256R1())), sensor_id, now - timedelta(days=1)
        ),
        "expired": certificate_of(tmp_path, "expired", (name, true_key), sensor_id, now - timedelta(days=20)),
        "unknown to the server": certificate_of(
            tmp_path, "unknown", (name, true_key), sensor_id, now - timedelta(days=1)
        ),
    }
    for what, identity in identities.items():
        assert request(api, method, path, identity).status_code in REFUSED, what


@pytest.mark.parametrize(("method", "path"), SENSOR_PATHS)
def test_a_forged_certificate_header_changes_nothing(api: Api, real: Identity, method: str, path: str) -> None:
    der = x509.load_pem_x509_certificate(real.certificate.read_bytes()).public_bytes(serialization.Encoding.DER)
    value = f":{base64.b64encode(der).decode()}:"
    for spelling in ("Client-Cert", "client-cert", "CLIENT-CERT", "Client_Cert", "X-Client-Cert", "Client-Cert-Chain"):
        assert request(api, method, path, None, **{spelling: value}).status_code in REFUSED, spelling


def test_a_revoked_sensor_is_refused_at_its_very_next_request(api: Api, spare: tuple[int, Identity]) -> None:
    sensor, identity = spare
    kept_alive = requests.Session()
    kept_alive.trust_env = False
    kept_alive.verify, kept_alive.cert = api.ca_file, identity.pair
    for method, path in SENSOR_PATHS[:3]:
        assert request(api, method, path, identity).ok, path
    assert kept_alive.post(f"{api.url}/api/sensors/status", json=report(), timeout=30).ok

    certificates = api.items("/certs", sensor=sensor)
    assert len(certificates) == 1
    api.call("POST", f"/certs/{certificates[0]['id']}/revoke")

    answer = kept_alive.post(f"{api.url}/api/sensors/status", json=report(), timeout=30)
    assert answer.status_code in REFUSED
    for method, path in SENSOR_PATHS:
        assert request(api, method, path, identity).status_code in REFUSED, path


def test_a_valid_certificate_reads_the_registry_but_cannot_write_to_it(
    api: Api, real: Identity, tmp_path: Path
) -> None:
    assert request(api, "GET", "/v2/", real).ok
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = request(api, method, "/v2/honeysens/cowrie/blobs/uploads/", real)
        assert answer.status_code in {403, 405}, method

    trust = tmp_path / "trust"
    trust.mkdir()
    for name, file in (("ca.crt", api.ca_file), ("client.cert", real.certificate), ("client.key", real.key)):
        (trust / name).write_bytes(Path(file).read_bytes())
    registry = api.url.removeprefix("https://")
    image = next(service for service in api.items("/services") if service["name"] == "recon")
    source = f"docker://{registry}/{image['repository']}:amd64-{image['revisions'][0]['revision']}"
    run("skopeo", "copy", "--src-cert-dir", str(trust), source, f"oci:{tmp_path}/recon")
    pushed = run(
        *("skopeo", "copy", "--dest-cert-dir", str(trust), f"oci:{tmp_path}/recon"),
        f"docker://{registry}/honeysens/intruder:latest",
        check=False,
    )
    assert pushed.returncode != 0
