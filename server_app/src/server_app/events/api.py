from apiflask import APIBlueprint

from sensor_wire.v1.event import MAX_BATCH_BYTES, BatchResult
from server_app.accounts.principal import Principal
from server_app.api_base.auth import login_required
from server_app.api_base.body import queried, receives
from server_app.api_base.sensor_auth import sensor_required
from server_app.context import context
from server_app.db import now
from server_app.events import queries, service
from server_app.events.ingest import Accepted, read_sound
from server_app.events.schemas import (
    Batch,
    EventDetail,
    EventList,
    SessionItem,
    SessionList,
    event_detail,
    event_list,
    session_item,
    session_list,
)
from server_app.events.wanted import EventFilter, SessionFilter
from server_app.metrics.instruments import count_events


def make_blueprint() -> APIBlueprint:
    """`/api/events`: sensors upload, people read."""
    blueprint = APIBlueprint("events", __name__, url_prefix="/api/events")

    @blueprint.post("")
    @blueprint.output(BatchResult)
    @sensor_required
    @receives(Batch, MAX_BATCH_BYTES, at_once=read_sound)
    def upload(body: Batch | list[Accepted], sensor_id: int) -> BatchResult:
        """Store events of the sensor whose certificate this is; sending them again is harmless."""
        database, moment = context().database, now()
        if isinstance(body, Batch):
            result = service.record(database, sensor_id, body.events, moment)
        else:
            result = service.record_read(database, sensor_id, body, moment)
        count_events(result)
        return result

    @blueprint.get("")
    @blueprint.output(EventList)
    @login_required
    @queried(EventFilter)
    def list_events(query: EventFilter, principal: Principal) -> EventList:
        """List events, newest first."""
        with context().database.reading() as session:
            return event_list(queries.list_events(session, principal, query))

    @blueprint.get("/<int:event_id>")
    @blueprint.output(EventDetail)
    @login_required
    def get_event(event_id: int, principal: Principal) -> EventDetail:
        """One event with its details and packets."""
        with context().database.reading() as session:
            return event_detail(queries.get_event(session, principal, event_id))

    @blueprint.get("/sessions")
    @blueprint.output(SessionList)
    @login_required
    @queried(SessionFilter)
    def list_sessions(query: SessionFilter, principal: Principal) -> SessionList:
        """List sessions by their last event, newest first."""
        with context().database.reading() as session:
            return session_list(queries.list_sessions(session, principal, query))

    @blueprint.get("/sessions/<int:session_id>")
    @blueprint.output(SessionItem)
    @login_required
    def get_session(session_id: int, principal: Principal) -> SessionItem:
        """One session; its events are in the list of events, by sensor and session."""
        with context().database.reading() as session:
            return session_item(queries.get_session(session, principal, session_id))

    return blueprint
