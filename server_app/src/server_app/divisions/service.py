from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from server_app.accounts.principal import Principal
from server_app.divisions.models import Division
from server_app.errors import Conflict, FieldError, Invalid, NotFound

NAMED = 10


def list_divisions(session: Session, who: Principal) -> list[Division]:
    """The divisions a user sees, by name."""
    found = session.scalars(select(Division).order_by(Division.name)).all()
    return [division for division in found if who.sees(division.id)]


def create_division(session: Session, who: Principal, name: str) -> Division:
    """Add a division.

    Raises:
        Forbidden: only administrators may.
        Conflict: the name is taken.
    """
    who.require_admin()
    _refuse_taken(session, name, None)
    division = Division(name=name)
    session.add(division)
    session.flush()
    return division


def get_division(session: Session, who: Principal, division_id: int) -> Division:
    """One division.

    Raises:
        NotFound: there is none of this number that the user sees.
    """
    division = session.get(Division, division_id)
    if division is None or not who.sees(division_id):
        raise NotFound(f"There is no division {division_id}.")
    return division


def rename_division(session: Session, who: Principal, division_id: int, name: str) -> Division:
    """Give a division another name.

    Raises:
        NotFound: there is none of this number that the user sees.
        Forbidden: only administrators may.
        Conflict: the name is taken.
    """
    division = get_division(session, who, division_id)
    who.require_admin()
    _refuse_taken(session, name, division_id)
    division.name = name
    return division


def delete_division(session: Session, who: Principal, division_id: int, sensor_names: Sequence[str]) -> None:
    """Remove a division with its contacts and memberships.

    Args:
        session: a writing one.
        who: the acting user.
        division_id: which.
        sensor_names: of the sensors that belong to it; with any, it stays.

    Raises:
        NotFound: there is none of this number that the user sees.
        Forbidden: only administrators may.
        Conflict: there are sensors in it.
    """
    division = get_division(session, who, division_id)
    who.require_admin()
    if sensor_names:
        shown = ", ".join(sensor_names[:NAMED]) + (" …" if len(sensor_names) > NAMED else "")
        raise Conflict(f"There are sensors in this division: {shown}. Move or remove them first.")
    session.delete(division)


def writable_division(session: Session, who: Principal, division_id: int) -> Division:
    """The division, for a user who wants to put something into it.

    Raises:
        Forbidden: the user only looks.
        Invalid: there is none of this number that the user sees.
    """
    who.require_write()
    division = session.get(Division, division_id)
    if division is None or not who.sees(division_id):
        raise Invalid("There is no such division.", (FieldError("/division", "no such division"),))
    return division


def _refuse_taken(session: Session, name: str, own_id: int | None) -> None:
    taken = session.scalar(select(Division.id).where(Division.name == name))
    if taken is not None and taken != own_id:
        raise Conflict("There is a division of this name. Choose another.", (FieldError("/name", "is taken"),))
