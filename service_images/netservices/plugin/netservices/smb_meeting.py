"""How a visitor of SMB is met: what is spoken, and who he says he is."""

from collections.abc import Callable, Mapping
from typing import Any

from impacket import smb3structs as smb2
from impacket.nt_errors import STATUS_MORE_PROCESSING_REQUIRED, STATUS_NOT_SUPPORTED, STATUS_SUCCESS
from impacket.smbserver import SMBSERVER
from impacket.spnego import SPNEGO_NegTokenResp, TypesMech

from netservices import ntlm
from netservices.persona import Persona
from netservices.smb_dialects import ANY, NEWEST, SPOKEN, chosen, context
from netservices.smb_guest import Guest

_NTLM = TypesMech["NTLMSSP - Microsoft NTLM Security Support Provider"]
_INCOMPLETE, _COMPLETED = b"\x01", b"\x00"
_GUEST, _ANONYMOUS = 1, 2
_BLOB_OFFSET = 0x48
_BLOB_AT_NEGOTIATION = 0x80
_MAY_SIGN = 1
_ANY_DIALECT = b"\x02SMB 2.???\0"

type Original = Mapping[int, Callable[..., Any]]
"""impacket's own answers, by command."""


class Meeting:
    """Stands before impacket's answers; their signatures are its own."""

    def __init__(self, persona: Persona, guests: Mapping[str, Guest], original: Original) -> None:
        self._persona, self._guests, self._original = persona, guests, original
        self._guid = persona.identity.derive("smb-guid", 16)

    def negotiate(self, number: str, server: SMBSERVER, packet: Any, old: bool = False) -> Any:  # noqa: FBT001, FBT002 - impacket's call
        """Agree on a version."""
        commands, packets, status = self._original[smb2.SMB2_NEGOTIATE](number, server, packet, old)
        dialect = ANY if old and _ANY_DIALECT in packet.getData() else SPOKEN[0] if old else chosen(packet["Data"])
        if dialect is None:
            return [smb2.SMB2Error()], None, STATUS_NOT_SUPPORTED
        self._guests[number].dialect = dialect
        for each in packets:
            each["Data"]["DialectRevision"] = dialect
            each["Data"]["ServerGuid"] = self._guid
            each["Data"]["ServerStartTime"] = 0
            if dialect == NEWEST:
                place, padding, told = context(_BLOB_AT_NEGOTIATION + each["Data"]["SecurityBufferLength"])
                each["Data"]["NegotiateContextCount"], each["Data"]["NegotiateContextOffset"] = 1, place
                each["Data"]["Padding"], each["Data"]["NegotiateContextList"] = padding, told
        return commands, packets, status

    def validate(self, number: str, _server: SMBSERVER, _request: Any) -> tuple[bytes, int]:
        """Say once more what was negotiated, for clients that check whether somebody between has changed it."""
        said = smb2.VALIDATE_NEGOTIATE_INFO_RESPONSE()
        said["Capabilities"], said["Guid"], said["SecurityMode"] = 0, self._guid, _MAY_SIGN
        said["Dialect"] = self._guests[number].dialect
        return said.getData(), STATUS_SUCCESS

    def authenticate(self, token: bytes, data: Any, _server: SMBSERVER, raw: bool) -> Any:  # noqa: FBT001 - impacket's call
        """Ask who he is, and let everybody in as a guest."""
        guest: Guest = data["guest"]
        answer = smb2.SMB2SessionSetup_Response()
        reply: Any = SPNEGO_NegTokenResp()
        if ntlm.kind(token) == ntlm.NEGOTIATE:
            question = ntlm.challenge_message(self._persona, token, guest.challenge)
            data["Uid"] = int.from_bytes(ntlm.new_challenge()[:4]) | 1
            reply["NegState"], reply["SupportedMech"], reply["ResponseToken"] = _INCOMPLETE, _NTLM, question.getData()
            blob, status = question.getData() if raw else reply.getData(), STATUS_MORE_PROCESSING_REQUIRED
        else:
            proof = ntlm.read_proof(token, guest.challenge)
            data["Authenticated"] = True
            anonymous = not proof.user
            answer["SessionFlags"] = _ANONYMOUS if anonymous else _GUEST
            facts = {"domain": proof.domain, "workstation": proof.workstation, "hash": proof.hash}
            guest.tell("login", username=proof.user, accepted=True, **facts)
            reply["NegState"] = _COMPLETED
            blob, status = b"" if raw else reply.getData(), STATUS_SUCCESS
        answer["SecurityBufferOffset"], answer["SecurityBufferLength"], answer["Buffer"] = _BLOB_OFFSET, len(blob), blob
        return answer, status
