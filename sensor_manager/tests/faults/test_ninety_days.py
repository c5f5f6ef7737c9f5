"""Ninety days in the life of a sensor: whatever is renewed, exchanged or over, each poll succeeds, no event is lost.

The real application and the real code that keeps the sensor's credentials talk by real TLS; their clocks are moved.
"""

import socket
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from sensor_support.builders import event
from sensor_support.moved_server import MovedTime, beginning, served
from server_bench import Bench, settings_for, start

import server_app.db
from sensor_manager.server import credentials as credentials_module
from sensor_manager.server.clock import ServerClock
from sensor_manager.server.config import load_config
from sensor_manager.server.contact import ServerContact
from sensor_manager.server.credentials import Credentials
from sensor_manager.server.directions import Directions
from sensor_manager.server.errors import ServerError
from sensor_manager.server.identity import trusted
from sensor_manager.settings import Settings
from sensor_manager.spool.store import SpoolStore
from sensor_manager.spool.uploader import Uploader
from sensor_wire.v1.poll import Report
from server_app.initialise import initialise
from server_app.pki import lifetimes, revocation_list
from server_app.pki.upkeep import Upkeep

DAYS = 90
SENSOR_DAYS = 30
SERVER_DAYS = 45
AWAY = range(41, 73)
"""A month and a day: longer than the sensor's certificate lives on."""
CHANGES = (10, 50)
"""When an administrator changes the authority: once with the sensor there, once while it is away."""
REVOKED = 80
DAY = timedelta(days=1)
BALLAST = 65536


class Life:
    """A server and a sensor of its own, with the time that passes for both."""

    def __init__(self, folder: Path, time: MovedTime, port: int) -> None:
        self.time = time
        self.port = port
        settings = settings_for(folder / "server", public_url=f"https://localhost:{port}", poll_interval=86400)
        initialise(settings)
        self.bench: Bench = start(settings)
        admin = self.bench.admin
        admin.ok("PATCH", "/settings/certificates", json={"sensor_days": SENSOR_DAYS})
        wish = {"name": "all along", "scope": "write", "expires_at": (time.now + 300 * DAY).isoformat()}
        self._token = admin.ok("POST", "/users/me/tokens", json=wish)["token"]
        self.id = self.bench.sensor_row()
        self.settings = _settings(folder / "sensor")
        self.fetch_archive()
        self.started: list[Any] = []
        self.store = SpoolStore(self.settings.spool, ballast=BALLAST, stamp=time.stamp)
        self.happened: dict[str, datetime] = {}
        self.contact = self._contact()

    def _contact(self) -> ServerContact:
        settings = self.settings
        clock = ServerClock(settings.clock, on_known=self.store.note_boot, stamp=self.time.stamp)
        credentials = Credentials(
            settings,
            load_config(settings.config),
            clock,
            directions=Directions(lambda config: config.server_url),
            during=lambda _: nullcontext(),
        )
        return ServerContact(
            settings, credentials, report=self._report, on_desired=self.started.append, during=lambda _: nullcontext()
        )

    def _report(self) -> Report:
        return Report.model_validate(
            {
                "observed_at": self.time.now,
                "firmware": "0.1.0",
                "platform": "docker_x86",
                "architecture": "amd64",
                "trust": trusted(self.settings.authorities),
            }
        )

    def restart(self) -> None:
        """The manager starts again, with nothing but what it has on its disk."""
        self.store.close()
        self.store = SpoolStore(self.settings.spool, ballast=BALLAST, stamp=self.time.stamp)
        self.contact = self._contact()

    def attacked(self) -> None:
        """Somebody comes; the honeypot dates that by the machine's clock, which stands in 1970."""
        wall = datetime.fromtimestamp(self.time.stamp().wall, UTC)
        came = event(len(self.happened), time=wall)
        self.store.append(came)
        self.happened[str(came.id)] = self.time.now

    def upload(self) -> None:
        """What the uploader's thread does each time; raises what it would log."""
        with self.contact.connect() as client:
            Uploader(self.store, self.contact.connect)._drain(client)

    def assert_each_event_is_there_once(self) -> None:
        """Compare what honeypots have said with the server's database."""
        with sqlite3.connect(self.bench.settings.data_dir / "server.db", timeout=30) as database:
            rows = database.execute("SELECT uuid, time FROM events").fetchall()
        there = {uuid.replace("-", ""): datetime.fromisoformat(time).replace(tzinfo=UTC) for uuid, time in rows}
        assert len(rows) == len(there)
        assert there.keys() == {identifier.replace("-", "") for identifier in self.happened}
        for identifier, happened in self.happened.items():
            assert abs(there[identifier.replace("-", "")] - happened) < timedelta(minutes=1)
        report = self.store.report()
        assert (report.depth, report.dropped, report.quarantined) == (0, 0, 0)

    def fetch_archive(self) -> None:
        """Give the sensor a new configuration archive."""
        archive = self.settings.config.with_suffix(".tar.gz")
        archive.write_bytes(self.api("POST", f"/sensors/{self.id}/config"))

    def poll(self) -> None:
        """What the manager's thread does each time; raises what it would log."""
        self.contact._talk()

    def keep(self) -> None:
        """What the worker does each minute."""
        Upkeep(self.bench.settings, self.bench.database).run(self.time.now)

    def api(self, method: str, path: str, **options: Any) -> Any:
        client = self.bench.app.test_client()
        headers = {"Authorization": f"Bearer {self._token}"}
        base = f"https://localhost:{self.port}"
        answer = client.open(f"/api{path}", method=method, base_url=base, headers=headers, **options)
        assert answer.status_code < 300, answer.text
        return answer.json if answer.is_json else answer.data

    def certificates(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.api("GET", f"/certs?kind={kind}&limit=200")["items"]
        return sorted(found, key=lambda item: item["id"])

    @property
    def own(self) -> x509.Certificate:
        """The certificate that the sensor has."""
        return x509.load_pem_x509_certificates(self.settings.certificate.read_bytes())[0]


def _settings(folder: Path) -> Settings:
    for name in ("state", "run", "docker"):
        (folder / name).mkdir(parents=True)
    return Settings(
        config=folder / "sensor.json",
        state=folder / "state",
        runtime=folder / "run",
        interface="eth0",
        platform="dummy",
        docker="unix:///nowhere",
        docker_certs=folder / "docker",
    )


@pytest.fixture
def life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Life]:
    time = beginning()
    monkeypatch.setattr(server_app.db, "datetime", time.datetime_class())
    monkeypatch.setattr(credentials_module, "time", SimpleNamespace(monotonic=lambda: time.uptime))
    monkeypatch.setattr(lifetimes, "SERVER", timedelta(days=SERVER_DAYS))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (tmp_path / "server").mkdir()
    life = Life(tmp_path, time, port)
    with served(life.bench.app, port, life.bench.settings.tls_dir, time):
        yield life
    life.store.close()
    life.bench.database.close()


