"""Known secrets in every place where the server keeps some, and the look for them in its answers."""

import gzip

from own_certificates import authority
from server_bench import PASSWORD, Person
from sqlalchemy import select
from werkzeug.test import TestResponse

from server_app.db import Database
from server_app.models import ApiToken, EnrolmentToken, LoginSession, OidcAttempt, User

GZIP = b"\x1f\x8b"
LDAP = "planted-bind-password"
OIDC = "planted-client-secret"
SYSTEM_PROXY = "planted-proxy-password-of-all"
ALWAYS = (PASSWORD, LDAP, OIDC, SYSTEM_PROXY)
HASHES = (
    User.password_hash,
    LoginSession.token_hash,
    ApiToken.token_hash,
    EnrolmentToken.token_hash,
    OidcAttempt.browser_hash,
)


def plant(admin: Person) -> None:
    """Give the sections of the settings their secrets."""
    proxy = {"kind": "basic", "host": "proxy.example.com", "port": 3128, "user": "sensors"}
    admin.ok("PATCH", "/settings/ldap", json={"bind_password": LDAP})
    admin.ok("PATCH", "/settings/oidc", json={"client_secret": OIDC})
    admin.ok("PATCH", "/settings/sensors", json={"proxy": proxy, "proxy_password": SYSTEM_PROXY})


def plant_in_sensor(admin: Person, sensor_id: int, mark: str) -> str:
    """Give a sensor a proxy and 802.1X of its own; gives the password of both."""
    password = f"planted-proxy-password-of-{mark}"
    proxy = {"kind": "basic", "host": f"{mark}.example.com", "port": 3128, "user": "sensor", "password": password}
    dot1x = {"method": "peap", "identity": mark, "ca": authority().pem, "password": password}
    admin.ok("PATCH", f"/sensors/{sensor_id}", json={"proxy": proxy, "dot1x": dot1x})
    return password


def hashes(database: Database) -> set[str]:
    """Every hash of a password or a token that the database has."""
    with database.reading() as session:
        return {value for column in HASHES for value in session.scalars(select(column)) if value}


def shown(answer: TestResponse) -> str:
    """All that an answer says; what is in an archive, too."""
    body = gzip.decompress(answer.data) if answer.data.startswith(GZIP) else answer.data
    return body.decode(errors="replace") + repr(answer.headers)
