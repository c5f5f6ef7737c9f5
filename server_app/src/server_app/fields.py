"""Field types that several bodies share."""

from typing import Annotated

from pydantic import Field, StringConstraints

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

MAX_ROW_ID = 2**63 - 1
RowId = Annotated[int, Field(ge=1, le=MAX_ROW_ID)]
"""The number of a row, as far as a database can count."""
