"""Puts the server together: the only place that knows all of its parts."""

from functools import partial
from importlib.metadata import version

from apiflask import APIFlask

import server_app.accounts.api
import server_app.assignments.api
import server_app.audit.api
import server_app.contacts.api
import server_app.divisions.api
import server_app.enrolment.api
import server_app.event_filters.api
import server_app.events.api
import server_app.events.session_api
import server_app.forwarding.api
import server_app.pki.api
import server_app.platforms.api
import server_app.polling.api
import server_app.preferences.api
import server_app.sensors.api
import server_app.services.api
import server_app.stats.api
import server_app.system.api
import server_app.tasks.api
import server_app.tokens.api
import server_app.uploads.api
import server_app.users.api
import server_app.web.blueprint
from server_app import problems
from server_app.api_base import auth, idempotency, openapi, unread
from server_app.api_base.converters import RowNumberConverter
from server_app.api_base.short_way import ShortWay
from server_app.at_rest.keys import SecretKeys
from server_app.audit import recording
from server_app.context import KEY, Context
from server_app.db import Database
from server_app.events.service import Intake
from server_app.events.short_way import UPLOAD
from server_app.metrics import instruments
from server_app.polling.contacts import ContactBook
from server_app.polling.short_way import POLL
from server_app.settings import Settings
from server_app.task_queue import TaskQueue

FEATURES = (
    server_app.system.api,
    server_app.accounts.api,
    server_app.users.api,
    server_app.tokens.api,
    server_app.audit.api,
    server_app.divisions.api,
    server_app.contacts.api,
    server_app.preferences.api,
    server_app.sensors.api,
    server_app.enrolment.api,
    server_app.polling.api,
    server_app.assignments.api,
    server_app.pki.api,
    server_app.services.api,
    server_app.platforms.api,
    server_app.tasks.api,
    server_app.uploads.api,
    server_app.events.api,
    server_app.events.session_api,
    server_app.event_filters.api,
    server_app.forwarding.api,
    server_app.stats.api,
)

SHORT_WAYS = {"/api/sensors/status": POLL, "/api/events": UPLOAD}


def create_app(settings: Settings, queue: TaskQueue | None = None) -> APIFlask:
    """The web application.

    Args:
        settings: where everything is.
        queue: the task queue, when it is not the one in the data folder.
    """
    return equip(assemble(), settings, queue)


def assemble() -> APIFlask:
    """All views, and what is done before and after them: nothing that remembers anything."""
    app = APIFlask(
        "server_app",
        title="HoneySens",
        version=version("server-app"),
        spec_path="/api/openapi.json",
        docs_path=None,
        json_errors=False,
    )
    recording.listen()
    auth.register(app)
    instruments.register(app)
    problems.register(app)
    unread.register(app)
    app.url_map.converters["int"] = RowNumberConverter
    tags = []
    for feature in FEATURES:
        blueprint = feature.make_blueprint()
        app.register_blueprint(blueprint)
        # What its operations are about, in the words of its code.
        tags.append({"name": blueprint.name.title(), "description": feature.make_blueprint.__doc__ or ""})
    idempotency.register(app)
    openapi.register(app, tags)
    app.register_blueprint(server_app.system.api.make_internal_blueprint())
    app.register_blueprint(server_app.web.blueprint.make_blueprint())
    return app


def equip(app: APIFlask, settings: Settings, queue: TaskQueue | None = None) -> APIFlask:
    """Give an assembled application what it works on; arguments as those of `create_app`."""
    queue = queue or TaskQueue(settings.data_dir)
    database = Database(settings.database, SecretKeys(settings.secret_keys))
    context = app.extensions[KEY] = Context(settings, database, queue, ContactBook(database), Intake(database))
    counted = app.extensions[instruments.KEY] = instruments.Instruments()
    long_way = partial(APIFlask.wsgi_app, app)
    app.wsgi_app = ShortWay(long_way, context, counted, SHORT_WAYS)  # type: ignore[method-assign] # Flask's own advice
    return app
