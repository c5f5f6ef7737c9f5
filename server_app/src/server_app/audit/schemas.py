from datetime import datetime
from typing import Any

from server_app.api_base.body import ApiModel
from server_app.audit.actor import ActorKind
from server_app.audit.models import AuditEntry
from server_app.paging import Page


class ActorItem(ApiModel):
    """Who did it: for users and their tokens `id` is the user's number, for sensors the sensor's.

    Where the worker did what a user had asked for, `address` is `worker`.
    """

    kind: ActorKind
    id: int | None
    name: str
    token: str
    address: str


class ObjectItem(ApiModel):
    """What it was done to."""

    type: str
    id: int | None
    name: str


class AuditItem(ApiModel):
    """A change or a login. `before` and `after` have the attributes that changed; secrets are named without value."""

    id: int
    time: datetime
    actor: ActorItem
    action: str
    object: ObjectItem
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class AuditList(ApiModel):
    """A page of entries."""

    items: list[AuditItem]
    next: str | None


def audit_list(page: Page[AuditEntry]) -> AuditList:
    """A page of rows as the API shows it."""
    return AuditList(items=[_item(entry) for entry in page.items], next=page.next)


def _item(entry: AuditEntry) -> AuditItem:
    return AuditItem(
        id=entry.id,
        time=entry.time,
        actor=ActorItem(
            kind=entry.actor_kind,
            id=entry.actor_id,
            name=entry.actor_name,
            token=entry.token,
            address=entry.address,
        ),
        action=entry.action,
        object=ObjectItem(type=entry.object_type, id=entry.object_id, name=entry.object_name),
        before=entry.before,
        after=entry.after,
    )
