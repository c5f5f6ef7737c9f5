"""What connections at the port for TLS are secured with."""

import ssl
import subprocess
import sys
from pathlib import Path

_CERTIFICATE_PATH = Path("/tmp/tls.pem")  # noqa: S108 - the container's own tmpfs


def context() -> ssl.SSLContext:
    """Make the certificate and what secures connections with it."""
    subprocess.run([sys.executable, "-m", "web_honeypot.certificate", str(_CERTIFICATE_PATH)], check=True)  # noqa: S603 - our own module
    secured = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secured.load_cert_chain(_CERTIFICATE_PATH)
    secured.set_alpn_protocols(["http/1.1"])
    _CERTIFICATE_PATH.unlink()
    return secured
