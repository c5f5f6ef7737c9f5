"""The configuration: environment variables with the prefix HS_, read here and nowhere else."""

from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url


class Settings(BaseSettings):
    """Everything an operator sets. Lists are separated by commas; secrets are files."""

    model_config = SettingsConfigDict(env_prefix="HS_", frozen=True)

    data_dir: Path = Path("/data")
    database_url: str = ""
    database_password_file: Path | None = None
    secret_keys_file: Path | None = None
    ca_dir: Path = Path("/ca")
    tls_dir: Path = Path("/tls")
    public_url: Annotated[str, StringConstraints(pattern=r"^https://[^/\s]+$")]
    server_names: Annotated[tuple[str, ...], NoDecode] = ()
    registry_url: Annotated[str, StringConstraints(pattern=r"^https?://[^/\s]+$")] = "http://registry:5000"
    admin_password_file: Path = Path("/run/secrets/admin_password")
    trusted_tls_proxy: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    poll_interval: Annotated[int, Field(ge=1, le=86400)] = 60
    max_upload_bytes: Annotated[int, Field(ge=1)] = 2 * 1024**3
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    listen: str = "0.0.0.0:8000"
    metrics_listen: Annotated[str, StringConstraints(pattern=r"^$|^[^\s/]+:\d{1,5}$")] = ""
    web_threads: Annotated[int, Field(ge=1, le=256)] = 8  # of each process; more would wait for each other more

    @field_validator("server_names", mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        return tuple(_parts(value)) if isinstance(value, str) else value

    @field_validator("trusted_tls_proxy", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        return tuple(ip_network(part) for part in _parts(value)) if isinstance(value, str) else value

    @cached_property
    def database(self) -> str:
        """The database's URL with its password filled in; SQLite in the data folder unless another is set."""
        if not self.database_url:
            return f"sqlite:///{self.data_dir / 'server.db'}"
        url = make_url(self.database_url)
        if self.database_password_file is not None:
            url = url.set(password=self.database_password_file.read_text(encoding="utf-8").strip())
        return url.render_as_string(hide_password=False)

    @property
    def secret_keys(self) -> Path:
        """The keys of the secrets in the database; in the data folder unless another place is named."""
        return self.secret_keys_file or self.secret_keys_before

    @property
    def secret_keys_before(self) -> Path:
        """Where they are unless another place is set, and were before it was."""
        return self.data_dir / "secret.keys"

    @property
    def uploads_dir(self) -> Path:
        """Where service archives wait for the worker."""
        return self.data_dir / "uploads"

    @property
    def firmware_dir(self) -> Path:
        """Where firmware archives are kept."""
        return self.data_dir / "firmware"

    @property
    def ca_certificate(self) -> Path:
        """The authorities that sensors are checked against."""
        return self.tls_dir / "ca.crt"

    @property
    def trust(self) -> Path:
        """Whom sensors are told to trust: these authorities, and those of the server's own certificate."""
        return self.tls_dir / "trust.crt"

    @property
    def revocation_lists(self) -> Path:
        """The lists of revoked certificates."""
        return self.tls_dir / "crl.pem"


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
