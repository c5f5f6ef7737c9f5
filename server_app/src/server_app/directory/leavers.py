"""Ends what people may still do here whom the directory would not let in any more."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from server_app.accounts.models import LoginSession, Source, User
from server_app.audit import actor
from server_app.audit.actor import Actor, ActorKind
from server_app.db import Database
from server_app.directory import ldap, people
from server_app.directory.groups import External, standing_of
from server_app.directory.preferences import LdapSection
from server_app.errors import Forbidden
from server_app.preferences import service as preferences
from server_app.tokens import service as tokens
from server_app.tokens.models import ApiToken

LOG = structlog.get_logger(__name__)


def look(database: Database, now: datetime) -> None:
    """Ask the directory after all who have a session or an API token, and bring them up to date as a login does.

    While it does not answer, nothing changes. A provider of OpenID Connect cannot be asked after somebody.
    """
    with database.reading() as session:
        section = preferences.load(session, LdapSection)
        users = _with_logins(session) if section.enabled else ()
    if not users:
        return
    try:
        found = ldap.still_there(section, [(user.name, user.external_id or "") for user in users])
    except ldap.DirectoryDown as error:
        LOG.warning("directory_does_not_answer", url=section.url, reason=str(error))
        return
    with actor.acting(Actor(ActorKind.SYSTEM, name=Source.LDAP.value)):
        for user, who in zip(users, found, strict=True):
            with database.writing() as session:
                _bring_up_to_date(session, section, user.id, who, now)


def _with_logins(session: Session) -> Sequence[User]:
    has_one = exists().where(LoginSession.user_id == User.id) | exists().where(ApiToken.user_id == User.id)
    return session.scalars(select(User).where(User.source == Source.LDAP, has_one).order_by(User.id)).all()


def _bring_up_to_date(
    session: Session, section: LdapSection, user_id: int, who: External | None, now: datetime
) -> None:
    user = session.get(User, user_id)
    if user is None:
        return
    admitted = None
    try:
        if who is not None:
            standing = standing_of(who, section.roles, section.default_role, section.divisions)
            admitted = people.admit(session, Source.LDAP, who, standing, now)
    except Forbidden as error:  # as their next login would be
        LOG.warning("directory_user_refused", name=user.name, reason=str(error))
    if admitted is None:
        LOG.info("directory_user_left", name=user.name)
        tokens.end_logins(session, user.id)
