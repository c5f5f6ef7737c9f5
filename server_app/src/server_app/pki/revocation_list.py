"""Lists of revoked certificates (CRLs) for the proxy. Pure.

They are a second line: the application looks every certificate up at every request. An expired list would make nginx
refuse every sensor, so it is made anew long before, and the proxy leaves out one that has expired.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from server_app.pki import lifetimes
from server_app.pki.authority import Authority
from server_app.pki.models import RevocationReason

_BLOCK = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----\s*", re.DOTALL)
_REASONS = {
    RevocationReason.KEY_COMPROMISE: x509.ReasonFlags.key_compromise,
    RevocationReason.SUPERSEDED: x509.ReasonFlags.superseded,
    RevocationReason.RETIRED: x509.ReasonFlags.cessation_of_operation,
}


@dataclass(frozen=True)
class Revoked:
    """A certificate that is refused before its end."""

    serial: int
    at: datetime
    reason: RevocationReason


@dataclass(frozen=True)
class Wanted:
    """The list an authority should have."""

    authority: Authority
    revoked: tuple[Revoked, ...]


def renewed(current: bytes, wanted: Collection[Wanted], now: datetime) -> bytes | None:
    """All lists as PEM, or None when the current ones are still right.

    Args:
        current: the PEM that the proxy has; may be empty.
        wanted: one for each trusted authority; one without a list would have all its certificates refused.
        now: the current moment.
    """
    lists = parsed(current)
    if len(lists) == len(wanted) and all(_holds(each, lists, now) for each in wanted):
        return None
    return b"".join(_signed(each, now).public_bytes(Encoding.PEM) for each in wanted)


def parsed(pem: bytes) -> list[x509.CertificateRevocationList]:
    """The lists in a file; none of what cannot be read."""
    try:
        return [x509.load_pem_x509_crl(block) for block in _BLOCK.findall(pem)]
    except ValueError:
        return []


def ends(pem: bytes) -> datetime | None:
    """When the first of the lists has to be followed by another; None without lists."""
    return min((each.next_update_utc for each in parsed(pem) if each.next_update_utc is not None), default=None)


def _holds(wanted: Wanted, lists: list[x509.CertificateRevocationList], now: datetime) -> bool:
    serials = {each.serial for each in wanted.revoked}
    key = wanted.authority.key.public_key()
    return any(
        found.is_signature_valid(key)
        and found.next_update_utc is not None
        and found.next_update_utc - now > lifetimes.REVOCATION_LIST_RENEWAL
        and found.last_update_utc <= now
        and {entry.serial_number for entry in found} == serials
        for found in lists
    )


def _signed(wanted: Wanted, now: datetime) -> x509.CertificateRevocationList:
    signer = wanted.authority
    identifier = signer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(signer.certificate.subject)
        .last_update(now - lifetimes.CLOCK_SKEW)
        .next_update(now + lifetimes.REVOCATION_LIST)
        .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
    )
    for each in wanted.revoked:
        builder = builder.add_revoked_certificate(_entry(each))
    return builder.sign(signer.key, hashes.SHA256())


def _entry(revoked: Revoked) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(revoked.serial).revocation_date(revoked.at)
    reason = _REASONS.get(revoked.reason)
    if reason is not None:
        builder = builder.add_extension(x509.CRLReason(reason), critical=False)
    return builder.build()
