"""What guests of SMB do with shares and files: told, bounded, and otherwise impacket's."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from impacket import smb3structs as smb2
from impacket.nt_errors import STATUS_DISK_FULL
from impacket.smbserver import SMBSERVER

from netservices.journal import MAX_PAYLOAD
from netservices.persona import Persona
from netservices.smb_files import FOLDER, head_and_hash, tidy
from netservices.smb_guest import Guest
from netservices.smb_looks import own_disk
from netservices.smb_meeting import Original

_MAX_FILE = 8 * 1024 * 1024


class Usage:
    """Stands before impacket's answers; their signatures are its own. `shares` are names by their folders."""

    def __init__(
        self, persona: Persona, shares: Mapping[str, str], guests: Mapping[str, Guest], original: Original
    ) -> None:
        self._shares, self._guests, self._original = shares, guests, original
        self._disk = own_disk(persona)

    def query(self, number: str, server: SMBSERVER, packet: Any) -> Any:
        """Tell of the disk what is the machine's own."""
        commands, packets, status = self._original[smb2.SMB2_QUERY_INFO](number, server, packet)
        for each in commands:
            # What is told of files is a structure, what is told of the disk is bytes.
            for constant, own in self._disk if isinstance(each["Buffer"], bytes) else ():
                each["Buffer"] = each["Buffer"].replace(constant, own)
        return commands, packets, status

    def connect(self, number: str, server: SMBSERVER, packet: Any) -> Any:
        """Tell which share."""
        request = smb2.SMB2TreeConnect(packet["Data"])
        path = packet.getData()[request["PathOffset"] :][: request["PathLength"]].decode("utf-16le", "replace")
        self._guests[number].tell("request", text=f"share {path}")
        return self._original[smb2.SMB2_TREE_CONNECT](number, server, packet)

    def create(self, number: str, server: SMBSERVER, packet: Any) -> Any:
        """Tell which file."""
        request = smb2.SMB2Create(packet["Data"])
        name = request["Buffer"][: request["NameLength"]].decode("utf-16le", "replace")
        if name:
            self._guests[number].tell("request", text=f"open {name}")
        return self._original[smb2.SMB2_CREATE](number, server, packet)

    def write(self, number: str, server: SMBSERVER, packet: Any) -> Any:
        """Take as much as there is room for."""
        request = smb2.SMB2Write(packet["Data"])
        guest, file = self._guests[number], request["FileID"].getData()
        guest.written[file] = guest.written.get(file, 0) + len(request["Buffer"])
        if sum(guest.written.values()) > _MAX_FILE:
            return [smb2.SMB2Error()], None, STATUS_DISK_FULL
        return self._original[smb2.SMB2_WRITE](number, server, packet)

    def close(self, number: str, server: SMBSERVER, packet: Any) -> Any:
        """Tell what has been written."""
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
