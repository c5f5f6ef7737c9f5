from apiflask import APIBlueprint
from flask import Response
from sqlalchemy.orm import Session

from server_app.accounts.principal import Principal
from server_app.api_base.auth import login_required
from server_app.api_base.body import queried, receives
from server_app.api_base.described import refuses
from server_app.context import context
from server_app.db import now
from server_app.events import gone
from server_app.paging import PageRequest
from server_app.preferences import service as preferences
from server_app.sensors import history, service
from server_app.sensors.answers import (
    SensorItem,
    SensorList,
    StatusAnswer,
    StatusChangeItem,
    StatusHistory,
    sensor_item,
)
from server_app.sensors.environment import environment
from server_app.sensors.models import Sensor
from server_app.sensors.preferences import SensorSection
from server_app.sensors.queries import SensorFilter, find_sensors
from server_app.sensors.schemas import NewSensor, SensorChange


def make_blueprint() -> APIBlueprint:
    """`/api/sensors` for people; what sensors themselves call is in `polling` and `enrolment`."""
    blueprint = APIBlueprint("sensors", __name__, url_prefix="/api/sensors")

    @blueprint.get("")
    @blueprint.output(SensorList)
    @login_required
    @queried(SensorFilter)
    def list_sensors(query: SensorFilter, principal: Principal) -> SensorList:
        """List the sensors the user sees, by name."""
        with context().database.reading() as session:
            system = preferences.load(session, SensorSection)
            page = find_sensors(session, principal, query, now())
            items = [sensor_item(row, system, environment(), now()) for row in page.items]
            return SensorList(items=items, next=page.next)

    @blueprint.post("")
    @blueprint.output(SensorItem, status_code=201)
    @login_required
    @refuses(503)
    @receives(NewSensor)
    def create_sensor(body: NewSensor, principal: Principal) -> SensorItem:
        """Add a sensor."""
        with context().database.writing() as session:
            return _item(session, service.create_sensor(session, principal, body.values(), now()))

    @blueprint.get("/<int:sensor_id>")
    @blueprint.output(SensorItem)
    @login_required
    def get_sensor(sensor_id: int, principal: Principal) -> SensorItem:
        """One sensor."""
        with context().database.reading() as session:
            return _item(session, service.get_sensor(session, principal, sensor_id))

    @blueprint.patch("/<int:sensor_id>")
    @blueprint.output(SensorItem)
    @login_required
    @refuses(503)
    @receives(SensorChange)
    def update_sensor(sensor_id: int, body: SensorChange, principal: Principal) -> SensorItem:
        """Change a sensor; what is left out stays, null gives it the system's value."""
        with context().database.writing() as session:
            return _item(session, service.update_sensor(session, principal, sensor_id, body.values()))

    @blueprint.delete("/<int:sensor_id>")
    @blueprint.output({}, status_code=204)
    @login_required
    def delete_sensor(sensor_id: int, principal: Principal) -> Response:
        """Remove a sensor with its certificates, assignments and events; nobody sees those from now on."""
        with context().database.writing() as session:
            service.delete_sensor(session, principal, sensor_id)
        context().queue.enqueue(gone.TASK)  # if this fails, the worker finds them by itself
        return Response(status=204)

    @blueprint.get("/status/by-sensor/<int:sensor_id>")
    @blueprint.output(StatusAnswer)
    @login_required
    def status(sensor_id: int, principal: Principal) -> StatusAnswer:
        """What a sensor last reported."""
        with context().database.reading() as session:
            sensor = service.get_sensor(session, principal, sensor_id)
            return StatusAnswer(
                sensor=sensor.id,
                state=service.state_of(sensor, now()),
                health=sensor.status.health,
                problems=service.problems_of(sensor),
                last_contact=sensor.status.last_contact_at,
                generation=sensor.status.generation,
                report=service.report_of(sensor),
            )

    @blueprint.get("/<int:sensor_id>/status-history")
    @blueprint.output(StatusHistory)
    @login_required
    @queried(PageRequest)
    def status_history(sensor_id: int, query: PageRequest, principal: Principal) -> StatusHistory:
        """When a sensor came, went silent or reported something else, newest first."""
        with context().database.reading() as session:
            page = history.list_changes(session, principal, sensor_id, query)
            return StatusHistory(items=[StatusChangeItem.model_validate(row) for row in page.items], next=page.next)

    return blueprint


def _item(session: Session, sensor: Sensor) -> SensorItem:
    return sensor_item(sensor, preferences.load(session, SensorSection), environment(), now())
