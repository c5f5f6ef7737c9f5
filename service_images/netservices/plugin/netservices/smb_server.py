"""impacket's SMB server without its own sockets, made to look like the machine and to tell what guests do."""

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from impacket import smb3structs as smb2
from impacket.smbserver import SMBSERVER, Ioctls, SMB2Commands

from netservices.persona import Persona
from netservices.smb_files import FOLDER
from netservices.smb_guest import Guest
from netservices.smb_looks import ListedShares, Lists, settings
from netservices.smb_meeting import Meeting
from netservices.smb_usage import Usage


class _Unbound(SMBSERVER):
    """impacket's server without a port."""

    def server_bind(self) -> None:
        """Do nothing."""

    def server_activate(self) -> None:
        """Do nothing."""


class FileServer:
    """Shares of files on tmpfs, and the guests that are connected."""

    def __init__(self, persona: Persona, shares: tuple[str, ...]) -> None:
        self._guests: dict[str, Guest] = {}
        self._lock = threading.Lock()
        original: dict[int, Any] = {}
        meeting = Meeting(persona, self._guests, original)
        # impacket takes up this one when a server is made, the other commands at any time.
        Ioctls.fsctlValidateNegotiateInfo = staticmethod(meeting.validate)
        config = settings(persona, shares)
        self._server = _Unbound(("127.0.0.1", 0), config_parser=config)
        self._server.socket.close()
        self._server.processConfigFile()
        services = Lists(persona.software.smb_version)
        services.daemon = True
        services.setServerConfig(config)
        services.processConfigFile()
        services._shares = ListedShares(services._shares, shares)  # noqa: SLF001 - how they are listed
        self._server.registerNamedPipe(f"{FOLDER}/ipc/srvsvc", ("127.0.0.1", services.getListenPort()))
        services.start()
        SMB2Commands._ntlm_auth = staticmethod(meeting.authenticate)  # noqa: SLF001 - the one place that says who came
        names = {Path(config[share.upper()]["path"]).name: share for share in shares}
        usage = Usage(persona, names, self._guests, original)
        for command, hook in (
            (smb2.SMB2_NEGOTIATE, meeting.negotiate),
            (smb2.SMB2_TREE_CONNECT, usage.connect),
            (smb2.SMB2_CREATE, usage.create),
            (smb2.SMB2_WRITE, usage.write),
            (smb2.SMB2_CLOSE, usage.close),
            (smb2.SMB2_QUERY_INFO, usage.query),
        ):
            original[command] = self._server.hookSmb2Command(command, hook)

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
