from http import HTTPStatus

from apiflask import APIBlueprint
from flask import Response

from server_app.accounts.principal import Principal
from server_app.api_base.auth import login_required
from server_app.api_base.body import queried, receives
from server_app.api_base.described import answers_with, makes, refuses
from server_app.context import context
from server_app.events import export, mass, queries
from server_app.events.changes import MassAction, MassResult, SessionChange
from server_app.events.download import MEDIA_TYPES, export_slot, file_of
from server_app.events.schemas import SessionItem, SessionList, session_item, session_list
from server_app.events.wanted import Format, SessionExport, SessionFilter


def make_blueprint() -> APIBlueprint:
    """`/api/events/sessions`: what people look at and work on."""
    blueprint = APIBlueprint("event_sessions", __name__, url_prefix="/api/events/sessions")

    @blueprint.get("")
    @blueprint.output(SessionList)
    @login_required
    @queried(SessionFilter)
    def list_sessions(query: SessionFilter, principal: Principal) -> SessionList:
        """List sessions by their last event, newest first."""
        with context().database.reading() as session:
            return session_list(queries.list_sessions(session, principal, query))

    @blueprint.get("/export")
    @blueprint.output({}, content_type=MEDIA_TYPES[Format.CSV])
    @answers_with(*MEDIA_TYPES.values())
    @refuses(429)
    @login_required
    @queried(SessionExport)
    def export_sessions(query: SessionExport, principal: Principal) -> Response:
        """All sessions that the list shows with these conditions as one file."""
        slot = export_slot(principal.user_id)
        chunks = export.sessions(context().database, principal, query)
        return file_of(chunks, SessionItem, query.format, "Sessions", slot)

    @blueprint.post("/mass")
    @blueprint.output(MassResult)
    @login_required
    @makes
    @refuses(404)
    @receives(MassAction)
    def act_on_many(body: MassAction, principal: Principal) -> MassResult:
        """Change, archive or delete many sessions, by their numbers or by the list's own conditions.

        More than a thousand are left to a background task.
        """
        with context().database.writing() as session:
            count, task = mass.act(session, principal, body)
        if task is not None:
            context().queue.enqueue(mass.TASK, task)
        return MassResult(sessions=count, task=task)

    @blueprint.get("/<int:session_id>")
    @blueprint.output(SessionItem)
    @login_required
    def get_session(session_id: int, principal: Principal) -> SessionItem:
        """One session; its events are in the list of events, by sensor and session."""
        with context().database.reading() as session:
            return session_item(queries.get_session(session, principal, session_id))

    @blueprint.patch("/<int:session_id>")
    @blueprint.output(SessionItem)
    @login_required
    @receives(SessionChange)
    def change_session(session_id: int, body: SessionChange, principal: Principal) -> SessionItem:
        """Set status, comment or assignee of a session, or put it into the archive and back."""
        with context().database.writing() as session:
            mass.act(session, principal, MassAction(ids=[session_id], change=body))
            return session_item(queries.get_session(session, principal, session_id))

    @blueprint.delete("/<int:session_id>")
    @blueprint.output({}, status_code=204)
    @login_required
    def delete_session(session_id: int, principal: Principal) -> Response:
        """Delete a session with its events; statistics still count them."""
        with context().database.writing() as session:
            mass.act(session, principal, MassAction(ids=[session_id], delete=True))
        return Response(status=HTTPStatus.NO_CONTENT)

    return blueprint
