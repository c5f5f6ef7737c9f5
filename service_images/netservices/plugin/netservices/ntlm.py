"""NTLM as SMB and SQL Server ask for it: a challenge in the machine's name, and what the answer tells."""

import secrets
import struct
import time
from typing import NamedTuple

from impacket import ntlm

from netservices.persona import Persona

SIGNATURE = b"NTLMSSP\0"
NEGOTIATE, AUTHENTICATE = 1, 3
_CHALLENGE = 8
_HEADER = 56
_EPOCH_OF_WINDOWS = 11644473600
_V1_BYTES = 24
_REVISION = 15


class Proof(NamedTuple):
    """Who claims to be whom; `hash` is the line that hashcat takes (5600 or 5500), None without a proof."""

    user: str
    domain: str
    workstation: str
    hash: str | None


def new_challenge() -> bytes:
    """Make the number that a client must answer."""
    return secrets.token_bytes(_CHALLENGE)


def kind(token: bytes) -> int:
    """Tell which of the three messages a token is; 0: none."""
    return int(struct.unpack_from("<L", token, len(SIGNATURE))[0]) if token.startswith(SIGNATURE) else 0


def challenge_message(persona: Persona, negotiate: bytes, challenge: bytes) -> ntlm.NTLMAuthChallenge:
    """Ask for a proof: the second message."""
    asked = ntlm.NTLMAuthNegotiate()
    asked.fromString(negotiate)
    wanted = ntlm.NTLMSSP_NEGOTIATE_56 | ntlm.NTLMSSP_NEGOTIATE_128 | ntlm.NTLMSSP_NEGOTIATE_KEY_EXCH
    wanted |= ntlm.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY | ntlm.NTLMSSP_NEGOTIATE_UNICODE
    wanted |= ntlm.NTLM_NEGOTIATE_OEM | ntlm.NTLMSSP_NEGOTIATE_SIGN
    flags = asked["flags"] & wanted
    flags |= ntlm.NTLMSSP_NEGOTIATE_VERSION | ntlm.NTLMSSP_NEGOTIATE_TARGET_INFO | ntlm.NTLMSSP_TARGET_TYPE_SERVER
    flags |= ntlm.NTLMSSP_NEGOTIATE_NTLM | ntlm.NTLMSSP_REQUEST_TARGET
    names = ntlm.AV_PAIRS()
    names[ntlm.NTLMSSP_AV_DOMAINNAME] = persona.workgroup.encode("utf-16le")
    names[ntlm.NTLMSSP_AV_HOSTNAME] = persona.netbios_name.encode("utf-16le")
    names[ntlm.NTLMSSP_AV_DNS_DOMAINNAME] = persona.domain.encode("utf-16le")
    names[ntlm.NTLMSSP_AV_DNS_HOSTNAME] = persona.full_name.encode("utf-16le")
    names[ntlm.NTLMSSP_AV_TIME] = struct.pack("<q", int((time.time() + _EPOCH_OF_WINDOWS) * 10_000_000))
    target = persona.workgroup.encode("utf-16le")
    major, minor, build = persona.software.smb_version
    message = ntlm.NTLMAuthChallenge()
    message["flags"] = flags
    message["domain_len"] = message["domain_max_len"] = len(target)
    message["domain_offset"] = _HEADER
    message["challenge"] = challenge
    message["domain_name"] = target
    message["TargetInfoFields_len"] = message["TargetInfoFields_max_len"] = len(names)
    message["TargetInfoFields"] = names
    message["TargetInfoFields_offset"] = _HEADER + len(target)
    message["Version"] = struct.pack("<BBHxxxB", major, minor, build, _REVISION)
    message["VersionLen"] = 8
    return message


def read_proof(token: bytes, challenge: bytes) -> Proof:
    """Take the third message apart.

    Raises:
        Exception: impacket raises many kinds for what is no such message.
    """
    answer = ntlm.NTLMAuthChallengeResponse()
    answer.fromString(token)
    encoding = "utf-16le" if answer["flags"] & ntlm.NTLMSSP_NEGOTIATE_UNICODE else "latin-1"
    user, domain, workstation = (
        answer[name].decode(encoding, "backslashreplace") for name in ("user_name", "domain_name", "host_name")
    )
    response, lanman = bytes(answer["ntlm"]), bytes(answer["lanman"])
    line = None
    if len(response) > _V1_BYTES:
        line = f"{user}::{domain}:{challenge.hex()}:{response[:16].hex()}:{response[16:].hex()}"
    elif len(response) == _V1_BYTES:
        line = f"{user}::{domain}:{lanman.hex()}:{response.hex()}:{challenge.hex()}"
    return Proof(user, domain, workstation, line)
