from datetime import datetime

from server_app.api_base.model import ApiModel
from server_app.forwarding.preferences import Transport


class Forwarding(ApiModel):
    """How forwarding goes, where it is on.

    `waiting` events are stored and not yet delivered, the oldest since `waiting_since`; `waiting_more` says that there
    are more than were counted. `delivered` counts what was sent since it was switched on, repetitions too; `removed`,
    what people or the retention removed before it was. `failure` is null while all goes well.
    """

    enabled: bool
    host: str
    port: int
    transport: Transport
    waiting: int
    waiting_more: bool
    waiting_since: datetime | None
    delivered: int
    delivered_at: datetime | None
    removed: int
    failing_since: datetime | None
    failure: str | None


class Delivery(ApiModel):
    """Whether the receiver has taken a test message; `failure` names the step that went wrong, and why."""

    host: str
    port: int
    transport: Transport
    delivered: bool
    failure: str | None
