"""Who this server claims to be: one story for its certificate, its NTLM challenge and its negotiation."""

from typing import NamedTuple, Self

from honeypot_adapter.options import Options

_MAX_NETBIOS = 15


class Persona(NamedTuple):
    """The computer's names and its Windows build; `nla` says whether it offers network level authentication."""

    host_name: str
    domain: str
    organisation: str
    build: int
    nla: bool

    @classmethod
    def of(cls, options: Options) -> Self:
        """Read it from what the operator has set; the defaults are those of metadata.xml.

        Raises:
            OptionError: an option is not what it must be.
        """
        return cls(
            host_name=options.text("host_name", "files01"),
            domain=options.text("domain", "intranet.local"),
            organisation=options.text("organisation", ""),
            build=options.number("windows_build", 20348),
            nla=options.text("os_family", "windows") == "windows",
        )

    @property
    def fqdn(self) -> str:
        """The computer's DNS name."""
        return f"{self.host_name}.{self.domain}".lower()

    @property
    def netbios_computer(self) -> str:
        """The computer's NetBIOS name."""
        return self.host_name[:_MAX_NETBIOS].upper()

    @property
    def netbios_domain(self) -> str:
        """The domain's NetBIOS name, which Windows makes of its first label."""
        return self.domain.partition(".")[0][:_MAX_NETBIOS].upper()
