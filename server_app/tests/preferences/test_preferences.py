"""System-wide settings: defaults until an administrator says otherwise, and who may see and say."""

from typing import Any, ClassVar

import pytest
from server_bench import Bench

from server_app.accounts.models import Role
from server_app.accounts.principal import Principal
from server_app.preferences import service
from server_app.preferences.section import Section, shown_type
from server_app.preferences.sections import SECTIONS
from server_app.sensors.preferences import SensorSection

ADMIN = Principal(1, "admin", Role.ADMIN, None)


class Letters(Section):
    """A section as a feature would declare it."""

    name: ClassVar[str] = "letters"
    secrets: ClassVar[frozenset[str]] = frozenset({"password"})

    host: str = "localhost"
    password: str | None = None


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_holds_without_anything_stored(bench: Bench, section: type[Section]) -> None:
    with bench.database.reading() as session:
        assert service.load(session, section) == section()


def test_settings_are_shown_and_changed_field_by_field(bench: Bench) -> None:
    assert bench.admin.ok("GET", "/settings")["sensors"]["poll_interval"] is None
    assert bench.admin.ok("PATCH", "/settings/sensors", json={"poll_interval": 5})["poll_interval"] == 5
    bench.admin.ok("PATCH", "/settings/sensors", json={})
    assert bench.admin.ok("GET", "/settings")["sensors"]["poll_interval"] == 5
    assert bench.admin.ok("PATCH", "/settings/sensors", json={"poll_interval": None})["poll_interval"] is None


def test_the_systems_interval_holds_for_sensors_without_their_own(bench: Bench) -> None:
    sensor = bench.sensor()
    assert (sensor.poll().json or {})["poll_interval"] == 60
    bench.admin.ok("PATCH", "/settings/sensors", json={"poll_interval": 7})
    assert (sensor.poll().json or {})["poll_interval"] == 7
    bench.admin.ok("PATCH", f"/sensors/{sensor.id}", json={"poll_interval": 9})
    assert (sensor.poll().json or {})["poll_interval"] == 9


@pytest.mark.parametrize(
    ("body", "pointer"), [({"poll_interval": 0}, "/poll_interval"), ({"colour": 1}, "/colour"), ([], "")]
)
def test_bad_settings_are_refused_with_the_field(bench: Bench, body: Any, pointer: str) -> None:
    answer = bench.admin.call("PATCH", "/settings/sensors", json=body)
    assert answer.status_code == 400
    assert (answer.json or {})["errors"][0]["pointer"] == pointer
    assert bench.admin.ok("GET", "/settings")["sensors"] == SensorSection().shown()


@pytest.mark.parametrize("role", [Role.MANAGER, Role.OBSERVER])
def test_settings_are_for_administrators(bench: Bench, role: Role) -> None:
    person = bench.user("somebody", role, 1)
    assert person.call("GET", "/settings").status_code == 403
    assert person.call("PATCH", "/settings/sensors", json={"poll_interval": 5}).status_code == 403
    assert bench.admin.ok("GET", "/settings")["sensors"]["poll_interval"] is None


def test_secrets_are_kept_and_not_shown(bench: Bench) -> None:
    with bench.database.writing() as session:
        assert service.change(session, ADMIN, Letters(password="hush")).shown() == {
            "host": "localhost",
            "password_set": True,
        }
        assert service.change(session, ADMIN, Letters(host="mail")).password == "hush"
    with bench.database.reading() as session:
        assert service.load(session, Letters) == Letters(host="mail", password="hush")
    assert set(shown_type(Letters).model_fields) == {"host", "password_set"}


def test_a_section_can_be_stored_as_a_whole(bench: Bench) -> None:
    with bench.database.writing() as session:
        service.store(session, ADMIN, SensorSection(poll_interval=5))
        service.store(session, ADMIN, SensorSection())
    with bench.database.reading() as session:
        assert service.load(session, SensorSection) == SensorSection()


def test_changes_are_recorded_without_secrets(bench: Bench) -> None:
    proxy = {"kind": "basic", "host": "proxy", "port": 1, "user": "sensor"}
    bench.admin.ok("PATCH", "/settings/sensors", json={"poll_interval": 5, "proxy": proxy, "proxy_password": "hush"})
    bench.admin.ok("PATCH", "/settings/sensors", json={"poll_interval": 5})

    answer = bench.admin.call("GET", "/audit?object=settings")

    assert "hush" not in answer.text
    (entry,) = (answer.json or {})["items"]
    assert (entry["actor"]["name"], entry["object"]["name"]) == ("admin", "sensors")
    assert entry["before"]["poll_interval"] is None
    assert entry["after"] == {
        "poll_interval": 5,
        "proxy": proxy,
        "proxy_password": "changed",
        "proxy_password_set": True,
    }
