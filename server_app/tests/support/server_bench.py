"""The server's application on a real database, with people and sensors that talk to it."""

import base64
import io
import json
import tarfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from apiflask import APIFlask
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from flask.testing import FlaskClient
from shared_parts import application
from sqlalchemy import select
from werkzeug.test import TestResponse

from server_app import worker
from server_app.accounts.models import Role
from server_app.accounts.service import create_user
from server_app.api_base.auth import COOKIE
from server_app.context import KEY, Context
from server_app.db import Database
from server_app.divisions.models import Division
from server_app.pki import authority, keyring
from server_app.pki.authority import Authority
from server_app.pki.upkeep import Upkeep
from server_app.settings import Settings
from server_app.task_queue import TaskQueue

ADMIN = "admin"
PASSWORD = "correct horse battery staple"
URL = "https://server.example.com:8443"


@dataclass
class Person:
    """Somebody with a browser."""

    client: FlaskClient
    csrf_token: str = ""

    def call(self, method: str, path: str, **options: Any) -> TestResponse:
        headers = {"X-CSRF-Token": self.csrf_token} | options.pop("headers", {})
        return self.client.open(f"/api{path}", method=method, base_url=URL, headers=headers, **options)

    def ok(self, method: str, path: str, **options: Any) -> Any:
        """The answer of a call that must succeed."""
        answer = self.call(method, path, **options)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json if answer.is_json else answer.data


@dataclass(frozen=True)
class SavedLogin:
    """A login that lies in a prepared database; logging in took a tenth of all tests' time."""

    cookie: str
    csrf_token: str

    def of(self, client: FlaskClient) -> Person:
        client.set_cookie(COOKIE, self.cookie, domain=str(urlsplit(URL).hostname), secure=True)
        return Person(client, self.csrf_token)


@dataclass
class SensorClient:
    """A sensor: its own key, and the certificate it got for it."""

    client: FlaskClient
    id: int
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What the proxy adds to its requests."""
        return {"Client-Cert": header_of(self.certificate)} if self.certificate else {}

    def call(self, path: str, body: Any = None, *, method: str = "POST", **options: Any) -> TestResponse:
        headers = self.headers | options.pop("headers", {})
        if isinstance(body, bytes):
            options["data"] = body
        elif body is not None:
            options["json"] = body
        return self.client.open(path, method=method, base_url=URL, headers=headers, **options)

    def poll(self, body: Any = None, **headers: str) -> TestResponse:
        return self.call("/api/sensors/status", report() if body is None else body, headers=headers)

    def upload(self, events: Any) -> TestResponse:
        return self.call("/api/events", {"events": events})

    def enrol(self, token: str, csr: str | None = None) -> TestResponse:
        return self.call("/api/sensors/enrol", {"token": token, "csr": csr or certificate_request(self.key)})


@dataclass
class Bench:
    """A server: its application, and the folders and the database it works on."""

    settings: Settings
    app: APIFlask
    queue: TaskQueue
    _people: dict[str, Person] = field(default_factory=dict)

    @property
    def database(self) -> Database:
        context: Context = self.app.extensions[KEY]
        return context.database

    @property
    def authority(self) -> Authority:
        return keyring.load(self.settings.ca_dir)

    @property
    def admin(self) -> Person:
        return self.person(ADMIN)

    def person(self, name: str) -> Person:
        """Somebody who is logged in."""
        if name not in self._people:
            person = Person(self.app.test_client())
            answer = person.ok("POST", "/sessions", json={"username": name, "password": PASSWORD})
            person.csrf_token = answer["csrf_token"]
            self._people[name] = person
        return self._people[name]

    def admit(self, login: SavedLogin) -> None:
        """Let the administrator in who had logged in when the database was prepared."""
        self._people[ADMIN] = login.of(self.app.test_client())

    def saved_login(self) -> SavedLogin:
        """The administrator's login, for databases that are made from this one."""
        cookie = self.admin.client.get_cookie(COOKIE, domain=str(urlsplit(URL).hostname))
        assert cookie is not None
        return SavedLogin(cookie.value, self.admin.csrf_token)

    def division(self, name: str) -> int:
        number: int = self.admin.ok("POST", "/divisions", json={"name": name})["id"]
        return number

    def user(self, name: str, role: Role, *divisions: int) -> Person:
        with self.database.writing() as session:
            found = session.scalars(select(Division).where(Division.id.in_(divisions)))
            create_user(session, name, PASSWORD, role, found)
        return self.person(name)

    def sensor_row(self, name: str = "sensor", division: int | None = None) -> int:
        """A sensor that nobody has enrolled."""
        division = division or self.admin.ok("GET", "/divisions")["items"][0]["id"]
        number: int = self.admin.ok("POST", "/sensors", json={"name": name, "division": division})["id"]
        return number

    def token(self, sensor_id: int) -> str:
        """A fresh token out of the sensor's configuration archive."""
        return token_of(self.admin.ok("POST", f"/sensors/{sensor_id}/config"))

    def stranger(self, sensor_id: int = 1) -> SensorClient:
        """A sensor without a certificate."""
        return SensorClient(self.app.test_client(), sensor_id, authority.new_key())

    def sensor(self, name: str = "sensor", division: int | None = None) -> SensorClient:
        """A sensor that has enrolled."""
        sensor = self.stranger(self.sensor_row(name, division))
        answer = sensor.enrol(self.token(sensor.id))
        assert answer.status_code == 200, answer.text
        assert answer.json is not None
        sensor.certificate = x509.load_pem_x509_certificate(answer.json["certificate"].encode())
        return sensor


def settings_for(folder: Path, **others: Any) -> Settings:
    """Settings whose folders are all below one."""
    for name in ("data", "ca", "tls"):
        (folder / name).mkdir(exist_ok=True)
    password = folder / "password"
    password.write_text(PASSWORD + "\n")
    values: dict[str, Any] = {
        "data_dir": folder / "data",
        "ca_dir": folder / "ca",
        "tls_dir": folder / "tls",
        "admin_password_file": password,
        "public_url": URL,
        "trusted_tls_proxy": "127.0.0.1",
        "poll_interval": 60,
    }
    return Settings(**(values | others))


def start(settings: Settings, *, just_initialised: bool = False) -> Bench:
    """The application on folders that `init` has prepared, with a worker that runs every task at once.

    Args:
        settings: which folders and database.
        just_initialised: nothing can be due that the worker does for the certificates when it starts: `init` did it.
    """
    queue = TaskQueue(settings.data_dir, immediate=True)
    with pytest.MonkeyPatch.context() as patch:
        if just_initialised:
            patch.setattr(Upkeep, "run", lambda *_: None)
        worker.prepare(settings, queue)
    app = application(settings, queue)
    app.extensions[KEY].contacts.delay = 0.0  # tests see every contact at once
    return Bench(settings, app, queue)


def token_of(archive: bytes) -> str:
    """The token in a configuration archive."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        member = tar.extractfile("sensor.json")
        assert member is not None
        token: str = json.load(member)["token"]
    return token


def certificate_request(key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey | None = None) -> str:
    """A request for a key, as PEM."""
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(signer or key, hashes.SHA256())
    return request.public_bytes(Encoding.PEM).decode()


def header_of(certificate: x509.Certificate) -> str:
    """A certificate as the proxy passes it on (RFC 9440)."""
    return f":{base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()}:"


def report(**others: Any) -> dict[str, Any]:
    """What a healthy sensor reports."""
    return {
        "observed_at": datetime.now(UTC).isoformat(),
        "firmware": "0.1.0",
        "platform": "docker_x86",
        "architecture": "amd64",
    } | others
