"""impacket's SMB server without its own sockets, made to look like the machine and to tell what guests do."""

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from impacket import smb3structs as smb2
from impacket.nt_errors import STATUS_DISK_FULL, STATUS_MORE_PROCESSING_REQUIRED, STATUS_NOT_SUPPORTED, STATUS_SUCCESS
from impacket.smbserver import SMBSERVER, Ioctls, SMB2Commands
from impacket.spnego import SPNEGO_NegTokenResp, TypesMech

from netservices import ntlm
from netservices.journal import MAX_PAYLOAD
from netservices.persona import Persona
from netservices.smb_dialects import ANY, NEWEST, SPOKEN, chosen, context
from netservices.smb_files import FOLDER, head_and_hash, tidy
from netservices.smb_looks import ListedShares, Lists, own_disk, settings

_NTLM = TypesMech["NTLMSSP - Microsoft NTLM Security Support Provider"]
_INCOMPLETE, _COMPLETED = b"\x01", b"\x00"
_GUEST, _ANONYMOUS = 1, 2
_BLOB_OFFSET = 0x48
_BLOB_AT_NEGOTIATION = 0x80
_MAY_SIGN = 1
_ANY_DIALECT = b"\x02SMB 2.???\0"
_MAX_FILE = 8 * 1024 * 1024

type Told = tuple[str, bytes, dict[str, Any]]


class Guest:
    """What is known of one connection, and what it has done since it was asked last. Used by one thread at a time."""

    def __init__(self, number: str) -> None:
        self.number = number
        self.challenge = ntlm.new_challenge()
        self.dialect = SPOKEN[0]
        self.written: dict[bytes, int] = {}
        self._told: list[Told] = []

    def tell(self, what: str, payload: bytes = b"", /, **fields: Any) -> None:
        """Keep for the journal, which has a thread of its own."""
        self._told.append((what, payload, fields))

    def take(self) -> list[Told]:
        """Give what was kept."""
        told, self._told = self._told, []
        return told


class _Unbound(SMBSERVER):
    """impacket's server without a port."""

    def server_bind(self) -> None:
        """Do nothing."""

    def server_activate(self) -> None:
        """Do nothing."""


