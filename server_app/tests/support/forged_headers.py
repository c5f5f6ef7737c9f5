"""What somebody might send to be taken for a sensor."""

import base64

from cryptography.hazmat.primitives.serialization import Encoding
from proxy_authority import Pair

FORGED = ":Zm9yZ2Vk:"
SPELLINGS = [
    "Client-Cert",
    "client-cert",
    "CLIENT-CERT",
    "Client_Cert",
    "client_cert",
    "Client.Cert",
    "Client-Cert-Chain",
    "Client_Cert_Chain",
    "X-SSL-Client-Cert",
    "X_SSL_Client_Cert",
    "X-SSL-Serial",
    "X-Client-Cert",
    "X-Forwarded-Client-Cert",
    "X-Forwarded-Tls-Client-Cert",
    "X-Forwarded-Host",
    "X-Forwarded-Prefix",
    "X_Forwarded_For",
    "X-Real-IP",
    "Forwarded",
]


def header_for(pair: Pair) -> str:
    """A certificate as the proxy passes it on (RFC 9440)."""
    return f":{base64.b64encode(pair.certificate.public_bytes(Encoding.DER)).decode()}:"
