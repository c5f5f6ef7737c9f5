"""The commands of the server's image: `server-app init`, `web` and `worker`."""

import argparse
import sys
from os import getpid
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from wsgiref.types import WSGIApplication

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped] # gunicorn ships no types
from pydantic import ValidationError

from server_app import log, migrate, worker
from server_app.app import create_app
from server_app.context import KEY as CONTEXT
from server_app.db import Database
from server_app.field_errors import field_errors
from server_app.initialise import initialise
from server_app.metrics.instruments import KEY as INSTRUMENTS
from server_app.metrics.instruments import share
from server_app.metrics.port import beside, scraped
from server_app.settings import Settings

PROCESSES = 2
MEMORY = "/dev/shm"  # noqa: S108 - a file system in memory, where gunicorn and prometheus-client want theirs


def main() -> None:
    """Run one command; configuration mistakes end it with 1 and one line that says what to do."""
    parser = argparse.ArgumentParser(
        prog="server-app", description="The HoneySens server, configured by HS_* variables."
    )
    commands = {"init": initialise, "web": _web, "worker": _worker}
    parser.add_argument("command", choices=commands, help="prepare the volumes; serve HTTP; run background tasks")
    command = parser.parse_args().command
    try:
        settings = Settings()
    except ValidationError as error:
        wrong = "; ".join(f"HS_{item.pointer[1:].upper()}: {item.reason}" for item in field_errors(error))
        sys.exit(f"The environment is not complete or wrong: {wrong}")
    log.configure(settings.log_level)
    try:
        commands[command](settings)
    except (RuntimeError, OSError) as error:
        sys.exit(f"server-app {command}: {error}")


def _worker(settings: Settings) -> None:
    _require_current_schema(settings)
    worker.run(settings)


def _web(settings: Settings) -> None:
    _require_current_schema(settings)
    _Gunicorn(settings).run()


def _require_current_schema(settings: Settings) -> None:
    database = Database(settings.database)
    try:
        if not migrate.is_current(database):
            raise RuntimeError("The database is not at this version's schema. Run `server-app init` first.")
    finally:
        database.close()


class _Gunicorn(BaseApplication):  # type: ignore[misc] # gunicorn ships no types
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        metrics = self._settings.metrics_listen
        if metrics:
            folder = Path(mkdtemp(prefix=f"honeysens-metrics-{getpid()}-", dir=MEMORY))
            share(folder)
            self.cfg.set("on_exit", lambda _arbiter: rmtree(folder))
        options = {
            "bind": [self._settings.listen, *([metrics] if metrics else [])],
            "workers": PROCESSES,
            "worker_class": "gthread",
            "threads": self._settings.web_threads,
            "worker_tmp_dir": MEMORY,  # heartbeat files must not be on a disk
            "timeout": 120,
            "graceful_timeout": 20,
            "keepalive": 75,
            "forwarded_allow_ips": "",
            "logger_class": "gunicorn.glogging.Logger",
            "loglevel": "warning",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> WSGIApplication:
        # In each process of its own, after the fork: connections must not be shared.
        app = create_app(self._settings)
        _, _, port = self._settings.metrics_listen.rpartition(":")
        if not port:
            return app
        return beside(app, int(port), lambda: scraped(app.extensions[CONTEXT], app.extensions[INSTRUMENTS]))
