"""What an attacker did in one session, read out of its events: credentials tried, commands typed, what came in raw."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


class EventLike(Protocol):
    """What is needed of an event: details and packets as the contract has them, in JSON."""

    @property
    def details(self) -> list[dict[str, Any]]:
        """`sensor_wire.v1.event.Detail` as JSON."""


@dataclass(frozen=True)
class Credential:
    """One login attempt. `secret` is the password, or a public key's fingerprint."""

    time: datetime
    user: str
    secret: str
    accepted: bool | None


@dataclass(frozen=True)
class Command:
    """One line that was typed."""

    time: datetime
    text: str


@dataclass(frozen=True)
class Story:
    """All attempts and commands of a session, in the order of time."""

    credentials: tuple[Credential, ...]
    commands: tuple[Command, ...]


def story(events: Iterable[EventLike]) -> Story:
    """Read the story out of a session's events."""
    details = [detail for event in events for detail in event.details]
    commands = [Command(moment(detail), detail["data"]) for detail in details if detail["kind"] == "command"]
    return Story(
        tuple(sorted(_credentials(details), key=lambda attempt: attempt.time)),
        tuple(sorted(commands, key=lambda command: command.time)),
    )


def moment(entry: Mapping[str, Any]) -> datetime:
    """When a detail or packet was seen."""
    return datetime.fromisoformat(entry["time"])


def _credentials(details: Iterable[Mapping[str, Any]]) -> Iterator[Credential]:
    """Adapters tell an attempt as `username`, then `password` or `key`, then `login` with what became of it."""
    user = secret = ""
    for detail in details:
        match detail["kind"]:
            case "username":
                user = detail["data"]
            case "password" | "key":
                secret = detail["data"]
            case "login":
                yield Credential(moment(detail), user, secret, _OUTCOMES.get(detail["data"]))
                user = secret = ""


_OUTCOMES = {"accepted": True, "refused": False}


def facts_of(data: str) -> dict[str, Any] | None:
    """The named facts of a detail whose data is a JSON object, otherwise None."""
    try:
        facts = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return facts if isinstance(facts, dict) else None
