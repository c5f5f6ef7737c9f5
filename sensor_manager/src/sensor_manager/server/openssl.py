"""Keys and certificates by the machine's `openssl`, which is seldom needed: so no library for them stays in memory."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from sensor_manager.server.errors import ServerError

TIMEOUT = 20
MAX_REASON = 200
PUBLIC_KEY = ("-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----")
ALTERNATIVE_NAMES = "X509v3 Subject Alternative Name:"


@dataclass(frozen=True, slots=True)
class Description:
    """What a certificate says.

    Attributes:
        names: alternative ones of its subject, such as `URI:urn:example`.
        public_key: PEM.
        fingerprint: SHA-256 of the certificate, in hexadecimal digits.
    """

    not_before: datetime
    not_after: datetime
    names: tuple[str, ...]
    public_key: str
    fingerprint: str


def new_key() -> str:
    """Return a new P-256 key (PEM, PKCS 8)."""
    return _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256").decode()


def request(key: Path, common_name: str) -> str:
    """Return a certificate request (PEM) for the key.

    Raises:
        ValueError: the key cannot be read.
    """
    plain = ("-config", "/dev/null")  # whatever the machine's own configuration would add
    return _openssl("req", "-new", "-sha256", "-key", str(key), "-subj", f"/CN={common_name}", *plain).decode()


def sign(key: Path, statement: bytes) -> bytes:
    """Return the key's signature over a statement (SHA-256, DER); raises `ValueError` when the key cannot be read."""
    return _openssl("dgst", "-sha256", "-sign", str(key), stdin=statement)


def public_key(key: Path) -> str:
    """Return the public part (PEM) of a key; raises `ValueError` when it cannot be read."""
    return _openssl("pkey", "-in", str(key), "-pubout").decode().strip()


def open_key(key: str, password: str) -> str:
    """Return a key (PEM, PKCS 8) without its password, if it has one.

    Raises:
        ValueError: the password does not open it.
    """
    secret = {"KEY_PASSWORD": password}  # which root alone can read, while it runs
    return _openssl("pkey", "-passin", "env:KEY_PASSWORD", stdin=key.encode(), environment=secret).decode()


def describe(certificate: str) -> Description:
    """Say what a certificate (PEM, the first one of the text) is.

    Raises:
        ValueError: it is none.
    """
    wanted = ("-dates", "-dateopt", "iso_8601", "-ext", "subjectAltName", "-pubkey", "-fingerprint", "-sha256")
    said = _openssl("x509", "-noout", *wanted, stdin=certificate.encode()).decode()
    lines = said.splitlines()
    facts = {name.lower(): value for name, _, value in (line.partition("=") for line in lines)}
    names = next((after for line, after in pairwise(lines) if line.strip() == ALTERNATIVE_NAMES), "")
    begin, end = PUBLIC_KEY
    return Description(
        datetime.fromisoformat(facts["notbefore"]),
        datetime.fromisoformat(facts["notafter"]),
        tuple(each.strip() for each in names.split(",") if each.strip()),
        f"{begin}{said.partition(begin)[2].partition(end)[0]}{end}",
        facts["sha256 fingerprint"].replace(":", ""),
    )


def _openssl(*command: str, stdin: bytes = b"", environment: Mapping[str, str] = {}) -> bytes:
    """Run it. What it does not take is a `ValueError`; that it does not run at all says nothing of the certificate."""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed tool, no shell, arguments are the manager's own
            ["openssl", *command],  # noqa: S607 - wherever the machine has it
            input=stdin,
            env=os.environ | environment,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
    except FileNotFoundError as error:
        raise ServerError("openssl is not installed; add its package to the sensor") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServerError(f"openssl {command[0]} did not run: {error}") from error
    if done.returncode < 0:
        raise ServerError(f"openssl {command[0]} was ended by signal {-done.returncode}")
    if done.returncode:
        raise ValueError(f"openssl {command[0]}: {done.stderr.decode(errors='replace').strip()[:MAX_REASON]}")
    return done.stdout
