"""The events: a list of sessions that refreshes itself, and everything about one of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from server_app.accounts.principal import Principal
from server_app.accounts.sessions import Login
from server_app.api_base.body import parsed
from server_app.context import context
from server_app.events.models import Event, EventSession
from server_app.events.queries import events_of, get_session, list_sessions
from server_app.events.wanted import SessionFilter
from server_app.web.fragments import unchanged, version_of
from server_app.web.story import Story, story

MOST_EVENTS = 500
"""Events of one session on a page; who needs more asks the API."""


@dataclass(frozen=True)
class OpenedSession:
    """One session with its first events; `left_out` counts those that are not among them."""

    head: EventSession
    events: Sequence[Event]
    story: Story

    @property
    def left_out(self) -> int:
        """Events that the page does not show."""
        return max(self.head.events - len(self.events), 0)


def events(*, login: Login) -> ResponseReturnValue:
    """The page; `?session=` opens one, `?cursor=` turns to older ones."""
    cursor = request.args.get("cursor")
    number = request.args.get("session", type=int)
    with context().database.reading() as session:
        listed = _listed(session, login.principal, cursor)
        opened = None if number is None else _opened(session, login.principal, number)
        return render_template("events.html", page="events", login=login, opened=opened, **listed)


def event_list(*, login: Login) -> ResponseReturnValue:
    """The newest sessions, if they are not those the page shows."""
    with context().database.reading() as session:
        listed = _listed(session, login.principal, None)
        return unchanged(listed["version"]) or render_template("_sessions.html", **listed)


def event_session(*, login: Login, number: int) -> ResponseReturnValue:
    """One session, unless it still has as many events as the page has seen."""
    with context().database.reading() as session:
        if request.args.get("seen", type=int) == get_session(session, login.principal, number).events:
            return Response(status=HTTPStatus.NO_CONTENT)
        return render_template("_session.html", opened=_opened(session, login.principal, number))


def _listed(session: Session, who: Principal, cursor: str | None) -> dict[str, Any]:
    wanted = parsed(SessionFilter, {"cursor": cursor} if cursor else {})
    page = list_sessions(session, who, wanted)
    version = version_of((row.id, row.events, row.last_time, row.summary, row.sensor.name) for row in page.items)
    return {"sessions": page.items, "older": page.next, "live": cursor is None, "version": version}


def _opened(session: Session, who: Principal, number: int) -> OpenedSession:
    head = get_session(session, who, number)
    rows = events_of(session, head, MOST_EVENTS)
    return OpenedSession(head, rows, story(rows))
