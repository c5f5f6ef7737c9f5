"""FTP as vsftpd and the Microsoft service speak it: named users are refused, anonymous ones may leave files.

Data connections are opened by visitors only (`ftp_data`). Twisted's own server is not used: it lacks EPSV, which is
what works through the sensor's port map, connects to wherever PORT says, and scanners know its words.
"""

from twisted.internet.protocol import Protocol
from twisted.protocols.basic import LineReceiver

from honeypot_adapter.addresses import addressed
from honeypot_adapter.options import Options
from netservices.door import Speaker
from netservices.ftp_files import Files
from netservices.ftp_guest import Guest
from netservices.ftp_words import MICROSOFT, VSFTPD
from netservices.journal import Visit
from netservices.persona import Persona

_MAX_FAILURES = 3
_ANONYMOUS = ("anonymous", "ftp")


class Ftp(LineReceiver):
    """The control connection."""

    MAX_LENGTH = 4096
    delimiter = b"\n"

    def __init__(self, visit: Visit, persona: Persona, files: Files | None) -> None:
        self._visit = visit
        self._greeting = f"220 {persona.software.ftp}"
        self._words = MICROSOFT if persona.os_family == "windows" else VSFTPD
        self._files = files
        self._user: str | None = None
        self._guest: Guest | None = None
        self._failures = 0

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Greet."""
        self.say(self._greeting)

    def connectionLost(self, reason: object) -> None:  # noqa: ARG002, N802 - Twisted's name
        """Close the data connection, too."""
        if self._guest is not None:
            self._guest.leave()

    def lineReceived(self, line: bytes) -> None:  # noqa: N802 - Twisted's name
        """Answer a command."""
        command, _, argument = line.rstrip(b"\r").decode("utf-8", "backslashreplace").partition(" ")
        match command.upper():
            case "USER":
                self._user = argument
                self.say(self._words["user"])
            case "PASS" if self._user is not None:
                self._login(self._user, argument)
            case "PASS":
                self._visit.tell("login", password=argument, accepted=False)
                self.say(self._words["order"])
            case "QUIT":
                self.say(self._words["bye"])
                self.transport.loseConnection()
            case "FEAT":
                self.say(self._words["features"])
            case "":
                pass
            case name if self._guest is not None:
                self._guest.command(name, argument)
            case name:
                self._visit.tell("request", text=f"{command} {argument}".strip())
                self.say(self._words["tls" if name == "AUTH" else "first"])

    def lineLengthExceeded(self, line: bytes) -> None:  # noqa: N802 - Twisted's name
        """Tell what has no end."""
        self._visit.tell("request", line, text="a line that is too long")
        self.transport.loseConnection()

    def say(self, text: str) -> None:
        """Write a line."""
        self.transport.write(f"{text}\r\n".encode())

    def keep(self) -> None:
        """Know that the visitor transfers something."""
        self.transport.keep()

    def passive_address(self) -> str | None:
        """Give the address of IPv4 to name for data connections, the one that was addressed; None by IPv6."""
        own = self._visit.ends.destination[0]
        return None if ":" in own else addressed(4) or own

    def _login(self, user: str, password: str) -> None:
        accepted = self._files is not None and user.lower() in _ANONYMOUS
        self._visit.tell("login", username=user, password=password, accepted=accepted)
        self._user = None
        if accepted and self._files is not None:
            self._guest = Guest(self._visit, self._files, self._words, self)
            self.say(self._words["in"])
            return
        self._failures += 1
        self.say(self._words["refused"])
        if self._failures >= _MAX_FAILURES:
            self.transport.loseConnection()


def speaker(persona: Persona, options: Options) -> Speaker:
    """Speak FTP as that machine does."""
    files = Files(persona) if options.flag("ftp_anonymous", default=True) else None

    def speak(visit: Visit) -> Protocol:
        return Ftp(visit, persona, files)

    return speak
