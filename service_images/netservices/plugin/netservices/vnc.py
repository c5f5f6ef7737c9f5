"""RFB (VNC) up to the refused password, whose proof can be cracked offline; the commonest are known at once."""

import secrets

from Cryptodome.Cipher import DES
from twisted.internet.protocol import Protocol

from honeypot_adapter.options import Options
from netservices.door import Speaker
from netservices.frames import Messages, UnfitError
from netservices.journal import Visit
from netservices.persona import Persona

_VERSION = b"RFB 003.008\n"
_OLD = b"RFB 003.003\n"
_WITH_REASON = b"RFB 003.008\n"
_PASSWORD_AUTHENTICATION = 2
_CHALLENGE = 16
_REASONS = {
    "linux": b"Authentication failure",
    "windows": b"Authentication failed",
    "appliance": b"password check failed!",
}
_COMMON = (
    *("", "password", "123456", "12345678", "1234", "12345", "123", "admin", "administ", "root", "vnc", "vnc123"),
    *("secret", "test", "letmein", "passw0rd", "qwerty", "111111", "0000", "changeme", "default", "raspberr", "toor"),
    *("Password", "P@ssw0rd", "welcome", "server", "support", "user", "ubuntu", "pass", "abc123", "1", "123123"),
)


class Vnc(Messages):
    """One connection: version, kind of authentication, answer to the challenge."""

    def __init__(self, visit: Visit, persona: Persona) -> None:
        super().__init__(visit)
        self._reason = _REASONS[persona.os_family]
        self._challenge = secrets.token_bytes(_CHALLENGE)
        self._version = b""
        self._asked = False

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Say the version."""
        self.send(_VERSION)

    def length(self, buffer: bytes) -> int | None:  # noqa: ARG002 - this protocol's lengths are known
        """Each of the three messages has its own."""
        if not self._version:
            return len(_VERSION)
        return _CHALLENGE if self._asked else 1

    def message(self, message: bytes) -> None:
        """Go on to the next step."""
        if not self._version:
            self._begin(message)
        elif self._asked:
            self._refuse(message)
        elif message[0] == _PASSWORD_AUTHENTICATION:
            self._ask()
        else:
            raise UnfitError("a kind of authentication that was not offered")

    def _begin(self, version: bytes) -> None:
        if not version.startswith(b"RFB "):
            raise UnfitError("no version")
        self._version = version
        self.visit.tell("client", text=version.decode("ascii", "backslashreplace").strip())
        if version == _OLD:
            self.send(_PASSWORD_AUTHENTICATION.to_bytes(4))
            self._ask()
        else:
            self.send(bytes([1, _PASSWORD_AUTHENTICATION]))

    def _ask(self) -> None:
        self._asked = True
        self.send(self._challenge)

    def _refuse(self, proof: bytes) -> None:
        facts = {"hash": f"$vnc$*{self._challenge.hex()}*{proof.hex()}"}
        known = next((word for word in _COMMON if prove(word, self._challenge) == proof), None)
        if known is not None:
            facts["password"] = known
        self.visit.tell("login", accepted=False, **facts)
        reason = len(self._reason).to_bytes(4) + self._reason if self._version == _WITH_REASON else b""
        self.send((1).to_bytes(4) + reason)
        self.leave()


def prove(password: str, challenge: bytes) -> bytes:
    """Give the answer that proves a password: DES whose key has each byte's bits the other way round."""
    key = password.encode()[:8].ljust(8, b"\0")
    mirrored = bytes(int(f"{byte:08b}"[::-1], 2) for byte in key)
    return bytes(DES.new(mirrored, DES.MODE_ECB).encrypt(challenge))  # noqa: S304 - the protocol's own


def speaker(persona: Persona, _options: Options) -> Speaker:
    """Speak RFB as that machine does."""

    def speak(visit: Visit) -> Protocol:
        return Vnc(visit, persona)

    return speak
