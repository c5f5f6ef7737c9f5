"""An entry's values: what happened, with who acts and when."""

from typing import Any

from server_app.audit import actor
from server_app.audit.actor import Actor
from server_app.db import now

LONGEST_WORD = 64
LONGEST_NAME = 255


def values_of(  # noqa: PLR0913 - an entry has so many parts
    action: str,
    object_type: str,
    object_id: int | None,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    *,
    label: str = "",
    by: Actor | None = None,
) -> dict[str, Any]:
    """The columns of an entry, by whoever acts now unless `by` says otherwise."""
    who = by or actor.current()
    return {
        "time": now(),
        "actor_kind": who.kind,
        "actor_id": who.id,
        "actor_name": who.name[:LONGEST_WORD],
        "token": who.token[:LONGEST_WORD],
        "address": who.address[:LONGEST_WORD],
        "action": action,
        "object_type": object_type,
        "object_id": object_id,
        "object_name": label[:LONGEST_NAME],
        "before": before,
        "after": after,
    }
