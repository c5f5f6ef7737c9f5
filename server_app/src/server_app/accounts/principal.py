"""Who asks, and what they may touch. Pure: services take it as an argument."""

from dataclasses import dataclass

from server_app.accounts.models import Role
from server_app.errors import Forbidden


@dataclass(frozen=True)
class Principal:
    """A logged-in user. `divisions` is None for administrators, who see all of them."""

    user_id: int
    name: str
    role: Role
    divisions: frozenset[int] | None

    def sees(self, division_id: int) -> bool:
        """Whether things of this division are shown to this user."""
        return self.divisions is None or division_id in self.divisions

    @property
    def may_write(self) -> bool:
        """Whether this user may change things of the divisions they see."""
        return self.role is not Role.OBSERVER

    @property
    def is_admin(self) -> bool:
        """Whether this user may change what all divisions share."""
        return self.role is Role.ADMIN

    def require_write(self) -> None:
        """Raises `Forbidden` for observers."""
        if not self.may_write:
            raise Forbidden("Observers can only look. Ask a manager of the division or an administrator.")

    def require_admin(self) -> None:
        """Raises `Forbidden` for all but administrators."""
        if not self.is_admin:
            raise Forbidden("Only administrators may do this.")
