"""What remembers nothing and takes long to make: all servers of one test process share it.

Making the views of an application and compiling each statement anew was more than half of all tests' time.
"""

from copy import copy
from functools import cache, lru_cache

from apiflask import APIFlask

from server_app import engines
from server_app.app import assemble, equip
from server_app.settings import Settings
from server_app.task_queue import TaskQueue


def application(settings: Settings, queue: TaskQueue | None = None) -> APIFlask:
    """What `create_app` makes, with views made once."""
    app = copy(_assembled())
    app.extensions = {}
    return equip(app, settings, queue)


ENGINES = {name: lru_cache(maxsize=8)(getattr(engines, name)) for name in ("general", "storing", "autocommit")}
"""Those functions, here with one engine for each URL.

Each keeps its compiled statements, and opens new connections after it was closed.
"""
_assembled = cache(assemble)
