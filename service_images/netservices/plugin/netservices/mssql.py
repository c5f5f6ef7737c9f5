"""SQL Server (TDS 7) up to the refused login: passwords in the clear, as encryption is not offered, or NTLM."""

import struct

from impacket import tds
from twisted.internet.protocol import Protocol

from honeypot_adapter.options import Options
from netservices import ntlm
from netservices.door import Speaker
from netservices.frames import MAX_MESSAGE, Messages, UnfitError
from netservices.journal import Visit
from netservices.persona import Persona

_HEADER = 8
_LAST = 0x01
_ENCRYPTION_NOT_SUPPORTED = 2
_SSPI = 0x11
_SSPI_TOKEN = 0xED
_LOGIN_FAILED, _STATE, _CLASS = 18456, 1, 14
_DONE_WITH_ERROR = b"\xfd\x02\x00\x00\x00" + bytes(8)
_SPID = 51
_FIELDS = {"client_host": "HostName", "program": "AppName", "library": "CltIntName", "database": "Database"}


class MsSql(Messages):
    """One connection; a message is a packet, several of which may make a request."""

    def __init__(self, visit: Visit, persona: Persona) -> None:
        super().__init__(visit)
        self._persona = persona
        self._request = b""
        self._challenge = ntlm.new_challenge()
        self._facts: dict[str, str] = {}

    def length(self, buffer: bytes) -> int | None:
        """The header says it."""
        return max(_HEADER, int.from_bytes(buffer[2:4])) if len(buffer) >= _HEADER else None

    def message(self, message: bytes) -> None:
        """Collect packets into a request and take it up."""
        self._request += message[_HEADER:]
        if len(self._request) > MAX_MESSAGE:
            raise UnfitError("a request is too long")
        if not message[1] & _LAST:
            return
        request, self._request = self._request, b""
        match message[0]:
            case tds.TDS_PRE_LOGIN:
                self._packet(self._greeting(), 0)
            case tds.TDS_LOGIN7:
                self._login(request)
            case tds_type if tds_type == _SSPI:
                self._prove(request)
            case other:
                raise UnfitError(f"a packet of kind {other} before the login")

    def _greeting(self) -> bytes:
        """Version, no encryption, default instance, no thread: in this order each time, as SQL Server does."""
        major, minor, build = self._persona.software.mssql
        version = struct.pack(">BBHH", major, minor, build, 0)
        values = [version, bytes([_ENCRYPTION_NOT_SUPPORTED]), b"\0", b""]
        at = len(values) * 5 + 1
        table = b""
        for token, value in enumerate(values):
            table += struct.pack(">BHH", token, at, len(value))
            at += len(value)
        return table + b"\xff" + b"".join(values)

    def _login(self, request: bytes) -> None:
        login = tds.TDS_LOGIN(request)
        for name, field in _FIELDS.items():
            if login[f"{field}Length"]:
                self._facts[name] = login[field].decode("utf-16le", "backslashreplace")
        token = login["SSPI"] if login["SSPILength"] else b""
        at = token.find(ntlm.SIGNATURE)
        if at >= 0:
            question = ntlm.challenge_message(self._persona, token[at:], self._challenge).getData()
            self._packet(bytes([_SSPI_TOKEN]) + struct.pack("<H", len(question)) + question)
            return
        user = _text(login, "UserName").decode("utf-16le", "backslashreplace")
        password = bytes(_swapped(byte ^ 0xA5) for byte in _text(login, "Password"))
        facts = self._facts | {"password": password.decode("utf-16le", "backslashreplace")}
        self.visit.tell("login", username=user, accepted=False, **facts)
        self._refuse(user)

    def _prove(self, token: bytes) -> None:
        proof = ntlm.read_proof(token[max(0, token.find(ntlm.SIGNATURE)) :], self._challenge)
        facts = self._facts | {"domain": proof.domain, "workstation": proof.workstation}
        if proof.hash:
            facts["hash"] = proof.hash
        self.visit.tell("login", username=proof.user, accepted=False, **facts)
        self._refuse(f"{proof.domain}\\{proof.user}")

    def _refuse(self, user: str) -> None:
        text = f"Login failed for user '{user}'.".encode("utf-16le")
        server = self._persona.netbios_name.encode("utf-16le")
        error = struct.pack("<LBBH", _LOGIN_FAILED, _STATE, _CLASS, len(text) // 2) + text
        error += bytes([len(server) // 2]) + server + b"\0" + struct.pack("<L", 1)
        self._packet(b"\xaa" + struct.pack("<H", len(error)) + error + _DONE_WITH_ERROR)
        self.leave()

    def _packet(self, data: bytes, spid: int = _SPID) -> None:
        self.send(struct.pack(">BBHHBB", tds.TDS_TABULAR, _LAST, _HEADER + len(data), spid, 1, 0) + data)


def _text(login: tds.TDS_LOGIN, field: str) -> bytes:
    return bytes(login[field]) if login[f"{field}Length"] else b""


def _swapped(byte: int) -> int:
    return (byte & 0x0F) << 4 | byte >> 4


def speaker(persona: Persona, _options: Options) -> Speaker:
    """Speak TDS as that machine does."""

    def speak(visit: Visit) -> Protocol:
        return MsSql(visit, persona)

    return speak
