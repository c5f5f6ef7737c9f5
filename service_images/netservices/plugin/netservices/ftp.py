"""FTP that asks for a login and refuses it, as vsftpd and the Microsoft service word it.

Nobody gets in: a file transfer would need ports and addresses that only the sensor knows.
"""

from twisted.internet.protocol import Protocol
from twisted.protocols.basic import LineReceiver

from honeypot_adapter.options import Options
from netservices.door import Speaker
from netservices.journal import Visit
from netservices.persona import Persona

_VSFTPD = {
    "user": "331 Please specify the password.",
    "refused": "530 Login incorrect.",
    "first": "530 Please login with USER and PASS.",
    "order": "503 Login with USER first.",
    "bye": "221 Goodbye.",
    "tls": "530 Please login with USER and PASS.",
    "features": "211-Features:\r\n EPRT\r\n EPSV\r\n MDTM\r\n PASV\r\n REST STREAM\r\n SIZE\r\n TVFS\r\n211 End",
}
_MICROSOFT = {
    "user": "331 Password required",
    "refused": "530 User cannot log in.",
    "first": "530 Please login with USER and PASS.",
    "order": "503 Login with USER first.",
    "bye": "221 Goodbye.",
    "tls": "534 Local policy on server does not allow TLS secure connections.",
    "features": (
        "211-Extended features supported:\r\n LANG EN*\r\n UTF8\r\n AUTH TLS;TLS-C;SSL;TLS-P;\r\n PBSZ\r\n"
        " PROT C;P;\r\n CCC\r\n HOST\r\n SIZE\r\n MDTM\r\n REST STREAM\r\n211 END"
    ),
}
_MAX_FAILURES = 3


class Ftp(LineReceiver):
    """The control connection."""

    MAX_LENGTH = 4096

    def __init__(self, visit: Visit, persona: Persona) -> None:
        self._visit = visit
        self._greeting = f"220 {persona.software.ftp}"
        self._texts = _MICROSOFT if persona.os_family == "windows" else _VSFTPD
        self._user: str | None = None
        self._failures = 0
        self.delimiter = b"\n"

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Greet."""
        self._answer(self._greeting)

    def lineReceived(self, line: bytes) -> None:  # noqa: N802 - Twisted's name
        """Answer a command."""
        command, _, argument = line.rstrip(b"\r").decode("utf-8", "backslashreplace").partition(" ")
        match command.upper():
            case "USER":
                self._user = argument
                self._answer(self._texts["user"])
            case "PASS" if self._user is not None:
                self._login(self._user, argument)
            case "PASS":
                self._visit.tell("login", password=argument, accepted=False)
                self._answer(self._texts["order"])
            case "QUIT":
                self._answer(self._texts["bye"])
                self.transport.loseConnection()
            case "FEAT":
                self._answer(self._texts["features"])
            case "":
                pass
            case name:
                self._visit.tell("request", text=f"{command} {argument}".strip())
                self._answer(self._texts["tls" if name == "AUTH" else "first"])

    def lineLengthExceeded(self, line: bytes) -> None:  # noqa: N802 - Twisted's name
        """Tell what has no end."""
        self._visit.tell("request", line, text="a line that is too long")
        self.transport.loseConnection()

    def _login(self, user: str, password: str) -> None:
        self._visit.tell("login", username=user, password=password, accepted=False)
        self._user = None
        self._failures += 1
        self._answer(self._texts["refused"])
        if self._failures >= _MAX_FAILURES:
            self.transport.loseConnection()

    def _answer(self, text: str) -> None:
        self.transport.write(f"{text}\r\n".encode())


def speaker(persona: Persona, _options: Options) -> Speaker:
    """Speak FTP as that machine does."""

    def speak(visit: Visit) -> Protocol:
        return Ftp(visit, persona)

    return speak