class FileServer:
    """Shares of files on tmpfs, and the guests that are connected."""

    def __init__(self, persona: Persona, shares: tuple[str, ...]) -> None:
        self._persona = persona
        self._guests: dict[str, Guest] = {}
        self._lock = threading.Lock()
        config = settings(persona, shares)
        self._shares = {Path(config[share.upper()]["path"]).name: share for share in shares}
        Ioctls.fsctlValidateNegotiateInfo = staticmethod(self._validate)
        self._server = _Unbound(("127.0.0.1", 0), config_parser=config)
        self._server.socket.close()
        self._server.processConfigFile()
        self._disk = own_disk(persona)
        self._guid = persona.identity.derive("smb-guid", 16)
        services = Lists(persona.software.smb_version)
        services.daemon = True
        services.setServerConfig(config)
        services.processConfigFile()
        services._shares = ListedShares(services._shares, shares)  # noqa: SLF001 - how they are listed
        self._server.registerNamedPipe(f"{FOLDER}/ipc/srvsvc", ("127.0.0.1", services.getListenPort()))
        services.start()
        SMB2Commands._ntlm_auth = staticmethod(self._authenticate)  # noqa: SLF001 - the one place that says who came
        self._original = {
            command: self._server.hookSmb2Command(command, hook)
            for command, hook in (
                (smb2.SMB2_NEGOTIATE, self._negotiate),
                (smb2.SMB2_TREE_CONNECT, self._connect),
                (smb2.SMB2_CREATE, self._create),
                (smb2.SMB2_WRITE, self._write),
                (smb2.SMB2_CLOSE, self._close),
                (smb2.SMB2_QUERY_INFO, self._query),
            )
        }

    def enter(self, guest: Guest, host: str, port: int) -> None:
        """Take up a connection."""
        self._guests[guest.number] = guest
        self._server.addConnection(guest.number, host, port)
        self._server.getConnectionData(guest.number, checkStatus=False)["guest"] = guest

    def leave(self, guest: Guest) -> None:
        """Forget a connection, and close what it has left open."""
        opened = self._server.getConnectionData(guest.number, checkStatus=False)["OpenedFiles"]
        for each in opened.values():
            with suppress(OSError):
                if "Socket" in each:
                    each["Socket"].close()
                else:
                    os.close(each["FileHandle"])
        self._server.removeConnection(guest.number)
        del self._guests[guest.number]

    def answer(self, guest: Guest, body: bytes) -> list[bytes]:
        """Answer a message; one at a time of all, as impacket and the folder are shared."""
        with self._lock:
            answers = self._server.processRequest(guest.number, body)
        return [each if isinstance(each, bytes) else each.getData() for each in answers]

    def _negotiate(self, number: str, server: SMBSERVER, packet: Any, old: bool = False) -> Any:  # noqa: FBT001, FBT002 - impacket's call
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

    def _validate(self, number: str, _server: SMBSERVER, _request: Any) -> tuple[bytes, int]:
        """Say once more what was negotiated, for clients that check whether somebody between has changed it."""
        said = smb2.VALIDATE_NEGOTIATE_INFO_RESPONSE()
        said["Capabilities"], said["Guid"], said["SecurityMode"] = 0, self._guid, _MAY_SIGN
        said["Dialect"] = self._guests[number].dialect
        return said.getData(), STATUS_SUCCESS

    def _authenticate(self, token: bytes, data: Any, _server: SMBSERVER, raw: bool) -> Any:  # noqa: FBT001 - impacket's call
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

    def _query(self, number: str, server: SMBSERVER, packet: Any) -> Any:
        commands, packets, status = self._original[smb2.SMB2_QUERY_INFO](number, server, packet)
        for each in commands:
            # What is told of files is a structure, what is told of the disk is bytes.
            for constant, own in self._disk if isinstance(each["Buffer"], bytes) else ():
                each["Buffer"] = each["Buffer"].replace(constant, own)
        return commands, packets, status

    def _connect(self, number: str, server: SMBSERVER, packet: Any) -> Any:
        request = smb2.SMB2TreeConnect(packet["Data"])
        path = packet.getData()[request["PathOffset"] :][: request["PathLength"]].decode("utf-16le", "replace")
        self._guests[number].tell("request", text=f"share {path}")
        return self._original[smb2.SMB2_TREE_CONNECT](number, server, packet)

    def _create(self, number: str, server: SMBSERVER, packet: Any) -> Any:
        request = smb2.SMB2Create(packet["Data"])
        name = request["Buffer"][: request["NameLength"]].decode("utf-16le", "replace")
        if name:
            self._guests[number].tell("request", text=f"open {name}")
        return self._original[smb2.SMB2_CREATE](number, server, packet)

    def _write(self, number: str, server: SMBSERVER, packet: Any) -> Any:
        request = smb2.SMB2Write(packet["Data"])
        guest, file = self._guests[number], request["FileID"].getData()
        guest.written[file] = guest.written.get(file, 0) + len(request["Buffer"])
        if sum(guest.written.values()) > _MAX_FILE:
            return [smb2.SMB2Error()], None, STATUS_DISK_FULL
        return self._original[smb2.SMB2_WRITE](number, server, packet)

    def _close(self, number: str, server: SMBSERVER, packet: Any) -> Any:
        guest, file = self._guests[number], smb2.SMB2Close(packet["Data"])["FileID"].getData()
        opened = server.getConnectionData(number)["OpenedFiles"].get(file)
        if opened is not None and file in guest.written:
            path = Path(opened["FileName"])
            head, digest, size = head_and_hash(path, MAX_PAYLOAD)
            folder, *rest = path.relative_to(FOLDER).parts
            name = "/".join([self._shares.get(folder, folder), *rest])
            guest.tell("file", head, name=name, did="written", sha256=digest, bytes=size)
            del guest.written[file]
        result = self._original[smb2.SMB2_CLOSE](number, server, packet)
        tidy(_MAX_FILE)
        return result
