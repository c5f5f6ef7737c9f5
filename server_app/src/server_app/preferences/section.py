"""What a section of the system-wide settings is. Features declare their own; `sections` lists them all."""

from typing import Any, ClassVar, Self

from pydantic import create_model
from sqlalchemy.orm import Session

from server_app.api_base.model import ApiModel
from server_app.errors import FieldError


class Section(ApiModel):
    """Settings that belong together. Every field has a default; stored is what administrators have said.

    `name` is the section's name in the API and the database. Fields named in `secrets` are `Hidden`
    and write-only: answers have `<field>_set` instead, the audit log neither.
    """

    name: ClassVar[str]
    secrets: ClassVar[frozenset[str]] = frozenset()

    def shown(self) -> dict[str, Any]:
        """The section as people may see it, as JSON values."""
        open_fields = self.model_dump(mode="json", exclude=set(self.secrets))
        return open_fields | {f"{field}_set": getattr(self, field) is not None for field in sorted(self.secrets)}

    def for_storing(self, *, given_only: bool = False) -> dict[str, Any]:
        """The section, or those fields of it that were given explicitly, as JSON values and `Hidden` secrets."""
        plain = self.model_dump(mode="json", exclude=set(self.secrets), exclude_unset=given_only)
        hidden = self.secrets & self.model_fields_set if given_only else self.secrets
        return plain | {name: getattr(self, name) for name in hidden}

    def faults(self) -> tuple[FieldError, ...]:
        """What does not fit together, asked of a whole section before it is stored; the fields alone are valid."""
        return ()

    def stored(self, session: Session, before: Self) -> None:
        """Do what else belongs into the transaction that stores this section instead of another; usually nothing."""


def shown_type(section: type[Section]) -> type[ApiModel]:
    """The type of `Section.shown`, for the API's description."""
    fields: dict[str, Any] = {
        name: (field.annotation, ...) for name, field in section.model_fields.items() if name not in section.secrets
    }
    fields |= {f"{name}_set": (bool, ...) for name in sorted(section.secrets)}
    return create_model(f"{section.__name__}Shown", __base__=ApiModel, __doc__=section.__doc__, **fields)
