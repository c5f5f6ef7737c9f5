"""Where the measured server is, and who talks to it."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.errors import BenchError

HTTPS_PORT = 443


@dataclass(frozen=True)
class Identity:
    """A sensor's certificate and key, as PEM files."""

    sensor_id: int
    certificate: Path
    key: Path


@dataclass(frozen=True)
class Target:
    """One server: its URL and the file of the authority that vouches for it."""

    url: str
    ca_file: Path

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme != "https" or not parts.hostname or parts.path.strip("/"):
            raise BenchError(f"--url {self.url}: write https://, a name or address, and a port if it is not 443.")
        if not self.ca_file.is_file():
            raise BenchError(f"--ca-file {self.ca_file}: there is no such file; name the authority of {self.url}.")

    @property
    def host(self) -> str:
        """Its name or address."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """Its port."""
        return urlsplit(self.url).port or HTTPS_PORT

    @property
    def authority(self) -> str:
        """What belongs into the header Host."""
        return urlsplit(self.url).netloc

    def context(self, identity: Identity | None = None) -> ssl.SSLContext:
        """Trusts this server's authority only, and shows the sensor's certificate if there is one."""
        context = ssl.create_default_context(cafile=str(self.ca_file))
        if identity is not None:
            context.load_cert_chain(identity.certificate, identity.key)
        return context
