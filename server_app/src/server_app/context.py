"""What request handlers share, put together once by `server_app.app`."""

from dataclasses import dataclass
from typing import cast

from flask import current_app

from server_app.db import Database
from server_app.events.service import Intake
from server_app.polling.contacts import ContactBook
from server_app.settings import Settings
from server_app.task_queue import TaskQueue

KEY = "honeysens"


@dataclass(frozen=True)
class Context:
    """Settings, database, task queue, the contacts that this process has yet to write, and its intake of events."""

    settings: Settings
    database: Database
    queue: TaskQueue
    contacts: ContactBook
    intake: Intake


def context() -> Context:
    """The context of the application that handles the current request."""
    return cast("Context", current_app.extensions[KEY])
