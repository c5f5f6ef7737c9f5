"""The commands of the server's image: `server-app init`, `web` and `worker`."""

import argparse
import sys
from wsgiref.types import WSGIApplication

from pydantic import ValidationError

from server_app import log, migrate, worker
from server_app.app import create_app
from server_app.context import KEY as CONTEXT
from server_app.db import Database
from server_app.errors import Refusal
from server_app.field_errors import field_errors
from server_app.initialise import initialise, renew_secret_keys
from server_app.metrics.instruments import KEY as INSTRUMENTS
from server_app.metrics.port import beside, scraped
from server_app.settings import Settings
from server_app.web_process import WebProcess

HELP = "prepare the volumes; serve HTTP; run background tasks; seal the secrets of the database with a new key"


def main() -> None:
    """Run one command; configuration mistakes end it with 1 and one line that says what to do."""
    parser = argparse.ArgumentParser(
        prog="server-app", description="The HoneySens server, configured by HS_* variables."
    )
    commands = {"init": initialise, "web": _web, "worker": _worker, "renew-secret-keys": _renew_secret_keys}
    parser.add_argument("command", choices=commands, help=HELP)
    command = parser.parse_args().command
    try:
        settings = Settings()
    except ValidationError as error:
        wrong = "; ".join(f"HS_{item.pointer[1:].upper()}: {item.reason}" for item in field_errors(error))
        sys.exit(f"The environment is not complete or wrong: {wrong}")
    log.configure(settings.log_level)
    try:
        commands[command](settings)
    except (RuntimeError, OSError, Refusal) as error:
        sys.exit(f"server-app {command}: {error}")


def _worker(settings: Settings) -> None:
    _require_current_schema(settings)
    worker.run(settings)


def _renew_secret_keys(settings: Settings) -> None:
    _require_current_schema(settings)
    renew_secret_keys(settings)


def _web(settings: Settings) -> None:
    _require_current_schema(settings)
    WebProcess(settings, _application).run()


def _require_current_schema(settings: Settings) -> None:
    database = Database(settings.database)
    try:
        if not migrate.is_current(database):
            raise RuntimeError("The database is not at this version's schema. Run `server-app init` first.")
    finally:
        database.close()


def _application(settings: Settings) -> WSGIApplication:
    app = create_app(settings)
    _, _, port = settings.metrics_listen.rpartition(":")
    if not port:
        return app
    return beside(app, int(port), lambda: scraped(app.extensions[CONTEXT], app.extensions[INSTRUMENTS]))
