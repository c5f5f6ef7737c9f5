"""What a client proves to know of a password by the digest that SIP has from HTTP."""

import re
from typing import NamedTuple
from urllib.request import parse_http_list

from netservices.sip_message import readable

_MD5 = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)


class Proof(NamedTuple):
    """Who claims to be whom; `hash` is the line that hashcat (11400) and john take, None where there can be none."""

    user: str
    hash: str | None


def read_proof(header: str, method: str, server: str, client: str) -> Proof | None:
    """Read an `Authorization` header; None: it is no digest.

    Args:
        header: its value.
        method: of the request, which is part of the proof.
        server: the address that was asked, which the line names.
        client: the address that asked, likewise.
    """
    scheme, _, parameters = header.partition(" ")
    if scheme.lower() != "digest":
        return None
    pairs = (each.partition("=") for each in parse_http_list(parameters))
    told = {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}
    user, response = told.get("username", ""), told.get("response", "")
    prefix, colon, rest = told.get("uri", "").partition(":")
    resource, _, suffix = rest.partition(":")
    address = (prefix, resource, suffix) if colon else ("", prefix, "")
    question = (told.get(name, "") for name in ("nonce", "cnonce", "nc", "qop"))
    fields = (server, client, user, told.get("realm", ""), method, *address, *question, "MD5", response)
    # A star would end a field of the line too early.
    fit = told.get("algorithm", "md5").lower() == "md5" and _MD5.fullmatch(response)
    line = readable("*".join(("$sip$", *fields))) if fit and not any("*" in field for field in fields) else None
    return Proof(readable(user), line)
