"""System-wide settings, by sections."""

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from server_app.accounts.principal import Principal
from server_app.audit import service as audit
from server_app.audit.changes import HIDDEN
from server_app.db import upsert
from server_app.errors import Invalid
from server_app.field_errors import field_errors
from server_app.preferences.models import Preference
from server_app.preferences.section import Section


def load[S: Section](session: Session, section: type[S]) -> S:
    """A section as it holds: what is stored, and defaults for the rest."""
    stored = session.scalar(select(Preference.value).where(Preference.section == section.name))
    return section.model_validate(stored or {})


def store(session: Session, who: Principal, value: Section) -> None:
    """Store a whole section.

    Raises:
        Forbidden: only administrators may.
    """
    who.require_admin()
    _replace(session, _locked(session, type(value)), value)


def change[S: Section](session: Session, who: Principal, given: S) -> S:
    """Change those fields of a section that were given explicitly.

    Returns:
        The section as it holds now.

    Raises:
        Forbidden: only administrators may.
        Invalid: with the fields that stay, it does not fit together.
    """
    who.require_admin()
    row = _locked(session, type(given))
    try:
        changed = type(given).model_validate(row.value | given.for_storing(given_only=True))
    except ValidationError as error:
        raise Invalid("These settings do not fit together.", field_errors(error)) from error
    if faults := changed.faults():
        raise Invalid("These settings do not fit together.", faults)
    _replace(session, row, changed)
    return changed


def _replace(session: Session, row: Preference, new: Section) -> None:
    previous = type(new).model_validate(row.value)
    old = previous.shown()
    shown = new.shown()
    differing = [name for name in shown if shown[name] != old[name]]
    secrets = {name for name in new.secrets if row.value.get(name) != getattr(new, name)}
    row.value = new.for_storing()
    new.stored(session, previous)
    if differing or secrets:
        after = {name: shown[name] for name in differing} | dict.fromkeys(sorted(secrets), HIDDEN)
        before = {name: old[name] for name in differing}
        audit.record(session, "changed", "settings", None, before, after, label=new.name)


def _locked(session: Session, section: type[Section]) -> Preference:
    """The section's row, made when there is none; of two changes at once, the second sees the first."""
    session.execute(upsert(session, Preference).values(section=section.name, value={}).on_conflict_do_nothing())
    return session.scalars(select(Preference).where(Preference.section == section.name).with_for_update()).one()
