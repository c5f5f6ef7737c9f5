"""Who is acting at the moment: set by what receives a request or runs a task, read when a change is recorded."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    """What kind of actor changed something."""

    USER = "user"
    TOKEN = "token"  # noqa: S105 - the word, not a secret
    SENSOR = "sensor"
    ANONYMOUS = "anonymous"
    WORKER = "worker"
    SYSTEM = "system"


@dataclass(frozen=True)
class Actor:
    """Who acts, and from where. `id` is the user's or sensor's number, `token` the name of the API token used."""

    kind: ActorKind
    id: int | None = None
    name: str = ""
    token: str = ""
    address: str = ""


SYSTEM = Actor(ActorKind.SYSTEM, name="server-app")
WORKER = Actor(ActorKind.WORKER, name="worker")

_current: ContextVar[Actor] = ContextVar("actor", default=SYSTEM)


def current() -> Actor:
    """Who acts now; the system itself unless somebody said otherwise."""
    return _current.get()


def become(actor: Actor) -> None:
    """Say who acts from now on in this thread; whoever handles requests resets it at the end of each."""
    _current.set(actor)


@contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """Say who acts within a block."""
    token = _current.set(actor)
    try:
        yield
    finally:
        _current.reset(token)
