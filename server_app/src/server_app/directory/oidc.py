"""Logins by an OpenID Connect provider: sent there with state, nonce and PKCE, and accepted back once."""

from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from secrets import token_urlsafe
from urllib.parse import urlencode

import structlog
from sqlalchemy import delete

from server_app.accounts import service as accounts
from server_app.accounts.hashing import token_hash
from server_app.accounts.models import Source
from server_app.accounts.sessions import Login
from server_app.audit import actor
from server_app.audit.actor import Actor, ActorKind
from server_app.db import Database
from server_app.directory import oidc_provider, people
from server_app.directory.groups import standing_of
from server_app.directory.models import OidcAttempt
from server_app.directory.oidc_preferences import OidcSection
from server_app.directory.oidc_provider import NotProven, ProviderDown
from server_app.directory.service import NO_ROLE, RETRY_SECONDS
from server_app.errors import Forbidden, NotFound, Unauthenticated, Unavailable
from server_app.preferences import service as preferences

LOG = structlog.get_logger(__name__)
LONGEST = timedelta(minutes=10)
REFUSED = "This login did not come back as it should have. Start again."


def begin(database: Database, redirect_uri: str, now: datetime) -> tuple[str, str]:
    """Prepare a login.

    Returns:
        Where to send the browser, and what it has to bring back in a cookie.

    Raises:
        NotFound: there is no provider.
        Unavailable: it does not answer.
    """
    section = _section(database)
    try:
        provider = oidc_provider.discover(section)
    except ProviderDown as error:
        raise _unavailable(section, error) from error
    state, browser, nonce, verifier = (token_urlsafe(32) for _ in range(4))
    with database.writing() as session:
        session.execute(delete(OidcAttempt).where(OidcAttempt.created_at < now - LONGEST))
        session.add(
            OidcAttempt(
                state_hash=token_hash(state),
                browser_hash=token_hash(browser),
                nonce=nonce,
                verifier=verifier,
                created_at=now,
            )
        )
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    query = {
        "response_type": "code",
        "client_id": section.client_id,
        "redirect_uri": redirect_uri,
        "scope": section.scope,
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    separator = "&" if "?" in provider.authorization else "?"
    return f"{provider.authorization}{separator}{urlencode(query)}", browser


def finish(  # noqa: PLR0913 - what came back consists of so many parts
    database: Database, redirect_uri: str, *, code: str, state: str, browser: str, address: str, now: datetime
) -> Login:
    """Accept somebody back from the provider and begin a session.

    Args:
        database: where attempts and users are.
        redirect_uri: the same as at the beginning.
        code: what the provider gave for the ID token.
        state: which attempt this is.
        browser: what the cookie holds.
        address: of the browser.
        now: the current moment.

    Raises:
        NotFound: there is no provider.
        Unauthenticated: no such attempt, it was another browser's or has come back before, or the ID token is wrong.
        Forbidden: they may not log in here.
        Unavailable: the provider does not answer.
    """
    section = _section(database)
    attempt = _taken(database, state, browser, now)
    try:
        provider = oidc_provider.discover(section)
        token = oidc_provider.trade(section, provider, code, attempt.verifier, redirect_uri)
        found = oidc_provider.verified(section, provider, token, attempt.nonce, now)
    except ProviderDown as error:
        raise _unavailable(section, error) from error
    except NotProven as error:
        LOG.warning("oidc_login_refused", reason=str(error))
        with database.writing() as session:
            accounts.record_failure(session, None, address)
        raise Unauthenticated(REFUSED) from error
    accounts.begin_attempt(database, found.name, address, now)
    standing = standing_of(found, section.roles, section.default_role, section.divisions)
    by = Actor(ActorKind.SYSTEM, name=Source.OIDC.value, address=address)
    with actor.acting(by), database.writing() as session:
        user = people.admit(session, Source.OIDC, found, standing, now)
    if user is None:
        raise Forbidden(NO_ROLE)
    return accounts.complete(database, user, found.name, address, now)


def is_enabled(database: Database) -> bool:
    """Whether there is a provider to log in by."""
    with database.reading() as session:
        return preferences.load(session, OidcSection).enabled


def _section(database: Database) -> OidcSection:
    with database.reading() as session:
        section = preferences.load(session, OidcSection)
    if not section.enabled:
        raise NotFound("There is no OpenID Connect provider. Log in with name and password.")
    return section


def _taken(database: Database, state: str, browser: str, now: datetime) -> OidcAttempt:
    # Taken away in one statement: of two that come back with the same state, one finds nothing.
    found = delete(OidcAttempt).where(OidcAttempt.state_hash == token_hash(state)).returning(OidcAttempt)
    with database.writing() as session:
        attempt = session.scalars(found).first()
        if attempt is not None:
            session.expunge(attempt)
    if attempt is None or now - attempt.created_at > LONGEST:
        raise Unauthenticated(REFUSED)
    if not compare_digest(attempt.browser_hash, token_hash(browser)):
        raise Unauthenticated(REFUSED)
    return attempt


def _unavailable(section: OidcSection, error: ProviderDown) -> Unavailable:
    LOG.error("oidc_provider_does_not_answer", issuer=section.issuer, reason=str(error))
    return Unavailable("The login provider does not answer. Try again later.", RETRY_SECONDS)
