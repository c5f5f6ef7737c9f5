"""Structured logs, one JSON object per line on standard output."""

import logging
import os
import sys

import structlog

LEVEL_VARIABLE = "LOG_LVL"
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}


def configure_logging() -> None:
    """Log to standard output from the level of the environment variable `LOG_LVL` on (debug, info, warn, error)."""
    name = os.environ.get(LEVEL_VARIABLE, "info").lower()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS.get(name, logging.INFO)),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
    )
    if name not in LEVELS:
        structlog.get_logger(__name__).warning(
            "unknown log level, using info", variable=LEVEL_VARIABLE, value=name, known=sorted(LEVELS)
        )
