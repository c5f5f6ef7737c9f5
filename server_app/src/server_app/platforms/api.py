from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from apiflask import APIBlueprint
from flask import Response, request, send_file

from server_app.accounts.principal import Principal
from server_app.api_base.auth import authenticated, login_required
from server_app.api_base.body import queried, receives
from server_app.api_base.described import USER_OR_SENSOR, refuses
from server_app.api_base.sensor_auth import HEADER, authenticated_sensor
from server_app.context import context
from server_app.errors import NotFound, Unavailable
from server_app.platforms import service
from server_app.platforms.kinds import PlatformName
from server_app.platforms.models import Firmware
from server_app.platforms.schemas import FirmwareRemoval, PlatformChange, PlatformItem, PlatformList, platform_item
from server_app.platforms.store import FirmwareStore

RETRY_SECONDS = 3600


def make_blueprint() -> APIBlueprint:
    """`/api/platforms`: what sensors are built for, and their firmware. It is uploaded by `/api/uploads`."""
    blueprint = APIBlueprint("platforms", __name__, url_prefix="/api/platforms")

    @blueprint.get("")
    @blueprint.output(PlatformList)
    @login_required
    def list_platforms(principal: Principal) -> PlatformList:  # noqa: ARG001 - the decorator's check is what is wanted
        """List the platforms with their firmware."""
        return PlatformList(items=[_item(name) for name in PlatformName])

    @blueprint.get("/<platform>")
    @blueprint.output(PlatformItem)
    @login_required
    def get_platform(platform: str, principal: Principal) -> PlatformItem:  # noqa: ARG001 - the decorator's check is what is wanted
        """One platform with its firmware."""
        return _item(_platform(platform))

    @blueprint.patch("/<platform>")
    @blueprint.output(PlatformItem)
    @login_required
    @receives(PlatformChange)
    def set_default(platform: str, body: PlatformChange, principal: Principal) -> PlatformItem:
        """Choose the firmware of sensors that have not pinned one."""
        principal.require_admin()
        name = _platform(platform)
        with context().database.writing() as session:
            service.set_default(session, principal, name, body.default_firmware)
        return _item(name)

    @blueprint.get("/<platform>/firmware/<revision>")
    @blueprint.output({}, content_type="application/gzip")
    @refuses(503)
    @_user_or_sensor
    def download_firmware(platform: str, revision: str) -> Response:
        """Download a firmware archive, for people and sensors; the revision `current` is the platform's default."""
        with context().database.reading() as session:
            firmware = service.get_firmware(session, _platform(platform), revision)
        return _file(firmware)

    @blueprint.delete("/<platform>/firmware/<revision>")
    @blueprint.output({}, status_code=204)
    @login_required
    @queried(FirmwareRemoval)
    def remove_firmware(platform: str, revision: str, query: FirmwareRemoval, principal: Principal) -> Response:
        """Remove a firmware that is not the default; sensors that have pinned it fall back to the default."""
        principal.require_admin()
        with context().database.writing() as session:
            name = _platform(platform)
            removed = service.remove_firmware(session, principal, name, revision, confirmed=query.confirm)
        with _store().locked(), context().database.reading() as session:
            if not service.is_stored(session, removed):
                _store().remove(removed)
        return Response(status=204)

    return blueprint


def _user_or_sensor(view: Callable[..., Response]) -> Callable[..., Response]:
    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Response:
        if HEADER in request.headers:
            authenticated_sensor()
        else:
            authenticated()
        return view(*args, **kwargs)

    wrapper.__dict__.setdefault("_spec", {}).update(security=USER_OR_SENSOR)
    return wrapper


def _platform(name: str) -> PlatformName:
    try:
        return PlatformName(name)
    except ValueError as error:
        raise NotFound(f"There is no platform {name[:32]}.") from error


def _item(name: PlatformName) -> PlatformItem:
    with context().database.reading() as session:
        return platform_item(name, list(service.list_firmware(session, name)))


def _store() -> FirmwareStore:
    return FirmwareStore(context().settings.firmware_dir)


def _file(firmware: Firmware) -> Response:
    path: Path = _store().path(firmware.sha256)
    if not path.exists():
        raise Unavailable("The file of this firmware is gone. Remove the firmware and upload it again.", RETRY_SECONDS)
    return send_file(
        path,
        mimetype="application/gzip",
        as_attachment=True,
        download_name=f"HoneySens-Firmware-{firmware.platform}-{firmware.revision}.tar.gz",
        etag=firmware.sha256,
        conditional=True,
        max_age=0,
    )
