"""SMTP that refuses every login and takes every message, as Postfix and Exchange word it. Nothing is passed on."""

import hashlib
import secrets
import string
import time
from email.utils import formatdate

from twisted.internet.protocol import Protocol

from honeypot_adapter.options import Options
from netservices.door import Speaker
from netservices.journal import MAX_PAYLOAD, Visit
from netservices.mail import Mail, text
from netservices.persona import Persona

_SIZE = 10240000
_EXTENSIONS = {
    "postfix": ("PIPELINING", f"SIZE {_SIZE}", "VRFY", "AUTH PLAIN LOGIN", "ENHANCEDSTATUSCODES", "8BITMIME", "DSN"),
    "exchange": (f"SIZE {_SIZE}", "PIPELINING", "DSN", "ENHANCEDSTATUSCODES", "AUTH LOGIN PLAIN", "8BITMIME"),
}
_REFUSED = {
    "postfix": "535 5.7.8 Error: authentication failed: authentication failure",
    "exchange": "535 5.7.3 Authentication unsuccessful",
}
_MAX_RECIPIENTS = 100
_QUEUE_CHARACTERS = string.digits + "BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"


class Smtp(Mail):
    """One connection; `_message` is the one that is being received."""

    def __init__(self, visit: Visit, persona: Persona) -> None:
        super().__init__(visit)
        self._persona = persona
        self._kind = "exchange" if persona.os_family == "windows" else "postfix"
        self._forget()

    def _forget(self) -> None:
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._head = b""
        self._hash = hashlib.sha256()
        self._bytes = 0

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Greet."""
        date = f" {formatdate(time.time(), localtime=False)}" if self._kind == "exchange" else ""
        self.say(f"220 {self._persona.full_name} {self._persona.software.smtp}{date}")

    def command(self, line: bytes) -> None:
        """Answer a command."""
        name, _, argument = text(line).partition(" ")
        answer = getattr(self, f"_smtp_{name.lower()}", None)
        if answer is None:
            self._visit.tell("request", text=text(line))
            self._say("502 5.5.2 Error: command not recognized", "500 5.3.3 Unrecognized command")
        else:
            answer(argument)

    def _smtp_helo(self, argument: str) -> None:
        self._visit.tell("client", text=argument)
        self.say(f"250 {self._persona.full_name}")

    def _smtp_ehlo(self, argument: str) -> None:
        self._visit.tell("client", text=argument)
        first = self._persona.full_name
        if self._kind == "exchange":
            first += f" Hello [{self._visit.ends.source[0]}]"
        lines = [first, *_EXTENSIONS[self._kind]]
        self.say(*(f"250-{each}" for each in lines[:-1]), f"250 {lines[-1]}")

    def _smtp_auth(self, argument: str) -> None:
        method, _, first = argument.partition(" ")
        refuse = _REFUSED[self._kind]
        if not self.sasl(method.upper(), first, self._ask, lambda: self.say(refuse)):
            self.say("535 5.7.8 Error: authentication failed: Invalid authentication mechanism")

    def _smtp_mail(self, argument: str) -> None:
        self._forget()
        self._sender = _address(argument)
        self._visit.tell("request", text=f"MAIL {argument}")
        self._say("250 2.1.0 Ok", "250 2.1.0 Sender OK")

    def _smtp_rcpt(self, argument: str) -> None:
        if self._sender is None:
            self.say("503 5.5.1 Error: need MAIL command")
        elif len(self._recipients) >= _MAX_RECIPIENTS:
            self.say("452 4.5.3 Error: too many recipients")
        else:
            self._recipients.append(_address(argument))
            self._visit.tell("request", text=f"RCPT {argument}")
            self._say("250 2.1.5 Ok", "250 2.1.5 Recipient OK")

    def _smtp_data(self, _argument: str) -> None:
        if not self._recipients:
            self.say("503 5.5.1 Error: need RCPT command")
            return
        self._say("354 End data with <CR><LF>.<CR><LF>", "354 Start mail input; end with <CRLF>.<CRLF>")
        self._awaits = self._body

    def _body(self, line: bytes) -> None:
        if line == b".":
            self._finish()
            return
        self._awaits = self._body
        data = line.removeprefix(b".") + b"\r\n"
        self._bytes += len(data)
        self._hash.update(data)
        self._head += data[: MAX_PAYLOAD - len(self._head)]

    def _finish(self) -> None:
        facts = {"sender": self._sender, "recipients": ", ".join(self._recipients)}
        name = f"message to {self._recipients[0]}"
        self._visit.tell(
            "file", self._head, name=name, did="sent", sha256=self._hash.hexdigest(), bytes=self._bytes, **facts
        )
        queued = "".join(secrets.choice(_QUEUE_CHARACTERS) for _ in range(14))
        identifier = f"<{queued}@{self._persona.full_name}>"
        self._say(f"250 2.0.0 Ok: queued as 4{queued}", f"250 2.6.0 {identifier} Queued mail for delivery")
        self._forget()

    def _smtp_rset(self, _argument: str) -> None:
        self._forget()
        self._say("250 2.0.0 Ok", "250 2.0.0 Resetting")

    def _smtp_noop(self, _argument: str) -> None:
        self._say("250 2.0.0 Ok", "250 2.0.0 OK")

    def _smtp_vrfy(self, argument: str) -> None:
        self._visit.tell("request", text=f"VRFY {argument}")
        self._say(f"252 2.0.0 {argument}", "252 2.1.5 Cannot VRFY user")

    def _smtp_quit(self, _argument: str) -> None:
        self._say("221 2.0.0 Bye", "221 2.0.0 Service closing transmission channel")
        self.transport.loseConnection()

    def _ask(self, question: str) -> None:
        self.say(f"334 {question}")

    def _say(self, postfix: str, exchange: str) -> None:
        self.say(postfix if self._kind == "postfix" else exchange)


def _address(argument: str) -> str:
    """Take the address from `FROM:<a@b> SIZE=1`."""
    return argument.partition(":")[2].strip().partition(" ")[0].strip("<>")


def speaker(persona: Persona, _options: Options) -> Speaker:
    """Speak SMTP as that machine does."""

    def speak(visit: Visit) -> Protocol:
        return Smtp(visit, persona)

    return speak
