"""A telephone exchange that asks everybody for a password and connects nobody, as Asterisk and 3CX word it.

Who wants a call to the world outside through somebody else's exchange wants to do it at the owner's expense: that is
told as an attempt to take it over.
"""

import re
import secrets
from collections.abc import Callable
from typing import Any, NamedTuple

from netservices.persona import Persona
from netservices.sip_digest import read_proof
from netservices.sip_message import Request, readable, user_of

type Tell = Callable[..., None]
"""`Visit.tell`."""

_OUTSIDE = re.compile(r"[+*#]*\d{7,}")
"""What is no extension of the house."""

_SEPARATORS = str.maketrans("", "", "-.() /")
_ASKED_FIRST = ("REGISTER", "INVITE", "SUBSCRIBE", "PUBLISH", "MESSAGE")
_WITHIN_CALLS = ("BYE", "CANCEL", "INFO", "NOTIFY", "PRACK", "REFER", "UPDATE")


class _Looks(NamedTuple):
    """How one maker's exchange answers."""

    realm: str
    capabilities: tuple[tuple[str, str], ...]
    no_call: str
    unknown: str
    tag: str


_LOOKS = {
    "asterisk": _Looks(
        "asterisk",
        (
            ("Allow", "INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, PUBLISH"),
            ("Supported", "replaces, timer"),
        ),
        "481 Call leg/transaction does not exist",
        "501 Method Not Implemented",
        "as",
    ),
    "3cx": _Looks(
        "3CXPhoneSystem",
        (
            ("Accept", "application/sdp"),
            ("Accept-Language", "en"),
            ("Allow", "INVITE, ACK, CANCEL, OPTIONS, BYE, REGISTER, SUBSCRIBE, NOTIFY, REFER, INFO"),
            ("Supported", "replaces"),
            ("Allow-Events", "presence, message-summary, tunnel-info"),
        ),
        "481 Call/Transaction Does Not Exist",
        "405 Method Not Allowed",
        "",
    ),
}


class Pbx:
    """Answers requests, each by itself: nobody ever gets so far that there would be a call to remember."""

    def __init__(self, persona: Persona) -> None:
        self._asterisk = persona.os_family != "windows"
        self._looks = _LOOKS["asterisk" if self._asterisk else "3cx"]
        self._software = persona.software.sip

    def take(self, data: bytes, tell: Tell, source: tuple[str, int], server: str) -> bytes:
        """Tell what a message wants and give the answer; empty: there is none.

        Args:
            data: the message.
            tell: writes it down.
            source: where it came from.
            server: the address that it came to.
        """
        request = Request.of(data)
        if request is None:
            tell("payload", data)
            return b""
        if request.method == "ACK":
            return b""
        proof = read_proof(_authorization(request), request.method, server, source[0])
        if proof is not None:
            number = {"number": _called(request)} if request.method == "INVITE" else {}
            tell("login", username=proof.user, hash=proof.hash, accepted=False, **number)
        if proof is None or proof.hash is None or request.method == "INVITE":
            self._tell_wish(request, data, tell)
        status, more = self._reply(request, proven=proof is not None)
        return request.answer(status, self._headers(more), tag=self._tag(), source=source)

    def _tell_wish(self, request: Request, data: bytes, tell: Tell) -> None:
        facts: dict[str, Any] = {"caller": request.user("from"), "program": _software(request)}
        if request.method != "INVITE":
            tell("request", data, text=readable(f"{request.method} {request.uri}"), **facts)
            return
        number = _called(request)
        outside = _OUTSIDE.fullmatch(number.translate(_SEPARATORS)) is not None
        what, text = ("exploit", f"call to {number}, outside") if outside else ("request", f"call to {number}")
        tell(what, data, text=text, number=number, **facts)

    def _reply(self, request: Request, *, proven: bool) -> tuple[str, list[tuple[str, str]]]:
        if request.method == "OPTIONS":
            return "200 OK", [] if not self._asterisk else [("Accept", "application/sdp")]
        if request.method in _ASKED_FIRST:
            return ("403 Forbidden", []) if proven else ("401 Unauthorized", [("WWW-Authenticate", self._question())])
        if request.method in _WITHIN_CALLS:
            return self._looks.no_call, []
        return self._looks.unknown, []

    def _headers(self, more: list[tuple[str, str]]) -> list[tuple[str, str]]:
        if self._asterisk:
            return [("Server", self._software), *self._looks.capabilities, *more]
        return [*self._looks.capabilities, *more, ("User-Agent", self._software)]

    def _question(self) -> str:
        if self._asterisk:
            return f'Digest algorithm=MD5, realm="{self._looks.realm}", nonce="{secrets.token_hex(4)}"'
        nonce = f"414d535c{secrets.token_hex(5)}:{secrets.token_hex(16)}"
        return f'Digest nonce="{nonce}",algorithm=MD5,realm="{self._looks.realm}"'

    def _tag(self) -> str:
        return self._looks.tag + secrets.token_hex(4)


def _authorization(request: Request) -> str:
    return request.header("authorization") or request.header("proxy-authorization")


def _called(request: Request) -> str:
    return user_of(request.uri) or request.user("to") or readable(request.uri)


def _software(request: Request) -> str:
    return readable(request.header("user-agent"))
