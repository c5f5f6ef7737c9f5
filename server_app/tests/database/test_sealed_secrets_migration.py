"""Secrets that older versions stored in clear are sealed, and opened again on the way back."""

import json
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, text
from stored_bytes import stored

from server_app import migrate
from server_app.at_rest.keys import SecretKeys
from server_app.db import Database
from server_app.models import Preference, Sensor

BEFORE = "0021"
PASSWORD, KEY = "planted-proxy-password", "planted-key " * 500  # the long one has pages of its own
SECTIONS = {
    "ldap": {"bind_password": "planted-bind-password", "url": "ldaps://d.example.com"},
    "oidc": {"client_secret": None},
    "sensors": {"proxy_password": "planted-system-password", "proxy": {"kind": "none"}},
    "audit": {"keep_days": 7},
}


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Any:
    keys = SecretKeys(tmp_path / "secret.keys")
    keys.create()
    database = Database(database_url or f"sqlite:///{tmp_path / 'server.db'}", keys)
    with database.engine.connect() as connection:
        command.upgrade(migrate.configuration(connection), BEFORE)
        connection.commit()
        _fill(connection)
        connection.commit()
    yield database
    database.close()


def _fill(connection: Connection) -> None:
    connection.execute(text("INSERT INTO divisions (id, name) VALUES (1, 'd')"))
    sensor = text(
        "INSERT INTO sensors (id, name, location, division_id, created_at, proxy_password, dot1x_secret) "
        "VALUES (:id, :name, '', 1, '2026-01-01 00:00:00', :password, :key)"
    )
    connection.execute(sensor, {"id": 1, "name": "with", "password": PASSWORD, "key": KEY})
    connection.execute(sensor, {"id": 2, "name": "without", "password": None, "key": None})
    for name, value in SECTIONS.items():
        row = {"name": name, "value": json.dumps(value)}
        connection.execute(text("INSERT INTO preferences (section, value) VALUES (:name, :value)"), row)


def test_secrets_are_sealed_and_opened_again(database: Database, tmp_path: Path) -> None:
    assert PASSWORD in stored(database), "else there would be nothing to find"

    migrate.upgrade(database, tmp_path)

    assert migrate.differences(database) == []
    database.close()  # SQLite's log goes into the file
    assert "planted-" not in stored(database)
    with database.reading() as session:
        one, other = session.get_one(Sensor, 1), session.get_one(Sensor, 2)
        assert one.proxy_password is not None
        assert one.dot1x_secret is not None
        assert (one.proxy_password.text, one.dot1x_secret.text) == (PASSWORD, KEY)
        assert (other.proxy_password, other.dot1x_secret) == (None, None)
        ldap = session.get_one(Preference, "ldap").value
        assert (ldap["bind_password"].text, ldap["url"]) == ("planted-bind-password", "ldaps://d.example.com")
        assert session.get_one(Preference, "sensors").value["proxy_password"].text == "planted-system-password"
        assert session.get_one(Preference, "oidc").value == SECTIONS["oidc"]
        assert session.get_one(Preference, "audit").value == SECTIONS["audit"]

    with database.engine.connect() as connection:
        command.downgrade(migrate.configuration(connection), BEFORE)
        connection.commit()
        found = connection.execute(text("SELECT proxy_password, dot1x_secret FROM sensors ORDER BY id")).all()
        assert [tuple(row) for row in found] == [(PASSWORD, KEY), (None, None)]
        values = connection.execute(text("SELECT value FROM preferences WHERE section = 'ldap'")).scalar()
        assert "planted-bind-password" in str(values)
    migrate.upgrade(database, tmp_path)


def test_without_a_key_nothing_is_migrated(database: Database, tmp_path: Path) -> None:
    (tmp_path / "secret.keys").unlink()
    with pytest.raises(Exception, match=r"secret\.keys"):
        migrate.upgrade(database, tmp_path)
    with database.engine.connect() as connection:
        assert connection.scalar(text("SELECT proxy_password FROM sensors WHERE id = 1")) == PASSWORD
