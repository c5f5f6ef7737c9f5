"""An OpenID Connect provider on loopback, in a process of its own: HTTPS, real keys, real signatures, PKCE by Authlib.

It logs everybody in at once, as whomever the test has named, and lies where the test tells it to. Its certificate is
for `localhost` and comes from an authority that nobody knows, through one below that, as in many companies.
"""

import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from urllib.parse import quote_plus, urlencode

import requests
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped] # authlib has no types
from flask import Flask, Response, jsonify, redirect, request
from flask.typing import ResponseReturnValue
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey
from own_certificates import own_certificate
from patience import PATIENCE
from werkzeug.serving import make_server

CLIENT_ID, CLIENT_SECRET = "honeysens", "the client's secret: 100% its own"
LIFE = 300


@dataclass(frozen=True)
class OidcProvider:
    """Where it listens, and the authority that vouches for it, as text and as a file."""

    issuer: str
    ca: str
    ca_file: str

    def says(self, *, lie: str = "", **claims: Any) -> None:
        """Whom the next logins are about, and what is wrong with them."""
        body = {"lie": lie, "claims": claims}
        requests.put(f"{self.issuer}/test", json=body, verify=self.ca_file, timeout=PATIENCE).raise_for_status()

    def visit(self, address: str) -> str:
        """What a browser does there; returns where it is sent back to."""
        answer = requests.get(address, allow_redirects=False, verify=self.ca_file, timeout=PATIENCE)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]


@contextmanager
def oidc_provider(folder: Path) -> Iterator[OidcProvider]:
    """Start one; it ends with the block.

    Args:
        folder: an empty one, for its certificate.
    """
    own = own_certificate("localhost")
    files = {"server.crt": own.body["chain"], "server.key": own.body["key"], "ca.crt": own.root.pem}
    for name, content in files.items():
        (folder / name).write_text(content)
    certificate, key, ca_file = (str(folder / name) for name in files)
    command = [sys.executable, __file__, certificate, key]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            issuer = process.stdout.readline().strip()
            assert issuer, "the provider did not start"
            yield OidcProvider(issuer, own.root.pem, ca_file)
        finally:
            process.terminate()


def make_app(issuer: str) -> Flask:
    """The provider's own side."""
    app = Flask(__name__)
    keys = Keys()
    said: dict[str, Any] = {"lie": "", "claims": {}}
    asked: dict[str, dict[str, str]] = {}

    @app.put("/test")
    def test() -> ResponseReturnValue:
        said.update(request.get_json())
        return Response(status=204)

    @app.get("/.well-known/openid-configuration")
    def description() -> ResponseReturnValue:
        addresses = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
        named = said["lie"].removeprefix("called ") if said["lie"].startswith("called ") else issuer
        found = {"issuer": named} | {name: issuer + path for name, path in addresses.items()}
        if said["lie"].startswith("unencrypted "):
            name = said["lie"].removeprefix("unencrypted ")
            found[name] = found[name].replace("https://", "http://")
        return jsonify(found)

    @app.get("/keys")
    def public_keys() -> ResponseReturnValue:
        return jsonify(KeySet([keys.own, keys.elliptic]).as_dict(private=False))

    @app.get("/authorize")
    def authorize() -> ResponseReturnValue:
        query = request.args.to_dict()
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT_ID
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = token_urlsafe()
        asked[code] = query
        return redirect(f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}")

    @app.post("/token")
    def trade() -> ResponseReturnValue:
        client = b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
        query = asked.pop(request.form["code"], None)
        if client != f"{quote_plus(CLIENT_ID)}:{quote_plus(CLIENT_SECRET)}" or query is None:
            return jsonify({"error": "invalid_client"}), 401
        challenge = create_s256_code_challenge(request.form["code_verifier"])
        if challenge != query["code_challenge"] or request.form["redirect_uri"] != query["redirect_uri"]:
            return jsonify({"error": "invalid_grant"}), 400
        token = id_token(issuer, keys, said, query["nonce"])
        return jsonify({"access_token": "x", "token_type": "Bearer", "id_token": token})

    return app


LIES: dict[str, Any] = {
    "nonce": lambda _now: {"nonce": "another"},
    "no nonce": lambda _now: {"nonce": None},
    "audience": lambda _now: {"aud": "another"},
    "two audiences": lambda _now: {"aud": [CLIENT_ID, "another"], "azp": "another"},
    "issuer": lambda _now: {"iss": "https://another.example.com"},
    "expired": lambda now: {"iat": now - 900, "exp": now - 600},
    "no end": lambda _now: {"exp": None},
    "from the future": lambda now: {"iat": now + 600, "exp": now + 900},
    "no subject": lambda _now: {"sub": None},
    "no name": lambda _now: {"preferred_username": None},
}


def id_token(issuer: str, keys: "Keys", said: dict[str, Any], nonce: str) -> str:
    """The ID token of a login, with the lie that was asked for."""
    now = int(time.time())
    claims = {"iss": issuer, "aud": CLIENT_ID, "sub": "1", "iat": now, "exp": now + LIFE, "nonce": nonce}
    claims |= said["claims"] | LIES.get(said["lie"], lambda _now: {})(now)
    claims = {name: value for name, value in claims.items() if value is not None}
    match said["lie"]:
        case "signature":
            return jwt.encode({"alg": "RS256", "kid": "1"}, claims, keys.strangers)
        case "shared secret":
            return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(CLIENT_SECRET))
        case "no signature":
            return jwt.encode({"alg": "none"}, claims, OctKey.import_key("none"), algorithms=["none"])
        case "elliptic":
            return jwt.encode({"alg": "ES256", "kid": "2"}, claims, keys.elliptic)
    return jwt.encode({"alg": "RS256", "kid": "1"}, claims, keys.own)


class Keys:
    """The provider's own two, and one that is not its own and says it is."""

    def __init__(self) -> None:
        self.own = RSAKey.generate_key(2048, {"kid": "1", "use": "sig"})
        self.elliptic = ECKey.generate_key("P-256", {"kid": "2", "use": "sig"})
        self.strangers = RSAKey.generate_key(2048, {"kid": "1", "use": "sig"})


def main(certificate: str, key: str) -> None:
    """Print the issuer and serve until the process is ended."""
    server = make_server("127.0.0.1", 0, app := Flask(__name__), threaded=True, ssl_context=(certificate, key))
    issuer = f"https://localhost:{server.server_port}"
    server.app = make_app(issuer)
    del app
    sys.stdout.write(f"{issuer}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
