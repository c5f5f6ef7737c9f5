from apiflask import APIBlueprint
from flask import Response

from sensor_wire.v1.event import MAX_BATCH_BYTES, BatchResult
from server_app.accounts.principal import Principal
from server_app.api_base.auth import login_required
from server_app.api_base.body import queried, receives
from server_app.api_base.described import answers_with, refuses
from server_app.api_base.sensor_auth import certificate_required
from server_app.context import context
from server_app.db import now
from server_app.events import export, queries
from server_app.events.download import MEDIA_TYPES, export_slot, file_of
from server_app.events.ingest import Accepted, read_sound
from server_app.events.schemas import (
    Batch,
    EventDetail,
    EventItem,
    EventList,
    event_detail,
    event_list,
)
from server_app.events.wanted import EventExport, EventFilter, Format
from server_app.metrics.instruments import count_events
from server_app.pki.client_cert import Proof


def make_blueprint() -> APIBlueprint:
    """`/api/events`: sensors upload, people read."""
    blueprint = APIBlueprint("events", __name__, url_prefix="/api/events")

    @blueprint.post("")
    @blueprint.output(BatchResult)
    @refuses(503)
    @certificate_required
    @receives(Batch, MAX_BATCH_BYTES, at_once=read_sound)
    def upload(body: Batch | list[Accepted], proof: Proof) -> Response:
        """Store events of the sensor whose certificate this is; sending them again is harmless."""
        intake, moment = context().intake, now()
        if isinstance(body, Batch):
            result = intake.record(proof, body.events, moment)
        else:
            result = intake.record_read(proof, body, moment)
        count_events(result)
        return Response(result.model_dump_json(), mimetype="application/json")

    @blueprint.get("")
    @blueprint.output(EventList)
    @login_required
    @queried(EventFilter)
    def list_events(query: EventFilter, principal: Principal) -> EventList:
        """List events, newest first."""
        with context().database.reading() as session:
            return event_list(queries.list_events(session, principal, query))

    @blueprint.get("/export")
    @blueprint.output({}, content_type=MEDIA_TYPES[Format.CSV])
    @answers_with(*MEDIA_TYPES.values())
    @refuses(429)
    @login_required
    @queried(EventExport)
    def export_events(query: EventExport, principal: Principal) -> Response:
        """All events that the list shows with these conditions as one file; details and packets are in NDJSON only."""
        whole = query.format is Format.NDJSON
        slot = export_slot(principal.user_id)
        chunks = export.events(context().database, principal, query, whole=whole)
        return file_of(chunks, EventDetail if whole else EventItem, query.format, "Events", slot)

    @blueprint.get("/<int:event_id>")
    @blueprint.output(EventDetail)
    @login_required
    def get_event(event_id: int, principal: Principal) -> EventDetail:
        """One event with its details and packets."""
        with context().database.reading() as session:
            return event_detail(queries.get_event(session, principal, event_id))

    return blueprint
