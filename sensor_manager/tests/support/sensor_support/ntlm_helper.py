"""squid's helper for NTLMv2: the domain controller of one user. Debian's own helper cannot do version 2.

Arguments: the user, and in hexadecimal the key of version 2 (MS-NLMP, NTOWFv2) of user, domain and password.
"""

import hmac
import os
import struct
import sys
from base64 import b64decode, b64encode

SIGNATURE = b"NTLMSSP\0"
FLAGS = 0x1 | 0x200 | 0x10000 | 0x80000 | 0x800000  # Unicode, NTLM, domain, version 2, target information
TARGET = "EXAMPLE".encode("utf-16-le")
INFORMATION = struct.pack("<HH", 2, len(TARGET)) + TARGET + bytes(4)
HEADER = 48
RESPONSE = 20
"""Where the third message says where its NTLMv2 response is."""


def challenge(nonce: bytes) -> bytes:
    """Return the second message."""
    name = struct.pack("<HHI", len(TARGET), len(TARGET), HEADER)
    information = struct.pack("<HHI", len(INFORMATION), len(INFORMATION), HEADER + len(TARGET))
    return (
        SIGNATURE
        + struct.pack("<I", 2)
        + name
        + struct.pack("<I", FLAGS)
        + nonce
        + bytes(8)
        + information
        + TARGET
        + INFORMATION
    )


def proven(message: bytes, nonce: bytes, key: bytes) -> bool:
    """Tell whether the third message comes from somebody who knows the password."""
    length, _, start = struct.unpack_from("<HHI", message, RESPONSE)
    response = message[start : start + length]
    return hmac.compare_digest(hmac.digest(key, nonce + response[16:], "md5"), response[:16])


def main(user: str, key: bytes) -> None:
    """Answer squid's lines."""
    nonce = b""
    for line in sys.stdin:
        request, _, content = line.strip().partition(" ")
        if request == "YR":
            nonce = os.urandom(8)
            answer = f"TT {b64encode(challenge(nonce)).decode()}"
        else:
            answer = f"AF {user}" if proven(b64decode(content), nonce, key) else "NA wrong password"
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], bytes.fromhex(sys.argv[2]))
