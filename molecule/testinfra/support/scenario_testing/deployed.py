"""What tests ask of the server of the scenario `server`: an administrator, and a sensor that is enrolled there."""

import base64
import hashlib
import io
import json
import socket
import ssl
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from scenario_testing.machine import PATIENCE, eventually
from scenario_testing.second_server import ADDRESS, CA, PASSWORD_FILE, PORT, URL
from sensor_wire.v1.enrolment import renewal_statement


class Admin:
    """An administrator who is logged in."""

    def __init__(self) -> None:
        self.session = requests.Session()
        self.session.trust_env = False  # else the environment's bundle of authorities would replace ours
        self.session.verify = CA
        login = {"username": "admin", "password": PASSWORD_FILE.read_text().strip()}
        self.session.headers["X-CSRF-Token"] = self.call("POST", "/sessions", json=login).json()["csrf_token"]

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """One call that must succeed."""
        answer = self.session.request(method, f"{URL}/api{path}", timeout=PATIENCE, **options)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    def ended(self, task: int) -> dict[str, Any]:
        """A task when it is done."""

        def probe() -> dict[str, Any] | None:
            found: dict[str, Any] = self.call("GET", f"/tasks/{task}").json()
            assert found["state"] not in {"failed", "cancelled"}, found
            return found if found["state"] == "done" else None

        return eventually(f"task {task} is done", probe)

    def phases(self) -> dict[int, str]:
        """Where each authority stands, by its number."""
        items = self.call("GET", "/certs", params={"kind": "authority"}).json()["items"]
        return {item["id"]: item["phase"] for item in items}


class Sensor:
    """A sensor with its own key and certificate, in files."""

    def __init__(self, folder: Path, number: int, token: str) -> None:
        self.id, self._folder = number, folder
        self._trusts = ""
        self._key = ec.generate_private_key(ec.SECP256R1())
        answer = self._post("/enrol", {"token": token, "csr": _request(self._key)})
        self._keep(self._key, answer.json()["certificate"])

    @property
    def pair(self) -> tuple[str, str]:
        """The files of the certificate and its key."""
        return str(self._folder / "sensor.crt"), str(self._folder / "sensor.key")

    @property
    def header(self) -> str:
        """The certificate as a proxy passes it on."""
        return client_cert(self.certificate)

    def poll(self, verify: str = CA) -> set[x509.Certificate]:
        """Poll as one that trusts what it was told at the poll before; returns whom it is told to trust from now on.

        Args:
            verify: what it goes by at this poll.
        """
        self._trusts = self._post("/status", report(self._trusts), verify=verify, cert=self.pair).json()["ca_chain"]
        return set(x509.load_pem_x509_certificates(self._trusts.encode()))

    def renew(self, verify: str) -> None:
        """Ask for the next certificate with another key, and use it from now on."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate, csr = (self._folder / "sensor.crt").read_text(), _request(key)
        proof = base64.b64encode(self._key.sign(renewal_statement(certificate, csr), ec.ECDSA(hashes.SHA256())))
        body = {"certificate": certificate, "csr": csr, "proof": proof.decode()}
        self._keep(key, self._post("/certificate", body, verify=verify).json()["certificate"])

    @property
    def certificate(self) -> x509.Certificate:
        """Its present one."""
        return x509.load_pem_x509_certificate((self._folder / "sensor.crt").read_bytes())

    def _keep(self, key: ec.EllipticCurvePrivateKey, certificate: str) -> None:
        self._key = key
        (self._folder / "sensor.crt").write_text(certificate)
        (self._folder / "sensor.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def _post(self, path: str, body: Any, *, verify: str = CA, **options: Any) -> requests.Response:
        answer = requests.post(f"{URL}/api/sensors{path}", json=body, verify=verify, timeout=PATIENCE, **options)
        assert answer.ok, f"{path}: {answer.status_code} {answer.text}"
        return answer


@contextmanager
def enrolled(admin: Admin, folder: Path) -> Iterator[Sensor]:
    """A sensor for the length of a block."""
    division = admin.call("GET", "/divisions").json()["items"][0]["id"]
    number = admin.call("POST", "/sensors", json={"name": folder.name[:50], "division": division}).json()["id"]
    try:
        archive = admin.call("POST", f"/sensors/{number}/config").content
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            member = tar.extractfile("sensor.json")
            assert member is not None
            yield Sensor(folder, number, json.load(member)["token"])
    finally:
        admin.call("DELETE", f"/sensors/{number}")


def client_cert(certificate: x509.Certificate) -> str:
    """A certificate as a proxy passes it on in `Client-Cert` (RFC 9440)."""
    return f":{base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()}:"


def report(trusts: str = "") -> dict[str, Any]:
    """What a sensor reports that trusts these authorities (PEM)."""
    return {
        "observed_at": datetime.now(UTC).isoformat(),
        "firmware": "0.1.0",
        "platform": "docker_x86",
        "architecture": "amd64",
        "trust": hashlib.sha256(trusts.encode()).hexdigest(),
    }


def served(trusted: str) -> x509.Certificate:
    """The certificate that the server shows to who trusts these.

    Raises:
        ssl.SSLError: they do not vouch for it.
    """
    context = ssl.create_default_context(cafile=trusted)
    with socket.create_connection((ADDRESS, PORT), timeout=PATIENCE) as plain:  # noqa: SIM117 - one needs the other
        with context.wrap_socket(plain, server_hostname=ADDRESS) as tls:
            der = tls.getpeercert(binary_form=True)
    assert der is not None
    return x509.load_der_x509_certificate(der)


def _request(key: ec.EllipticCurvePrivateKey) -> str:
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    return request.public_bytes(Encoding.PEM).decode()
