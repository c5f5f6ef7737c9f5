"""What administrators learn about forwarding."""

from sqlalchemy.orm import Session

from server_app.accounts.principal import Principal
from server_app.errors import Conflict, FieldError, Unavailable
from server_app.forwarding import outbox, tasks
from server_app.forwarding.models import ForwardingPosition
from server_app.forwarding.outbox import Waiting
from server_app.forwarding.preferences import ForwardingSection
from server_app.forwarding.schemas import Delivery, Forwarding
from server_app.preferences import service as preferences
from server_app.task_queue import TaskFailed, TaskQueue

WAIT_SECONDS = 40
RETRY_SECONDS = 30
NOTHING = Waiting(0, more=False, since=None)


def state(session: Session, who: Principal) -> Forwarding:
    """How it goes.

    Raises:
        Forbidden: only administrators may ask.
    """
    who.require_admin()
    section = preferences.load(session, ForwardingSection)
    found = outbox.position(session)
    row = found or ForwardingPosition(position=0, delivered=0, removed=0)
    waits = outbox.waiting(session, section, row.position) if found else NOTHING
    return Forwarding(
        enabled=section.enabled,
        host=section.host,
        port=section.port,
        transport=section.transport,
        waiting=waits.events,
        waiting_more=waits.more,
        waiting_since=waits.since,
        delivered=row.delivered,
        delivered_at=row.delivered_at,
        removed=row.removed,
        failing_since=row.failing_since,
        failure=row.failure,
    )


def test(session: Session, who: Principal, queue: TaskQueue) -> Delivery:
    """Let the worker send a test message by the settings as they are, switched on or not.

    Raises:
        Forbidden: only administrators may.
        Conflict: no receiver is named.
        Unavailable: the worker did not answer.
    """
    who.require_admin()
    section = preferences.load(session, ForwardingSection)
    if not section.host:
        raise Conflict(
            "No receiver is named. Set `host` by PATCH /api/settings/forwarding.", (FieldError("/host", "is empty"),)
        )
    try:
        failure: str | None = queue.enqueue(tasks.TEST, urgent=True)(WAIT_SECONDS)
    except (TimeoutError, TaskFailed) as error:
        raise Unavailable("The worker did not do the test. See whether it runs.", RETRY_SECONDS) from error
    return Delivery(
        host=section.host,
        port=section.port,
        transport=section.transport,
        delivered=failure is None,
        failure=failure,
    )
