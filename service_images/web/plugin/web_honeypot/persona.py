"""Whom the honeypot plays: host, organisation, operating system, web server and application tell one story."""

from dataclasses import dataclass
from typing import Self

from honeypot_adapter.identity import Identity
from honeypot_adapter.options import OptionError, Options

SERVERS = ("apache", "nginx", "iis")
SKINS = ("portal", "appliance", "phpmyadmin", "wordpress", "tomcat")
_USUAL_SERVER = {"linux": "apache", "windows": "iis", "appliance": "nginx"}
_USUAL_SKIN = {"linux": "portal", "windows": "portal", "appliance": "appliance"}


@dataclass(frozen=True)
class Persona:
    """What an operator has set, with `auto` resolved; `accept_after` 0 lets nobody in."""

    identity: Identity
    host_name: str = "files01"
    domain: str = "intranet.local"
    organisation: str = "Intranet"
    os_family: str = "linux"
    server: str = "apache"
    skin: str = "portal"
    accept_after: int = 0

    @classmethod
    def of(cls, options: Options, identity: Identity) -> Self:
        """Read the options.

        Raises:
            OptionError: one of them is not what the honeypot takes.
        """
        family = _choice(options, "os_family", tuple(_USUAL_SERVER), "linux")
        server = _choice(options, "server", ("auto", *SERVERS), "auto")
        skin = _choice(options, "skin", ("auto", *SKINS), "auto")
        domain = options.text("domain", cls.domain)
        return cls(
            identity,
            options.text("host_name", cls.host_name),
            domain,
            options.text("organisation", "").strip() or domain.partition(".")[0].capitalize(),
            family,
            _USUAL_SERVER[family] if server == "auto" else server,
            _USUAL_SKIN[family] if skin == "auto" else skin,
            options.number("accept_after", cls.accept_after),
        )

    @property
    def fqdn(self) -> str:
        """The host's whole name."""
        return f"{self.host_name}.{self.domain}".lower()

    @property
    def windows(self) -> bool:
        """Whether paths, commands and files are those of Windows."""
        return self.os_family == "windows"

    @property
    def slug(self) -> str:
        """The organisation as a name in paths and databases."""
        return "".join(letter for letter in self.organisation.lower() if letter.isascii() and letter.isalnum()) or "app"

    def secret(self, purpose: str, length: int = 12) -> str:
        """A password or key that the emulated files show: this sensor's own, and good for nothing."""
        alphabet = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
        return "".join(alphabet[byte % len(alphabet)] for byte in self.identity.derive(f"secret {purpose}", length))


def _choice(options: Options, name: str, values: tuple[str, ...], default: str) -> str:
    value = options.text(name, default)
    if value not in values:
        raise OptionError(f"the option {name} must be one of {', '.join(values)}")
    return value
