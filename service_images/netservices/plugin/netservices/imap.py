"""IMAP up to the refused login, as Dovecot and Exchange word it."""

import re
import shlex

from twisted.internet.protocol import Protocol

from honeypot_adapter.options import Options
from netservices.door import Speaker
from netservices.journal import Visit
from netservices.mail import MAX_LINE, Mail, text
from netservices.persona import Persona

_CAPABILITIES = {
    "dovecot": "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ AUTH=PLAIN AUTH=LOGIN",
    "exchange": "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=LOGIN ID SASL-IR UIDPLUS IDLE NAMESPACE LITERAL+",
}
_REFUSED = {"dovecot": "NO [AUTHENTICATIONFAILED] Authentication failed.", "exchange": "NO LOGIN failed."}
_LITERAL = re.compile(rb"\{(\d{1,5})(\+?)\}$")


class Imap(Mail):
    """One connection."""

    def __init__(self, visit: Visit, persona: Persona) -> None:
        super().__init__(visit)
        self._kind = "exchange" if persona.os_family == "windows" else "dovecot"
        capability = f"[CAPABILITY {_CAPABILITIES[self._kind]}] " if self._kind == "dovecot" else ""
        self._greeting = f"* OK {capability}{persona.software.imap}"
        self._begun = b""
        self._missing = 0

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Greet."""
        self.say(self._greeting)

    def command(self, line: bytes) -> None:
        """Collect a command with its literals, and answer it."""
        literal = _LITERAL.search(line)
        if literal and int(literal[1]) <= MAX_LINE:
            self._begun += line[: literal.start()] + b'"'
            self._missing = int(literal[1])
            if not literal[2]:
                self.say("+ OK")
            if self._missing:
                self.setRawMode()
            else:
                self._begun += b'"'
            return
        whole, self._begun = self._begun + line, b""
        self._answer(text(whole))

    def rawDataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Take up a literal: in quotes it is as any other word."""
        taken, rest = data[: self._missing], data[self._missing :]
        self._begun += taken.replace(b"\\", rb"\\").replace(b'"', rb"\"")
        self._missing -= len(taken)
        if not self._missing:
            self._begun += b'"'
            self.setLineMode(rest)

    def _answer(self, line: str) -> None:
        tag, _, rest = line.partition(" ")
        name, _, arguments = rest.partition(" ")
        match name.upper():
            case "LOGIN":
                user, password, *_ = [*_words(arguments), "", ""]
                self.login(user, password, lambda: self.say(f"{tag} {_REFUSED[self._kind]}"))
            case "AUTHENTICATE":
                method, _, first = arguments.partition(" ")
                refusal = f"{tag} {_REFUSED[self._kind]}"
                if not self.sasl(method.upper(), first, self._ask, lambda: self.say(refusal)):
                    self.say(f"{tag} NO Unsupported authentication mechanism.")
            case "CAPABILITY":
                done = f"{tag} OK Pre-login capabilities listed, post-login capabilities have more."
                self.say(f"* CAPABILITY {_CAPABILITIES[self._kind]}", done)
            case "NOOP":
                self.say(f"{tag} OK NOOP completed.")
            case "LOGOUT":
                self.say("* BYE Logging out", f"{tag} OK Logout completed.")
                self.transport.loseConnection()
            case _:
                self._visit.tell("request", text=line)
                self.say(f"{tag or '*'} BAD Error in IMAP command received by server.")

    def _ask(self, question: str) -> None:
        self.say(f"+ {question}")


def _words(arguments: str) -> list[str]:
    try:
        return shlex.split(arguments)
    except ValueError:
        return arguments.split(" ", 1)


def speaker(persona: Persona, _options: Options) -> Speaker:
    """Speak IMAP as that machine does."""

    def speak(visit: Visit) -> Protocol:
        return Imap(visit, persona)

    return speak
