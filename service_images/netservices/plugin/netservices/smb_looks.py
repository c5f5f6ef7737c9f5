"""How impacket's SMB server is made to look like the machine, where it has constants that scanners know."""

import struct
from configparser import ConfigParser
from typing import Any

from impacket.smbserver import SRVSServer

from netservices.persona import Persona
from netservices.smb_files import decoys

_SIZES = (148529400, 14851044)
_PIPES = 0x80000003


class Lists(SRVSServer):
    """The service that lists shares, of the machine's version."""

    def __init__(self, version: tuple[int, int, int]) -> None:
        self._version = version
        super().__init__()

    def NetrServerGetInfo(self, data: Any) -> Any:  # noqa: N802 - impacket's name
        """Tell the version."""
        answer = super().NetrServerGetInfo(data)
        facts = answer["InfoStruct"]["ServerInfo101"]
        facts["sv101_version_major"], facts["sv101_version_minor"] = self._version[:2]
        return answer


class ListedShares(dict[str, Any]):
    """The shares as lists show them: in the case they were given in, and with numbers for their types."""

    def __init__(self, configured: dict[str, dict[str, Any]], names: tuple[str, ...]) -> None:
        shown = {name.upper(): name for name in names}
        for name, share in configured.items():
            kind = _PIPES if name == "IPC$" else 0
            self[shown.get(name, name)] = share | {"share type": kind}

    def __contains__(self, name: object) -> bool:
        return any(known.upper() == name for known in self)

    def __getitem__(self, name: str) -> Any:
        return next(share for known, share in self.items() if name in {known, known.upper()})


def own_disk(persona: Persona) -> tuple[tuple[bytes, bytes], ...]:
    """Give what impacket says of every disk, and what is said instead: scanners know its sizes and its file system."""
    size = 200_000_000 + persona.identity.number("smb-disk-size", 700_000_000)
    free = size // 10 + persona.identity.number("smb-disk-free", size // 2)
    known = zip(_SIZES, (size, free), strict=True)
    sizes = tuple((struct.pack("<q", constant), struct.pack("<q", own)) for constant, own in known)
    return (*sizes, ("XTFS".encode("utf-16le"), "NTFS".encode("utf-16le")))


def settings(persona: Persona, shares: tuple[str, ...]) -> ConfigParser:
    """Write what impacket reads its names and shares from."""
    config = ConfigParser(interpolation=None)
    software = persona.software
    config["global"] = {
        "server_name": persona.netbios_name,
        "server_os": software.smb_os,
        "server_domain": persona.workgroup,
        "log_file": "None",
        "rpc_apis": "yes",
        "credentials_file": "",
        "SMB2Support": "True",
    }
    comment = "IPC Service" if persona.os_family != "windows" else "Remote IPC"
    config["IPC$"] = {"comment": comment, "read only": "yes", "share type": "3", "path": str(decoys("ipc", persona))}
    for share in shares:
        path = decoys(share.lower(), persona)
        config[share.upper()] = {"comment": "", "read only": "no", "share type": "0", "path": str(path)}
    return config
