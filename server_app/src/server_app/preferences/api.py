from typing import Any

from apiflask import APIBlueprint
from pydantic import create_model

from server_app.accounts.principal import Principal
from server_app.api_base.auth import login_required
from server_app.api_base.body import ApiModel, receives
from server_app.api_base.described import refuses
from server_app.context import context
from server_app.preferences import service
from server_app.preferences.section import Section, shown_type
from server_app.preferences.sections import SECTIONS

_all: dict[str, Any] = {section.name: (shown_type(section), ...) for section in SECTIONS}
Preferences = create_model("Preferences", __base__=ApiModel, __doc__="All sections.", **_all)


def make_blueprint() -> APIBlueprint:
    """`/api/settings`."""
    blueprint = APIBlueprint("preferences", __name__, url_prefix="/api/settings")

    @blueprint.get("")
    @blueprint.output(Preferences)
    @login_required
    def list_settings(principal: Principal) -> dict[str, Any]:
        """All system-wide settings, by section; secrets are not shown."""
        principal.require_admin()
        with context().database.reading() as session:
            return {section.name: service.load(session, section).shown() for section in SECTIONS}

    for section in SECTIONS:
        _add(blueprint, section)
    return blueprint


def _add(blueprint: APIBlueprint, section: type[Section]) -> None:
    @blueprint.patch(f"/{section.name}", endpoint=f"change_{section.name}")
    @blueprint.output(shown_type(section))
    @login_required
    @refuses(503)
    @receives(section)
    def change(body: Section, principal: Principal) -> dict[str, Any]:
        """Change settings of this section; what is left out stays."""
        with context().database.writing() as session:
            return service.change(session, principal, body).shown()