def test_every_poll_of_ninety_days_succeeds(life: Life) -> None:
    seen = Seen()
    for day in range(1, DAYS + 1):
        life.time.go(DAY)
        life.keep()
        if day in CHANGES:
            life.api("POST", "/certs/authority")
        if day == REVOKED:
            _revoke_and_start_anew(life)
        life.attacked()
        if day not in AWAY:
            life.poll()
            life.upload()
        if day % 20 == 0:
            life.restart()
        seen.look(life, day)

    assert len(seen.held) == 4, "enrolled, renewed once, come back after its end, enrolled again after a revocation"
    assert len(seen.signers) == 1 + len(CHANGES), "each authority has signed what the server showed"
    assert len(seen.shown) > len(seen.signers), "the server's certificate was renewed under one authority, too"
    assert len(seen.lists) == DAYS, "the lists of revoked certificates are made anew each day"
    assert life.started, "it was told what to be"
    life.assert_each_event_is_there_once()


def _revoke_and_start_anew(life: Life) -> None:
    """Take away what the sensor has; it is refused until it is given a new configuration archive."""
    life.api("POST", f"/certs/{life.certificates('sensor')[-1]['id']}/revoke", json={"reason": "key_compromise"})
    for _ in range(2):  # what it shows is refused, then its renewal and its old token
        with pytest.raises(ServerError) as refused:
            life.poll()
        assert refused.value.status == 403
        life.attacked()
        with pytest.raises(ServerError) as refused:
            life.upload()
        assert refused.value.status == 403
        life.time.go(timedelta(hours=1))
    life.fetch_archive()


class Seen:
    """What there was in all these days."""

    def __init__(self) -> None:
        self.held: set[int] = set()
        self.shown: set[bytes] = set()
        self.signers: set[bytes] = set()
        self.lists: set[bytes] = set()

    def look(self, life: Life, day: int) -> None:
        """Compare what the server says of its certificates with what there is, and remember it."""
        tls, now = life.bench.settings.tls_dir, life.time.now
        self.held.add(life.own.serial_number)
        leaf = x509.load_pem_x509_certificates((tls / "server.crt").read_bytes())[0]
        self.shown.add(leaf.fingerprint(hashes.SHA256()))
        signer = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
        self.signers.add(signer or b"")
        assert leaf.not_valid_before_utc <= now < leaf.not_valid_after_utc - timedelta(days=SERVER_DAYS / 3 - 1)
        lists = (tls / "crl.pem").read_bytes()
        self.lists.add(lists)
        end = revocation_list.ends(lists)
        assert end is not None
        assert end - now > lifetimes.REVOCATION_LIST - 2 * DAY

        *before, last = life.certificates("sensor")
        assert int(last["serial"], 16) == life.own.serial_number
        left = life.own.not_valid_after_utc - now
        expected = "valid" if left > lifetimes.EXPIRING["sensor"] else "expiring" if left > timedelta() else "expired"
        assert last["state"] == expected, day
        assert (expected == "expired") <= (day in AWAY)
        ended = {"superseded"} if day < REVOKED else {"superseded", "revoked"}
        assert {each["state"] for each in before} <= ended, day
        phases = Counter(each["phase"] for each in life.certificates("authority"))
        assert phases["active"] == 1, day
        assert phases["next"] <= 1
