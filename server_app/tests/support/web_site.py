"""The pages on a real database with what a small network of sensors would have written into it."""

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from apiflask import APIFlask
from flask.testing import FlaskClient
from made_up_sensor import proof_of
from werkzeug.test import TestResponse

from sensor_wire.v1.poll import Report
from server_app.accounts.models import Role
from server_app.accounts.service import create_user
from server_app.context import KEY, Context
from server_app.divisions.models import Division
from server_app.sensors.health import health_of
from server_app.sensors.models import Health, Sensor, SensorStatus
from server_app.sensors.service import due_at

PASSWORD = "correct horse battery staple"
BASE_URL = "https://server.example.com"


@dataclass
class Site:
    """The application, a browser that nobody has logged in with, and ways to fill the database."""

    app: APIFlask
    browser: FlaskClient

    @property
    def context(self) -> Context:
        context: Context = self.app.extensions[KEY]
        return context

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.browser.get(path, base_url=BASE_URL, headers=headers)

    def post(self, path: str, form: dict[str, str], **headers: str) -> TestResponse:
        return self.browser.post(path, base_url=BASE_URL, data=form, headers=headers)

    def log_in(self, username: str = "admin") -> TestResponse:
        return self.post("/login", {"username": username, "password": PASSWORD, "next": "/events"})

    def division(self, name: str) -> int:
        with self.context.database.writing() as session:
            division = Division(name=name)
            session.add(division)
            session.flush()
            return division.id

    def user(self, name: str, role: Role, divisions: tuple[int, ...] = ()) -> None:
        with self.context.database.writing() as session:
            create_user(session, name, PASSWORD, role, [session.get_one(Division, number) for number in divisions])

    def sensor(
        self,
        division: int,
        name: str,
        *,
        age: timedelta | None = timedelta(),
        services: tuple[dict[str, Any], ...] = (),
        **said: object,
    ) -> int:
        """A sensor whose last poll is `age` ago, or that has never polled; `said` is also in its report."""
        now = datetime.now(UTC)
        seen = None if age is None else now - age
        report = {
            "observed_at": (seen or now).isoformat(),
            "generation": 1,
            "firmware": "0.1.0",
            "platform": "docker_x86",
            "architecture": "amd64",
            "addresses": ["10.213.2.10"],
            "memory_total": 8 << 30,
            "memory_available": 5 << 30,
            "disk_total": 64 << 30,
            "disk_used": 9 << 30,
            "services": list(services),
            **said,
        }
        with self.context.database.writing() as session:
            sensor = Sensor(
                name=name,
                location="Rack 4, Building B",
                division_id=division,
                created_at=now,
                status=SensorStatus(
                    last_contact_at=seen,
                    due_at=None if seen is None else due_at(seen, 60),
                    report=None if seen is None else report,
                    reported_at=seen,
                    health=Health.OK if seen is None else health_of(Report.model_validate(report), seen),
                ),
            )
            session.add(sensor)
            session.flush()
            return sensor.id

    def event(self, sensor: int, **fields: Any) -> None:
        """Store one event as a sensor would upload it; `fields` replace what it has otherwise."""
        now = datetime.now(UTC)
        event = {
            "id": uuid7(now),
            "service": "cowrie",
            "time": now.isoformat(),
            "source": {"ip": "192.0.2.17", "port": 50122},
            "destination": {"ip": "10.213.2.10", "port": 22},
            "protocol": "tcp",
            "kind": "connection",
            "severity": "low",
            "session": "one",
            "summary": "SSH connection",
        } | fields
        result = self.context.intake.record(proof_of(self.context.database, sensor), [event], now)
        assert [item.status for item in result.results] == ["stored"], result


def uuid7(moment: datetime) -> str:
    milliseconds = int(moment.timestamp() * 1000)
    value = milliseconds << 80 | 0x7 << 76 | uuid.uuid4().int & ((1 << 76) - 1)
    return str(uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62))


def detail(kind: str, data: str | dict[str, Any]) -> dict[str, str]:
    text = data if isinstance(data, str) else json.dumps(data)
    return {"time": datetime.now(UTC).isoformat(), "kind": kind, "data": text}
