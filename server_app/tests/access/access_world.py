"""A server with two divisions, each with one of everything, and the callers of the table."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any

from access_policies import SIDES
from access_rows import Row
from catalogue import add_firmware, add_service
from event_builder import event
from first_state import first_state
from flask.testing import FlaskClient
from own_certificates import own_certificate
from planted_secrets import ALWAYS, hashes, plant, plant_in_sensor
from renewing import renewal
from server_bench import PASSWORD, URL, Bench, Person, SensorClient, certificate_request, report, settings_for, start
from sqlalchemy import select
from werkzeug.test import TestResponse
from writes import Writes

from server_app.accounts.models import Role
from server_app.audit.models import AuditEntry
from server_app.initialise import initialise
from server_app.tasks import service as tasks

FOREIGN = "xyzzy"
"""In every name of the other division's things: an answer that shows it to others than administrators is a leak."""
UNRELATED = {"api_tokens", "login_failures", "login_sessions"}
"""Tables that a refused call may change."""
BEARER = "Authorization"
POLL = "POST /sensors/status"
CONFIG = "POST /sensors/{sensor_id}/config"


@contextmanager
def running(initialised: Path, folder: Path, registry_url: str, database_url: str = "") -> Iterator["World"]:
    """A world in a folder of its own.

    Args:
        initialised: folders that `init` has prepared.
        folder: where the server's copy of them goes.
        registry_url: a registry that answers.
        database_url: an empty database, if it is not SQLite's.
    """
    server = copytree(initialised, folder / "server")
    settings = settings_for(server, database_url=database_url, registry_url=registry_url)
    if database_url:
        initialise(settings)
    bench = start(settings)
    world = World(bench)
    try:
        yield world
    finally:
        world.close()
        bench.database.close()


