"""What OpenSSL says of a server's certificate, as a sensor or browser would see it."""

import subprocess
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding


def accepts(folder: Path, trusted: bytes, chain: bytes, name: str = "server.example.com") -> bool:
    """Whether a client that trusts these authorities accepts this chain (leaf first) under the strictest rules."""
    leaf, *others = x509.load_pem_x509_certificates(chain)
    files = {
        "trusted": trusted,
        "leaf": leaf.public_bytes(Encoding.PEM),
        "others": b"".join(each.public_bytes(Encoding.PEM) for each in others),
    }
    for file, content in files.items():
        (folder / file).write_bytes(content)
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", name]
    command += ["-CAfile", str(folder / "trusted"), "-no-CApath"]
    command += ["-untrusted", str(folder / "others")] if others else []
    return subprocess.run([*command, str(folder / "leaf")], capture_output=True, check=False).returncode == 0
