from apiflask import APIBlueprint
from flask import Response
from sqlalchemy.orm import Session

from server_app.accounts.principal import Principal
from server_app.api_base.auth import login_required
from server_app.api_base.body import receives
from server_app.context import context
from server_app.db import now
from server_app.preferences import service as preferences
from server_app.sensors import service
from server_app.sensors.environment import environment
from server_app.sensors.models import Sensor
from server_app.sensors.preferences import SensorSection
from server_app.sensors.schemas import NewSensor, SensorChange, SensorItem, SensorList, StatusAnswer, sensor_item


def make_blueprint() -> APIBlueprint:
    """`/api/sensors` for people; what sensors themselves call is in `polling` and `enrolment`."""
    blueprint = APIBlueprint("sensors", __name__, url_prefix="/api/sensors")

    @blueprint.get("")
    @blueprint.output(SensorList)
    @login_required
    def list_sensors(principal: Principal) -> SensorList:
        """List the sensors the user sees."""
        with context().database.reading() as session:
            system = preferences.load(session, SensorSection)
            rows = service.list_sensors(session, principal)
            return SensorList(items=[sensor_item(row, system, environment(), now()) for row in rows])

    @blueprint.post("")
    @blueprint.output(SensorItem, status_code=201)
    @login_required
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
    @receives(SensorChange)
    def update_sensor(sensor_id: int, body: SensorChange, principal: Principal) -> SensorItem:
        """Change a sensor; what is left out stays, null gives it the system's value."""
        with context().database.writing() as session:
            return _item(session, service.update_sensor(session, principal, sensor_id, body.values()))

    @blueprint.delete("/<int:sensor_id>")
    @blueprint.output({}, status_code=204)
    @login_required
    def delete_sensor(sensor_id: int, principal: Principal) -> Response:
        """Remove a sensor with its certificates, assignments and events."""
        with context().database.writing() as session:
            service.delete_sensor(session, principal, sensor_id)
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
                state=_item(session, sensor).state,
                last_contact=sensor.status.last_contact_at,
                generation=sensor.status.generation,
                report=service.report_of(sensor),
            )

    return blueprint


def _item(session: Session, sensor: Sensor) -> SensorItem:
    return sensor_item(sensor, preferences.load(session, SensorSection), environment(), now())
