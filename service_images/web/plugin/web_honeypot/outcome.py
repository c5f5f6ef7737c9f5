"""What an answer to an exploit is made from, and what it comes to."""

from collections.abc import Callable
from typing import NamedTuple

from web_honeypot.persona import Persona
from web_honeypot.request import Request
from web_honeypot.response import Response


class Case(NamedTuple):
    """A request, who plays, and the answer it would have without any hole."""

    request: Request
    persona: Persona
    usual: Callable[[], Response]


class Outcome(NamedTuple):
    """The answer, and the command that the attacker meant to run, if any."""

    response: Response
    command: str = ""
