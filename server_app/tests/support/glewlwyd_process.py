"""An OpenID Connect provider of others on loopback, as long as a test session lasts: Debian's glewlwyd, over HTTPS."""

import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from local_ports import free_port, listens
from own_certificates import own_certificate
from patience import PATIENCE

PLUGIN = "oidc"
CLIENT_ID, CLIENT_SECRET = "honeysens", "the-clients-own"
TABLES = Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
LIBRARIES = "/usr/lib/glewlwyd"
CONFIGURATION = """
port={port}
bind_address="127.0.0.1"
external_url="{url}"
login_url="login.html"
api_prefix="api"
log_mode="file"
log_level="WARNING"
log_file="{folder}/log"
cookie_secure=1
session_key="session"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="{libraries}/user"
client_module_path="{libraries}/client"
user_auth_scheme_module_path="{libraries}/scheme"
plugin_module_path="{libraries}/plugin"
use_secure_connection=true
secure_connection_key_file="{folder}/server.key"
secure_connection_pem_file="{folder}/server.crt"
hash_algorithm="SHA512"
database={{type="sqlite3"; path="{folder}/database"}}
"""


@dataclass(frozen=True)
class Glewlwyd:
    """Where it listens, and the authority that vouches for it, as text and as a file."""

    url: str
    ca: str
    ca_file: str

    @property
    def issuer(self) -> str:
        """As it calls itself."""
        return f"{self.url}/api/{PLUGIN}"

    def serve(self, redirect_uri: str) -> None:
        """Set it up: groups of people, a client that may come back there, and what an ID token says."""
        admin = self._logged_in("admin", "password")
        people = self._call(admin, "GET", "/mod/user/database").json()
        people["parameters"]["data-format"]["groups"] = {"multiple": True, "read": True, "write": True}
        self._call(admin, "PUT", "/mod/user/database", people)
        self._call(admin, "PUT", "/mod/user/database/reset")
        self._call(admin, "POST", "/mod/plugin/", {"module": "oidc", "name": PLUGIN} | self._what_it_does())
        client = {"client_id": CLIENT_ID, "password": CLIENT_SECRET, "confidential": True, "enabled": True}
        allowed = {"authorization_type": ["code"], "token_endpoint_auth_method": ["client_secret_basic"], "scope": []}
        self._call(admin, "POST", "/client/", client | allowed | {"redirect_uri": [redirect_uri]})

    def person(self, username: str, password: str, *groups: str, **others: Any) -> None:
        """Add somebody, or change them."""
        admin = self._logged_in("admin", "password")
        body = {"username": username, "password": password, "enabled": True, "groups": list(groups)} | others
        body["scope"] = ["g_profile", "openid"]
        found = admin.get(f"{self.url}/api/user/{username}", timeout=PATIENCE).ok
        self._call(admin, *(("PUT", f"/user/{username}") if found else ("POST", "/user/")), body)

    def visit(self, address: str, name: str, password: str) -> str:
        """What somebody does there who is sent to log in; returns where they are sent back to."""
        person = self._logged_in(name, password)
        self._call(person, "PUT", f"/auth/grant/{CLIENT_ID}", {"scope": "openid"})
        asked = person.get(address, allow_redirects=False, timeout=PATIENCE)
        assert asked.headers["Location"].startswith(f"{self.url}/login.html"), asked.text
        # What its login page does with those who have logged in there.
        done = person.get(f"{address}&g_continue", allow_redirects=False, timeout=PATIENCE)
        assert done.status_code == 302, done.text
        return done.headers["Location"]

    def _logged_in(self, name: str, password: str) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.verify = self.ca_file
        self._call(session, "POST", "/auth/", {"username": name, "password": password})
        return session

    def _call(self, session: requests.Session, method: str, path: str, body: Any = None) -> requests.Response:
        answer = session.request(method, f"{self.url}/api{path}", json=body, timeout=PATIENCE)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    def _what_it_does(self) -> dict[str, Any]:
        key = rsa.generate_private_key(65537, 2048)
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        claims = {"preferred_username": "username", "groups": "groups"}
        parameters = {
            "iss": self.issuer,
            "jwt-type": "rsa",
            "jwt-key-size": "256",
            "key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
            "cert": public.decode(),
            "jwks-show": True,
            "access-token-duration": 3600,
            "refresh-token-duration": 3600,
            "code-duration": 600,
            "auth-type-code-enabled": True,
            "pkce-allowed": True,
            "pkce-required": True,
            "name-claim": "mandatory",
            "email-claim": "mandatory",
            "claims": [
                {"name": name, "user-property": of, "type": "string", "mandatory": True} for name, of in claims.items()
            ],
        }
        return {"display_name": "OpenID Connect", "parameters": parameters}


@contextmanager
def glewlwyd(folder: Path) -> Iterator[Glewlwyd]:
    """Start one; it ends with the block.

    Args:
        folder: an empty one, for all of its own.
    """
    own, port = own_certificate("localhost"), free_port()
    files = {"server.crt": own.body["chain"], "server.key": own.body["key"], "ca.crt": own.root.pem}
    for name, content in files.items():
        (folder / name).write_text(content)
    database = sqlite3.connect(folder / "database")
    database.executescript(TABLES.read_text(encoding="utf-8"))
    database.close()
    found = Glewlwyd(f"https://localhost:{port}", own.root.pem, str(folder / "ca.crt"))
    configuration = CONFIGURATION.format(port=port, url=found.url, folder=folder, libraries=LIBRARIES)
    (folder / "configuration").write_text(configuration)
    with subprocess.Popen(["glewlwyd", f"--config-file={folder / 'configuration'}"]) as process:
        try:
            deadline = time.monotonic() + PATIENCE
            while not listens(port):
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline, "glewlwyd does not listen"
                time.sleep(0.05)
            yield found
        finally:
            process.terminate()
