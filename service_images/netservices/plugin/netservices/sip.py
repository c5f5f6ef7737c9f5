"""SIP by connections and by datagrams."""

from twisted.internet.protocol import Protocol

from honeypot_adapter.options import Options
from netservices.datagrams import Answer
from netservices.door import Speaker
from netservices.frames import Messages, UnfitError
from netservices.journal import Visit
from netservices.pbx import Pbx
from netservices.persona import Persona
from netservices.sip_message import length

_KEEP_ALIVE, _ALIVE = b"\r\n\r\n", b"\r\n"


class Sip(Messages):
    """One connection."""

    def __init__(self, visit: Visit, pbx: Pbx) -> None:
        super().__init__(visit)
        self._pbx = pbx

    def length(self, buffer: bytes) -> int | None:
        """See the end of the headers, and what they tell of the body."""
        try:
            return length(buffer)
        except ValueError as error:
            raise UnfitError(str(error)) from error

    def message(self, message: bytes) -> None:
        """Answer."""
        if message.strip():
            ends = self.visit.ends
            self.send(self._pbx.take(message, self.visit.tell, ends.source, ends.destination[0]))
        elif message.startswith(_KEEP_ALIVE):
            self.send(_ALIVE)


def speaker(persona: Persona, _options: Options) -> Speaker:
    """Speak SIP as that machine does."""
    pbx = Pbx(persona)

    def speak(visit: Visit) -> Protocol:
        return Sip(visit, pbx)

    return speak


def answerer(persona: Persona, _options: Options) -> Answer:
    """Answer datagrams likewise."""
    pbx = Pbx(persona)

    def answer(visit: Visit, data: bytes) -> bytes:
        if not data.strip(b"\r\n\0"):
            return b""  # what keeps a way through a firewall open
        return pbx.take(data, visit.tell, visit.ends.source, visit.ends.destination[0])

    return answer
