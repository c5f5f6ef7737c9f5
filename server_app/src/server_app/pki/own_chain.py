"""The administrator's own certificate for the server: whether it can be used. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509 import DNSName, IPAddress
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from server_app.errors import FieldError, Invalid

MAX_CHAIN = 5


@dataclass(frozen=True)
class OwnChain:
    """A certificate with the intermediate ones, and the authority at the end that sensors will have to trust."""

    leaf: x509.Certificate
    chain: str  # PEM, leaf first, without the anchor
    anchor: str  # PEM


def checked(key: str, chain: str, anchor: str | None, name: str, now: datetime) -> OwnChain:
    """An own certificate that clients will accept.

    Args:
        key: the private key as PEM, not encrypted.
        chain: PEM, leaf first, each signed by the next; the self-signed authority may be its end.
        anchor: that authority as PEM, when it is not in the chain.
        name: the DNS name or address by which sensors reach the server.
        now: the current moment.

    Raises:
        Invalid: says what does not fit; never the key.
    """
    certificates = _certificates(chain, "/chain")
    roots = _certificates(anchor, "/authority") if anchor else []
    if certificates and _self_signed(certificates[-1]) and len(certificates) > 1:
        roots.append(certificates.pop())
    if len(set(roots)) != 1 or not _self_signed(roots[0]):
        raise _invalid(
            "/authority",
            "one self-signed authority is needed, here or at the end of the chain, for sensors to trust",
        )
    if len(certificates) > MAX_CHAIN:
        raise _invalid("/chain", f"more than {MAX_CHAIN} certificates")
    _require_key(key, certificates[0])
    _require_order([*certificates, roots[0]])
    _require_valid(certificates, roots[0], name, now)
    return OwnChain(certificates[0], "".join(_pem(each) for each in certificates), _pem(roots[0]))


def _certificates(pem: str, pointer: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except ValueError as error:
        raise _invalid(pointer, "no certificates in PEM") from error


def _require_key(pem: str, leaf: x509.Certificate) -> None:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The cause might quote the key.
        raise _invalid("/key", "no private key in PEM, or an encrypted one") from None
    if key.public_key() != leaf.public_key():
        raise _invalid("/key", "does not belong to the first certificate of the chain")


def _require_order(chain: Sequence[x509.Certificate]) -> None:
    for place, (lower, upper) in enumerate(pairwise(chain)):
        try:
            lower.verify_directly_issued_by(upper)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
            raise _invalid("/chain", f"certificate {place + 1} is not signed by the one after it") from error


def _require_valid(chain: Sequence[x509.Certificate], root: x509.Certificate, name: str, now: datetime) -> None:
    try:
        subject: DNSName | IPAddress = IPAddress(ip_address(name))
    except ValueError:
        subject = DNSName(name)
    verifier = PolicyBuilder().store(Store([root])).time(now).build_server_verifier(subject)
    try:
        verifier.verify(chain[0], list(chain[1:]))
    except (VerificationError, ValueError) as error:
        raise _invalid("/chain", f"clients would refuse it for {name}: {error}"[:500]) from error


def _self_signed(certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(certificate)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def _invalid(pointer: str, reason: str) -> Invalid:
    return Invalid("The certificate cannot be used for the server.", (FieldError(pointer, reason),))
