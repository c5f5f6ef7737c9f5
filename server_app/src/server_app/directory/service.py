"""Logins with name and password: by this server for its own users, by the directory for all others."""

from datetime import datetime

import structlog
from sqlalchemy import select

from server_app.accounts import service as accounts
from server_app.accounts.models import Source, User
from server_app.accounts.sessions import Login
from server_app.audit import actor
from server_app.audit.actor import Actor, ActorKind
from server_app.db import Database
from server_app.directory import ldap, people
from server_app.directory.groups import External, standing_of
from server_app.directory.preferences import LdapSection
from server_app.errors import FieldError, Forbidden, Unauthenticated, Unavailable
from server_app.preferences import service as preferences

LOG = structlog.get_logger(__name__)
RETRY_SECONDS = 30
NO_ROLE = "You may not log in here: you are disabled, or in no group that may. Ask an administrator."


def log_in(database: Database, username: str, password: str, address: str, now: datetime) -> Login:
    """Check a password and begin a session.

    A name that this server has itself is never looked up in the directory: its users can log in while that is away, and
    nobody becomes one of them by having the same name there.

    Raises:
        Throttled: too many failures of late; the password was not even looked at.
        Unauthenticated: no such user or a wrong password; which of both is not said.
        Forbidden: the directory knows them, but they may not log in here.
        Unavailable: the directory does not answer.
    """
    with database.reading() as session:
        section = preferences.load(session, LdapSection)
        user = session.scalar(select(User).where(User.name == username))
    if not section.enabled or (user is not None and user.source is not Source.LDAP):
        return accounts.log_in(database, username, password, address, now)
    accounts.begin_attempt(database, username, address, now)
    found = _ask(section, username, password)
    if found is None:
        with database.writing() as session:
            accounts.record_failure(session, user, address)
        raise Unauthenticated(accounts.WRONG)
    standing = standing_of(found, section.roles, section.default_role, section.divisions)
    by = Actor(ActorKind.SYSTEM, name=Source.LDAP.value, address=address)
    with actor.acting(by), database.writing() as session:
        admitted = people.admit(session, Source.LDAP, found, standing, now)
        if admitted is None:
            accounts.record_failure(session, user, address)
    if admitted is None:
        raise Forbidden(NO_ROLE)
    return accounts.complete(database, admitted, username, address, now)


def confirm(database: Database, user_id: int, password: str, address: str, now: datetime) -> None:
    """Check that whoever has the session also knows the account's password.

    Raises:
        Throttled: too many failures of late.
        Forbidden: it is another one, or there is none to ask for; the field is `/current_password`.
        Unavailable: the directory does not answer.
    """
    with database.reading() as session:
        section = preferences.load(session, LdapSection)
        user = session.get_one(User, user_id)
    if user.source is not Source.LDAP or not section.enabled:
        accounts.confirm(database, user.id, password, address, now)
        return
    accounts.begin_attempt(database, user.name, address, now)
    found = _ask(section, user.name, password)
    if found is None or found.id != user.external_id:
        with database.writing() as session:
            accounts.record_failure(session, user, address)
        reason = FieldError("/current_password", "is not your password")
        raise Forbidden("This needs your own current password.", (reason,))
    with database.writing() as session:
        accounts.attempt_succeeded(session, user.name, address, now)


def _ask(section: LdapSection, username: str, password: str) -> External | None:
    try:
        return ldap.check(section, username, password)
    except ldap.DirectoryDown as error:
        LOG.error("directory_does_not_answer", url=section.url, reason=str(error))  # noqa: TRY400 - its text says it all
        raise Unavailable("The directory does not answer. Try again later.", RETRY_SECONDS) from error
