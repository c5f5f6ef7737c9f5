"""Talks to an OpenID Connect provider: finds its addresses and keys, trades a code for an ID token and checks that."""

import json
import ssl
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus

import requests
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests.adapters import HTTPAdapter

from server_app.directory.groups import External
from server_app.directory.oidc_preferences import OidcSection

SECONDS = 5
MOST_BYTES = 1024 * 1024
CLOCK_OFFSET = 60
ALGORITHMS = ["RS256", "PS256", "ES256", "RS384", "PS384", "ES384", "RS512", "PS512", "ES512", "EdDSA"]
"""Signatures by the provider's private key only: none, and no shared secrets."""


class ProviderDown(Exception):  # noqa: N818 - it says what is the matter
    """The provider does not answer, or not as it is set up to."""


class NotProven(Exception):  # noqa: N818 - it says what is the matter
    """What came back does not prove who it is."""


@dataclass(frozen=True)
class Provider:
    """Where a provider wants people to go, codes to be traded, and where its keys are."""

    authorization: str
    token: str
    keys: str


def discover(section: OidcSection) -> Provider:
    """The provider's own description.

    Raises:
        ProviderDown: there is none, or it is another's.
    """
    found = _ask(section, "GET", f"{section.issuer.rstrip('/')}/.well-known/openid-configuration")
    if found.get("issuer") != section.issuer:
        raise ProviderDown("it calls itself by another name")
    addresses = [str(found.get(f"{name}_endpoint", "")) for name in ("authorization", "token")]
    addresses.append(str(found.get("jwks_uri", "")))
    encrypted = section.issuer.startswith("https://")
    if not all(address.startswith("https://" if encrypted else "http") for address in addresses):
        raise ProviderDown("it names addresses that are not encrypted")
    return Provider(*addresses)


def trade(section: OidcSection, provider: Provider, code: str, verifier: str, redirect_uri: str) -> str:
    """The ID token for a code.

    Raises:
        ProviderDown: the provider does not answer.
        NotProven: it refuses the code.
    """
    body = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier}
    secret = section.client_secret.text if section.client_secret else ""
    client = quote_plus(section.client_id), quote_plus(secret)  # RFC 6749, section 2.3.1
    answer = _ask(section, "POST", provider.token, data=body, auth=client)
    token = answer.get("id_token")
    if not isinstance(token, str):
        raise NotProven(f"the provider refuses the code: {answer.get('error', 'no ID token')}"[:200])
    return token


def verified(section: OidcSection, provider: Provider, token: str, nonce: str, now: datetime) -> External:
    """Who an ID token is about, once its signature, issuer, audience, times and nonce have been checked.

    Raises:
        ProviderDown: its keys cannot be had.
        NotProven: one of these is not as it must be.
    """
    keys = _ask(section, "GET", provider.keys)
    claims_must_be = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=CLOCK_OFFSET,
        iss={"essential": True, "value": section.issuer},
        aud={"essential": True, "value": section.client_id},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        claims = jwt.decode(token, KeySet.import_key_set(keys), algorithms=ALGORITHMS).claims  # type: ignore[arg-type] # checked by joserfc itself
        claims_must_be.validate(claims)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise NotProven(f"the ID token: {type(error).__name__}: {error}"[:200]) from error
    audience = claims["aud"]
    if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != section.client_id:
        raise NotProven("the ID token was made for another client")
    return _external(section, claims)


def _external(section: OidcSection, claims: dict[str, Any]) -> External:
    groups = claims.get(section.groups_claim) or []
    name = claims.get(section.name_claim)
    if not isinstance(name, str) or not isinstance(claims["sub"], str):
        raise NotProven(f"the ID token has no {section.name_claim}")
    # An address that the provider has not checked could be somebody else's.
    email = claims.get("email") if claims.get("email_verified") is True else ""
    known = tuple(group for group in groups if isinstance(group, str)) if isinstance(groups, list) else ()
    return External(claims["sub"], name, str(claims.get("name") or ""), str(email or ""), known)


def _ask(section: OidcSection, method: str, url: str, **options: Any) -> dict[str, Any]:
    try:
        with requests.Session() as session:
            session.trust_env = False
            session.mount("https://", _Trusting(section.ca))
            answer = session.request(method, url, timeout=SECONDS, allow_redirects=False, stream=True, **options)
            raw = answer.raw.read(MOST_BYTES + 1, decode_content=True)
            found = json.loads(raw) if len(raw) <= MOST_BYTES else None
    except (requests.RequestException, ssl.SSLError, OSError, ValueError) as error:
        raise ProviderDown(f"{url}: {type(error).__name__}"[:200]) from error
    if not isinstance(found, dict) or answer.status_code >= 500:  # noqa: PLR2004 - the provider's own faults
        raise ProviderDown(f"{url}: status {answer.status_code}"[:200])
    return found


class _Trusting(HTTPAdapter):
    """Trusts one authority; the system's when there is none."""

    def __init__(self, ca: str) -> None:
        self._context = ssl.create_default_context(cadata=ca or None)
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)
