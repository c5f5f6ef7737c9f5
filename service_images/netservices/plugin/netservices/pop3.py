"""POP3 up to the refused login, as Dovecot and Exchange word it."""

from twisted.internet.protocol import Protocol

from honeypot_adapter.options import Options
from netservices.door import Speaker
from netservices.journal import Visit
from netservices.mail import Mail, text
from netservices.persona import Persona

_CAPABILITIES = {
    "dovecot": ("CAPA", "TOP", "UIDL", "RESP-CODES", "PIPELINING", "AUTH-RESP-CODE", "USER", "SASL PLAIN LOGIN"),
    "exchange": ("TOP", "UIDL", "SASL PLAIN LOGIN", "USER"),
}
_REFUSED = {
    "dovecot": "-ERR [AUTH] Authentication failed.",
    "exchange": "-ERR Logon failure: unknown user name or bad password.",
}
_UNKNOWN = {"dovecot": "-ERR Unknown command.", "exchange": "-ERR Protocol error. Command is not valid in this state."}


class Pop3(Mail):
    """One connection."""

    def __init__(self, visit: Visit, persona: Persona) -> None:
        super().__init__(visit)
        self._greeting = persona.software.pop3
        self._kind = "exchange" if persona.os_family == "windows" else "dovecot"
        self._user = ""

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Greet."""
        self.say(f"+OK {self._greeting}")

    def command(self, line: bytes) -> None:
        """Answer a command."""
        name, _, argument = text(line).partition(" ")
        match name.upper():
            case "USER":
                self._user = argument
                self.say("+OK")
            case "PASS":
                self.login(self._user, argument, self._refuse)
            case "CAPA":
                self.say("+OK", *_CAPABILITIES[self._kind], ".")
            case "AUTH":
                method, _, first = argument.partition(" ")
                if not self.sasl(method.upper(), first, self._ask, self._refuse):
                    self.say("-ERR Unsupported authentication mechanism.")
            case "QUIT":
                self.say("+OK Logging out")
                self.transport.loseConnection()
            case _:
                self._visit.tell("request", text=text(line))
                self.say(_UNKNOWN[self._kind])

    def _ask(self, question: str) -> None:
        self.say(f"+ {question}")

    def _refuse(self) -> None:
        self.say(_REFUSED[self._kind])


def speaker(persona: Persona, _options: Options) -> Speaker:
    """Speak POP3 as that machine does."""

    def speak(visit: Visit) -> Protocol:
        return Pop3(visit, persona)

    return speak
