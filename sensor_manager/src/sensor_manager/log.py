"""Structured logs, one JSON object per line on standard output, the last of them also in a file for people."""

import logging
import os
import sys
from pathlib import Path
from threading import Lock

import structlog
from structlog.processors import ExceptionRenderer
from structlog.tracebacks import ExceptionDictTransformer

LEVEL_VARIABLE = "LOG_LVL"
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}
TRACEBACKS = ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
"""Without the values of variables, among which are passwords, tokens and what attackers have typed."""
LOG_NAME = "manager.log"
MAX_BYTES = 256 * 1024
"""Size at which the file becomes the older one; the one before it goes."""


def configure_logging(folder: Path | None = None) -> None:
    """Log to standard output from the level of the environment variable `LOG_LVL` on (debug, info, warn, error).

    Args:
        folder: where the last lines are kept too.
    """
    name = os.environ.get(LEVEL_VARIABLE, "info").lower()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            TRACEBACKS,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS.get(name, logging.INFO)),
        logger_factory=_Loggers(folder / LOG_NAME if folder else None),
    )
    if name not in LEVELS:
        structlog.get_logger(__name__).warning(
            "unknown log level, using info", variable=LEVEL_VARIABLE, value=name, known=sorted(LEVELS)
        )


class _Loggers:
    """Makes loggers that write whole lines."""

    def __init__(self, path: Path | None) -> None:
        self._writer = _Writer(path)

    def __call__(self, *_: object) -> "_Writer":
        return self._writer


class _Writer:
    """Writes lines to standard output and, as far as that works, to the file."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = Lock()

    def msg(self, message: str) -> None:
        """Write one line."""
        with self._lock:
            sys.stdout.write(f"{message}\n")
            sys.stdout.flush()
            if self._path is not None:
                self._keep(self._path, message)

    debug = info = warning = error = critical = exception = log = msg

    def _keep(self, path: Path, message: str) -> None:
        try:
            if path.exists() and path.stat().st_size > MAX_BYTES:
                path.replace(path.with_suffix(".1"))
            with path.open("a", encoding="utf-8") as file:
                file.write(f"{message}\n")
        except OSError:
            return  # a full disk must not end the manager; standard output has the line
