"""gunicorn as this server runs it."""

from collections.abc import Callable
from os import getpid
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from wsgiref.types import WSGIApplication

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped] # gunicorn ships no types

from server_app.metrics.instruments import share
from server_app.settings import Settings

PROCESSES = 2
MEMORY = "/dev/shm"  # noqa: S108 - a file system in memory, where gunicorn and prometheus-client want theirs


class WebProcess(BaseApplication):  # type: ignore[misc] # gunicorn ships no types
    """Serves an application until it is told to end.

    Args:
        settings: where to listen, with how many threads.
        make_app: makes the application in each process of its own, after the fork: connections must not be shared.
    """

    def __init__(self, settings: Settings, make_app: Callable[[Settings], WSGIApplication]) -> None:
        self._settings = settings
        self._make_app = make_app
        super().__init__()

    def load_config(self) -> None:
        """Tell gunicorn how."""
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
        """The application of this process."""
        return self._make_app(self._settings)