class World:
    """The server, its callers, and what the names in the table mean on each side."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        add_service(bench, "cowrie")
        add_service(bench, "unused")
        add_service(bench, "unused", "2.0.0")
        for revision in ("1.0.0", "2.0.0"):
            add_firmware(bench, revision)
        ours, theirs = bench.division("ours"), bench.division(FOREIGN)
        people = {
            "observer": bench.user("observer", Role.OBSERVER, ours),
            "manager": bench.user("manager", Role.MANAGER, ours),
            "admin": bench.admin,
        }
        sensors = {"own": bench.sensor("ours", ours), "other": bench.sensor(FOREIGN, theirs)}
        self.values = {
            "own": self._things(sensors["own"], ours, people["manager"], "ours"),
            "other": self._things(sensors["other"], theirs, people["admin"], FOREIGN),
        }
        plant(bench.admin)
        self._proxy_passwords = {
            side: plant_in_sensor(bench.admin, sensor.id, side) for side, sensor in sensors.items()
        }
        # Not before there are tokens that still work: without anybody to wait for it would be used at once.
        authority = {"authority_id": _ended_authority(bench.admin)}
        self.values = {side: values | authority for side, values in self.values.items()}
        self.credentials = {name: _credentials(person) for name, person in people.items()}
        self.credentials["sensor"] = {"Client-Cert": sensors["own"].headers["Client-Cert"]}
        self.credentials["nobody"] = {}
        for scope in ("read", "write"):
            token = self._token(people["manager"], scope)["token"]
            self.credentials[f"{scope} token"] = {"Authorization": f"Bearer {token}"}
        self._document = self.document()
        bearers = {given[BEARER].removeprefix("Bearer ") for given in self.credentials.values() if BEARER in given}
        tokens = {self.values[side]["token"] for side in SIDES} | bearers
        self._secrets = {*ALWAYS, *tokens, *hashes(bench.database), *self._proxy_passwords.values()}
        self._known_entries = {entry["id"] for entry in self._entries()}
        self._first = first_state(bench.database)
        self._writes = Writes(bench.database)

    def call(self, row: Row, caller: str, side: str) -> TestResponse:
        """Do what a row says, with a client that knows nothing but the caller's credentials."""
        method, _, path = row.operation.partition(" ")
        values = self.values[side]
        body = _filled(row.body, values)
        options: dict[str, Any] = {"data": body} if isinstance(body, bytes) else {"json": body} if body else {}
        address = f"/api{path.format_map(values)}{row.query.format_map(values)}"
        headers = self.credentials[caller] | row.headers
        return self.client().open(address, method=method, base_url=URL, headers=headers, **options)

    def secrets(self, operation: str, sides: Sequence[str] = SIDES) -> set[str]:
        """What no answer of an operation on these sides may hold.

        A sensor's poll, and its configuration, which must get it to the server at all, have that sensor's own.
        """
        told = {POLL: ["own"], CONFIG: sides}.get(operation, [])
        return self._secrets - {self._proxy_passwords[side] for side in told}

    def client(self) -> FlaskClient:
        """One that keeps nothing from call to call."""
        return FlaskClient(self.bench.app, self.bench.app.response_class, use_cookies=False)

    def document(self) -> dict[str, Any]:
        """The server's own OpenAPI document."""
        found: Any = self.bench.app.test_client().get("/api/openapi.json", base_url=URL).json
        assert isinstance(found, dict)
        return found

    def schemes(self, operation: str) -> set[str]:
        """The ways to show who one is that an operation takes by the document; none where it does not ask."""
        method, _, path = operation.partition(" ")
        alternatives = self._document["paths"][f"/api{path}"][method.lower()].get("security", [])
        return {name for alternative in alternatives for name in alternative}

    def operations(self) -> list[str]:
        """Every operation of the document, as the table spells it."""
        return [
            f"{method.upper()} {path.removeprefix('/api')}"
            for path, operations in self.document()["paths"].items()
            for method in operations
        ]

    def entries(self) -> list[dict[str, Any]]:
        """What a call has added to the audit log; to be asked for before `changes`, which removes it."""
        return [entry for entry in self._entries() if entry["id"] not in self._known_entries]

    def changes(self) -> set[str]:
        """The tables that a call has changed; afterwards they are as they were at the start."""
        if not self._writes.since_last_time():
            return set()
        changed = self._first.changed()
        if changed:
            self._first.put_back(changed)
            self._writes.since_last_time()
        return changed - UNRELATED

    def close(self) -> None:
        """Leave the database to others."""
        self._writes.close()
        self._first.forget()

    def _things(self, sensor: SensorClient, division: int, starter: Person, mark: str) -> dict[str, Any]:
        admin = self.bench.admin
        admin.ok("PUT", f"/sensors/{sensor.id}/services/cowrie", json={})
        sensor.poll(report(error=mark))
        sensor.upload([event(session=mark, summary=mark)])
        with self.bench.database.writing() as session:
            user = starter.ok("GET", "/sessions")["user"]["id"]
            task = tasks.create(session, f"check {mark}", {}, user).id
        return {
            "password": PASSWORD,
            "division_id": division,
            "sensor_id": sensor.id,
            "token": self.bench.token(sensor.id),
            "csr": certificate_request(sensor.key),
            "report": report(),
            "service_name": "cowrie",
            "name": "unused",
            "event_id": admin.ok("GET", f"/events?sensor={sensor.id}")["items"][0]["id"],
            "session_id": admin.ok("GET", f"/events/sessions?sensor={sensor.id}")["items"][0]["id"],
            "certificate_id": admin.ok("GET", f"/certs?sensor={sensor.id}")["items"][0]["id"],
            "task_id": task,
            "filter_id": admin.ok(
                "POST", "/eventfilters", json={"name": mark, "division": division, "conditions": {"ports": [9]}}
            )["id"],
            "platform": "docker_x86",
            "revision": "2.0.0",
            "upload_id": admin.ok("POST", "/uploads", json={"size": 2, "sha256": "0" * 64, "purpose": "firmware"})[
                "id"
            ],
            "user_id": self._user(mark, division),
            "contact_id": admin.ok("POST", "/contacts", json={"division": division, "email": f"{mark}@example.com"})[
                "id"
            ],
            "email": f"new-{mark}@example.com",
            "expires_at": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
            "token_id": self._token(starter)["id"],
            "own_certificate": own_certificate().body,
            "renewal": renewal(sensor, sensor.key),
        }

    def _user(self, name: str, division: int) -> int:
        body = {"name": name, "password": PASSWORD, "role": "observer", "divisions": [division]}
        number: int = self.bench.admin.ok("POST", "/users", json=body)["id"]
        return number

    def _token(self, person: Person, scope: str = "read") -> dict[str, Any]:
        body = {"name": scope, "scope": scope, "expires_at": (datetime.now(UTC) + timedelta(days=1)).isoformat()}
        made: dict[str, Any] = person.ok("POST", "/users/me/tokens", json=body)
        return made

    def _entries(self) -> list[dict[str, Any]]:
        with self.bench.database.engine.connect() as connection:
            rows = connection.execute(select(AuditEntry.__table__).order_by(AuditEntry.id)).mappings()
            return [dict(row) for row in rows]


def _ended_authority(admin: Person) -> int:
    """The number of an authority that is trusted no more: to end it again changes nothing."""
    task = admin.ok("POST", "/certs/authority")["task"]
    number: int = admin.ok("GET", f"/tasks/{task}")["result"]["certificate"]
    admin.ok("POST", f"/certs/authority/{number}/end")
    return number


def _credentials(person: Person) -> dict[str, str]:
    cookie = person.client.get_cookie("__Host-honeysens", domain="server.example.com")
    assert cookie is not None
    return {"Cookie": f"{cookie.key}={cookie.value}", "X-CSRF-Token": person.csrf_token}


def _filled(body: Any, values: dict[str, Any]) -> Any:
    if isinstance(body, dict):
        return {name: _filled(value, values) for name, value in body.items()}
    if isinstance(body, list):
        return [_filled(value, values) for value in body]
    if isinstance(body, str) and body.startswith("{"):
        return values[body[1:-1]]
    return body
