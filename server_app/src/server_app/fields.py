"""Field types that several bodies share."""

import re
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, Field, StringConstraints

Name = Annotated[str, StringConstraints(min_length=1, max_length=50, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""What people call something; no control characters."""
FreeText = Annotated[str, StringConstraints(max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$")]
MailAddress = Annotated[
    str,
    StringConstraints(max_length=254, pattern=r"^([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,189})?$"),
    Field(examples=["alice@example.com"]),
]
"""A mail address, or nothing. As HTML's input field has it: no quoted or international local parts."""
PollInterval = Annotated[int, Field(ge=1, le=86400, description="seconds")]

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _read(value: object) -> object:
    # Pydantic would take "30" for half a minute after 1970.
    if not isinstance(value, str):
        return value
    if not RFC_3339.fullmatch(value):
        raise ValueError("must be a moment with its offset from UTC (RFC 3339), as 2026-01-31T12:00:00Z")
    return datetime.fromisoformat(value.upper())


Moment = Annotated[AwareDatetime, BeforeValidator(_read)]
"""A moment with its offset from UTC, as people and programs write it."""

MAX_ROW_ID = 2**63 - 1
RowId = Annotated[int, Field(ge=1, le=MAX_ROW_ID)]
"""The number of a row, as far as a database can count."""
