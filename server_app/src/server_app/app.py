"""Puts the server together: the only place that knows all of its parts."""

from importlib.metadata import version

from apiflask import APIFlask

import server_app.accounts.api
import server_app.divisions.api
import server_app.events.api
import server_app.sensors.api
import server_app.system.api
from server_app import problems
from server_app.context import KEY, Context
from server_app.db import Database
from server_app.settings import Settings
from server_app.task_queue import TaskQueue

FEATURES = (
    server_app.system.api,
    server_app.accounts.api,
    server_app.divisions.api,
    server_app.sensors.api,
    server_app.events.api,
)


def create_app(settings: Settings, queue: TaskQueue | None = None) -> APIFlask:
    """The web application.

    Args:
        settings: where everything is.
        queue: the task queue, when it is not the one in the data folder.
    """
    app = APIFlask(
        "server_app",
        title="HoneySens",
        version=version("server-app"),
        spec_path="/api/openapi.json",
        docs_path=None,
        json_errors=False,
    )
    queue = queue or TaskQueue(settings.data_dir)
    app.extensions[KEY] = Context(settings, Database(settings.database), queue)
    problems.register(app)
    for feature in FEATURES:
        app.register_blueprint(feature.make_blueprint())
    return app
