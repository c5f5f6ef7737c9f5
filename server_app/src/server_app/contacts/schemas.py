from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from server_app.api_base.body import ApiModel
from server_app.contacts.models import Contact
from server_app.contacts.service import address_of
from server_app.fields import MailAddress, RowId


class NewContact(ApiModel):
    """A contact to be made: a user of the division, or a bare mail address."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"division": 1, "email": "security@example.com"}]})

    division: RowId
    user: RowId | None = None
    email: Annotated[MailAddress, StringConstraints(min_length=3)] | None = None
    critical_events: bool = True
    all_events: bool = False
    system_alerts: bool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.user is None) == (self.email is None):
            raise ValueError("give either user or email")
        return self


class ContactChange(ApiModel):
    """What the contact wants to be told of; what is left out stays."""

    critical_events: bool = False  # the defaults are never looked at
    all_events: bool = False
    system_alerts: bool = False


class ContactItem(ApiModel):
    """A contact; `address` is where mail goes, null while its user is disabled or has none."""

    id: int
    division: int
    division_name: str
    user: int | None
    user_name: Annotated[str, Field(examples=["alice"])] | None
    email: str | None
    address: Annotated[str, Field(examples=["alice@example.com"])] | None
    critical_events: bool
    all_events: bool
    system_alerts: bool


class ContactList(ApiModel):
    """All contacts the user sees."""

    items: list[ContactItem]
    next: None = None


class ContactFilter(BaseModel):
    """Which contacts to list."""

    division: RowId | None = None


def contact_item(contact: Contact) -> ContactItem:
    """A row as the API shows it."""
    return ContactItem(
        id=contact.id,
        division=contact.division_id,
        division_name=contact.division.name,
        user=contact.user_id,
        user_name=contact.user.name if contact.user else None,
        email=contact.email,
        address=address_of(contact),
        critical_events=contact.critical_events,
        all_events=contact.all_events,
        system_alerts=contact.system_alerts,
    )
