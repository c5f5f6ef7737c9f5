"""Incident contacts of divisions: who is told of what, seen by the division's users, changed by its managers."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload, selectinload

from server_app.accounts.models import Role, User
from server_app.accounts.principal import Principal
from server_app.contacts.models import Contact
from server_app.divisions import service as divisions
from server_app.divisions.models import Division
from server_app.errors import Conflict, FieldError, Invalid, NotFound

MOST_PER_DIVISION = 100
WANTS = ("critical_events", "all_events", "system_alerts")


class Occasion(StrEnum):
    """What a contact may want to be told of; critical events are among all events."""

    CRITICAL_EVENT = "critical_event"
    EVENT = "event"
    SYSTEM_ALERT = "system_alert"


def list_contacts(session: Session, who: Principal, division_id: int | None) -> Sequence[Contact]:
    """The contacts of the divisions a user sees; of one division only if it is given."""
    query = _visible(who).order_by(Contact.division_id, Contact.id)
    if division_id is not None:
        query = query.where(Contact.division_id == division_id)
    return session.scalars(query).all()


def get_contact(session: Session, who: Principal, contact_id: int) -> Contact:
    """One contact.

    Raises:
        NotFound: there is none of this number that the user sees.
    """
    contact = session.scalar(_visible(who).where(Contact.id == contact_id))
    if contact is None:
        raise NotFound(f"There is no contact {contact_id}.")
    return contact


def create_contact(session: Session, who: Principal, values: dict[str, Any], now: datetime) -> Contact:
    """Add a contact.

    Args:
        session: a writing one.
        who: the acting user.
        values: division (number), user (number) or email, and what it wants.
        now: the current moment.

    Raises:
        Forbidden: the user only looks.
        Invalid: there is no such division for this user, or no such user in the division.
        Conflict: the division has this contact already, or too many.
    """
    division = divisions.writable_division(session, who, values["division"])
    user = _member(session, division, values["user"]) if values["user"] is not None else None
    present = session.scalars(select(Contact).where(Contact.division_id == division.id)).all()
    if len(present) >= MOST_PER_DIVISION:
        raise Conflict(f"A division has {MOST_PER_DIVISION} contacts at most. Remove one first.")
    email = values["email"].lower() if values["email"] else None
    if any((row.user_id, row.email) == (user.id if user else None, email) for row in present):
        place = "/user" if user else "/email"
        raise Conflict("The division has this contact already. Change it instead.", (FieldError(place, "is there"),))
    wants = {name: values[name] for name in WANTS}
    contact = Contact(division=division, user=user, email=email, created_at=now, **wants)
    session.add(contact)
    session.flush()
    return contact


def update_contact(session: Session, who: Principal, contact_id: int, values: dict[str, Any]) -> Contact:
    """Change what a contact wants: those of `WANTS` that `values` has.

    Raises:
        NotFound: there is none of this number that the user sees.
        Forbidden: the user only looks.
    """
    contact = _writable(session, who, contact_id)
    for name in WANTS:
        if name in values:
            setattr(contact, name, values[name])
    return contact


def delete_contact(session: Session, who: Principal, contact_id: int) -> None:
    """Remove a contact.

    Raises:
        NotFound: there is none of this number that the user sees.
        Forbidden: the user only looks.
    """
    session.delete(_writable(session, who, contact_id))


def addresses(session: Session, division_id: int | None, occasion: Occasion) -> list[str]:
    """The mail addresses to write to, each once; without disabled users and those that have no address.

    Args:
        session: where to read.
        division_id: whose contacts; None for those of all divisions.
        occasion: what has happened. A critical event is told to those who want all events, too.
    """
    wanted = {
        Occasion.CRITICAL_EVENT: Contact.critical_events | Contact.all_events,
        Occasion.EVENT: Contact.all_events,
        Occasion.SYSTEM_ALERT: Contact.system_alerts,
    }[occasion]
    query = select(Contact).where(wanted).options(joinedload(Contact.user))
    if division_id is not None:
        query = query.where(Contact.division_id == division_id)
    return sorted({address for row in session.scalars(query) if (address := address_of(row))})


def address_of(contact: Contact) -> str | None:
    """Where to write to a contact; None while its user is disabled or has no address."""
    if contact.user is None:
        return contact.email
    return contact.user.email or None if contact.user.enabled else None


def _visible(who: Principal) -> Select[Contact]:
    query = select(Contact).options(joinedload(Contact.division), joinedload(Contact.user))
    return query if who.divisions is None else query.where(Contact.division_id.in_(who.divisions))


def _writable(session: Session, who: Principal, contact_id: int) -> Contact:
    contact = get_contact(session, who, contact_id)
    who.require_write()
    return contact


def _member(session: Session, division: Division, user_id: int) -> User:
    user = session.get(User, user_id, options=[selectinload(User.divisions)])
    if user is None or (user.role is not Role.ADMIN and division not in user.divisions):
        reason = FieldError("/user", "no such user in this division")
        raise Invalid("There is no such user in this division.", (reason,))
    return user
