from sqlalchemy import select
from sqlalchemy.orm import Session

from server_app.accounts.principal import Principal
from server_app.divisions.models import Division
from server_app.errors import Conflict, FieldError, Invalid


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
    if session.scalar(select(Division.id).where(Division.name == name)) is not None:
        raise Conflict("There is a division of this name. Choose another.", (FieldError("/name", "is taken"),))
    division = Division(name=name)
    session.add(division)
    session.flush()
    return division


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
