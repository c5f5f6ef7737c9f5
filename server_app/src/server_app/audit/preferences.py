from typing import Annotated, ClassVar

from pydantic import Field

from server_app.preferences.section import Section


class AuditSection(Section):
    """How long changes and logins are kept."""

    name: ClassVar[str] = "audit"

    keep_days: Annotated[int, Field(ge=7, le=3650)] = 365
