"""System-wide settings, by sections."""

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from server_app.accounts.principal import Principal
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
    _locked(session, type(value)).value = value.model_dump(mode="json")


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
        changed = type(given).model_validate(row.value | given.model_dump(mode="json", exclude_unset=True))
    except ValidationError as error:
        raise Invalid("These settings do not fit together.", field_errors(error)) from error
    row.value = changed.model_dump(mode="json")
    return changed


def _locked(session: Session, section: type[Section]) -> Preference:
    """The section's row, made when there is none; of two changes at once, the second sees the first."""
    session.execute(upsert(session, Preference).values(section=section.name, value={}).on_conflict_do_nothing())
    return session.scalars(select(Preference).where(Preference.section == section.name).with_for_update()).one()
