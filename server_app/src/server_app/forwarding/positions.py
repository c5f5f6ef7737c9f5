"""From which event on events are forwarded."""

from sqlalchemy import delete
from sqlalchemy.orm import Session

from server_app.errors import Unavailable
from server_app.events.settled import settled
from server_app.forwarding.models import ForwardingPosition

SYSLOG = "syslog"
RETRY_SECONDS = 30


def begin(session: Session) -> None:
    """Forward all events that are accepted from now on.

    Raises:
        Unavailable: somebody is writing events for too long to say where that is.
    """
    end(session)
    position = settled(session)
    if position is None:
        raise Unavailable("Many events are being changed or removed right now. Try again.", RETRY_SECONDS)
    session.add(ForwardingPosition(destination=SYSLOG, position=position))


def end(session: Session) -> None:
    """Forward no more; what still waits is not delivered."""
    session.execute(delete(ForwardingPosition).where(ForwardingPosition.destination == SYSLOG))
