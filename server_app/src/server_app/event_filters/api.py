from http import HTTPStatus
from typing import Any

from apiflask import APIBlueprint
from flask import Response
from sqlalchemy.orm import Session

from server_app.accounts.principal import Principal
from server_app.api_base.auth import login_required
from server_app.api_base.body import queried, receives
from server_app.context import context
from server_app.db import now
from server_app.event_filters import dry_run, service
from server_app.event_filters.conditions import Conditions
from server_app.event_filters.models import EventFilter
from server_app.event_filters.schemas import (
    DryRun,
    DryRunResult,
    EventFilterChange,
    EventFilterItem,
    EventFilterList,
    FilterQuery,
    NewEventFilter,
)
from server_app.events.schemas import event_item


def make_blueprint() -> APIBlueprint:
    """`/api/eventfilters`."""
    blueprint = APIBlueprint("eventfilters", __name__, url_prefix="/api/eventfilters")

    @blueprint.get("")
    @blueprint.output(EventFilterList)
    @login_required
    @queried(FilterQuery)
    def list_filters(query: FilterQuery, principal: Principal) -> EventFilterList:
        """List the event filters of the user's divisions and those for all, the last changed first."""
        with context().database.reading() as session:
            page = service.list_filters(session, principal, query, query.division)
            return EventFilterList(items=_items(session, list(page.items)), next=page.next)

    @blueprint.post("")
    @blueprint.output(EventFilterItem, status_code=201)
    @login_required
    @receives(NewEventFilter)
    def create_filter(body: NewEventFilter, principal: Principal) -> EventFilterItem:
        """Add an event filter. Events that match it are hidden from now on, and never dropped."""
        values = _columns(body) | {"division": body.division}
        with context().database.writing() as session:
            return _items(session, [service.create_filter(session, principal, values, now())])[0]

    @blueprint.post("/test")
    @blueprint.output(DryRunResult)
    @login_required
    @receives(DryRun)
    def try_conditions(body: DryRun, principal: Principal) -> DryRunResult:
        """Tell how many stored events some conditions would have matched, with samples. Changes nothing.

        The newest 50,000 events are looked at of those that meet all conditions but the time of day.
        """
        with context().database.reading() as session:
            return _result(dry_run.try_out(session, principal, body.conditions, body.division))

    @blueprint.get("/<int:filter_id>")
    @blueprint.output(EventFilterItem)
    @login_required
    def get_filter(filter_id: int, principal: Principal) -> EventFilterItem:
        """One event filter."""
        with context().database.reading() as session:
            return _items(session, [service.get_filter(session, principal, filter_id)])[0]

    @blueprint.patch("/<int:filter_id>")
    @blueprint.output(EventFilterItem)
    @login_required
    @receives(EventFilterChange)
    def change_filter(filter_id: int, body: EventFilterChange, principal: Principal) -> EventFilterItem:
        """Change what is given and nothing else; it holds for events that arrive from now on."""
        with context().database.writing() as session:
            return _items(session, [service.change_filter(session, principal, filter_id, _columns(body), now())])[0]

    @blueprint.delete("/<int:filter_id>")
    @blueprint.output({}, status_code=204)
    @login_required
    def delete_filter(filter_id: int, principal: Principal) -> Response:
        """Remove an event filter; what it has hidden stays hidden and can still be shown."""
        with context().database.writing() as session:
            service.delete_filter(session, principal, filter_id)
        return Response(status=HTTPStatus.NO_CONTENT)

    @blueprint.post("/<int:filter_id>/test")
    @blueprint.output(DryRunResult)
    @login_required
    def try_filter(filter_id: int, principal: Principal) -> DryRunResult:
        """Tell how many stored events that nothing hides this filter would have matched, with samples.

        The newest 50,000 events are looked at of those that meet all conditions but the time of day.
        """
        with context().database.reading() as session:
            row = service.get_filter(session, principal, filter_id)
            conditions = Conditions.model_validate(row.conditions)
            return _result(dry_run.try_out(session, principal, conditions, row.division_id))

    return blueprint


def _columns(body: NewEventFilter | EventFilterChange) -> dict[str, Any]:
    given = body.model_fields_set | (
        {"description", "enabled", "expires_at"} if isinstance(body, NewEventFilter) else set()
    )
    values = {name: getattr(body, name) for name in given - {"division", "conditions"}}
    if body.conditions is not None:
        values["conditions"] = body.conditions.model_dump(mode="json", exclude_none=True)
    return values


def _items(session: Session, rows: list[EventFilter]) -> list[EventFilterItem]:
    hits = service.hits_of(session, rows)
    return [
        EventFilterItem(
            id=row.id,
            name=row.name,
            description=row.description,
            division=row.division_id,
            enabled=row.enabled,
            expires_at=row.expires_at,
            conditions=Conditions.model_validate(row.conditions),
            changed_at=row.changed_at,
            hits=hits[row.id][0] if row.id in hits else 0,
            last_hit=hits[row.id][1] if row.id in hits else None,
        )
        for row in rows
    ]


def _result(tried: dry_run.Tried) -> DryRunResult:
    return DryRunResult(
        matched=tried.matched,
        complete=tried.complete,
        since=tried.since,
        samples=[event_item(event) for event in tried.samples],
    )
