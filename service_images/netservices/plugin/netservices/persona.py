"""What the services say about the machine they seem to run on."""

from dataclasses import dataclass
from typing import Self

from honeypot_adapter.identity import Identity
from honeypot_adapter.options import OptionError, Options

FAMILIES = ("linux", "windows", "appliance")
_NETBIOS_CHARACTERS = 15


@dataclass(frozen=True)
class Software:
    """Versions and greetings of one kind of machine. `protocols` are those that are usual there."""

    protocols: tuple[str, ...]
    ftp: str
    mysql: str
    mysql_extensions: bytes
    redis: str
    redis_os: str
    mssql: tuple[int, int, int]
    smtp: str
    imap: str
    pop3: str
    sip: str
    smb_os: str
    smb_version: tuple[int, int, int]


_SOFTWARE = {
    "linux": Software(
        protocols=("ftp", "smtp", "pop3", "imap", "smb", "sip", "mysql", "postgresql", "redis"),
        ftp="(vsFTPd 3.0.3)",
        mysql="5.5.5-10.11.11-MariaDB-0+deb12u1",
        mysql_extensions=b"\x1d\x00\x00\x00",
        redis="7.0.15",
        redis_os="Linux 6.1.0-37-amd64 x86_64",
        mssql=(15, 0, 4430),
        smtp="ESMTP Postfix (Debian/GNU)",
        imap="Dovecot (Debian) ready.",
        pop3="Dovecot (Debian) ready.",
        sip="Asterisk PBX 20.9.3",
        smb_os="Windows 6.1",
        smb_version=(6, 1, 0),
    ),
    "windows": Software(
        protocols=("ftp", "smtp", "pop3", "imap", "smb", "sip", "mssql", "vnc"),
        ftp="Microsoft FTP Service",
        mysql="8.0.39",
        mysql_extensions=b"\x00\x00\x00\x00",
        redis="5.0.14",
        redis_os="Windows",
        mssql=(15, 0, 2000),
        smtp="Microsoft ESMTP MAIL Service ready at",
        imap="The Microsoft Exchange IMAP4 service is ready.",
        pop3="The Microsoft Exchange POP3 service is ready.",
        sip="3CXPhoneSystem 18.0.9.20 (20)",
        smb_os="Windows Server 2019 Standard 17763",
        smb_version=(10, 0, 17763),
    ),
    "appliance": Software(
        protocols=("ftp", "smb", "sip", "vnc"),
        ftp="(vsFTPd 3.0.3)",
        mysql="5.5.5-10.3.39-MariaDB",
        mysql_extensions=b"\x07\x00\x00\x00",
        redis="6.2.6",
        redis_os="Linux 4.4.302+ aarch64",
        mssql=(15, 0, 2000),
        smtp="ESMTP Postfix",
        imap="Dovecot ready.",
        pop3="Dovecot ready.",
        sip="Asterisk PBX 16.30.1",
        smb_os="Windows 6.1",
        smb_version=(6, 1, 0),
    ),
}


@dataclass(frozen=True)
class Persona:
    """The machine: its names, its kind, and what only this sensor has."""

    host_name: str
    domain: str
    os_family: str
    organisation: str
    identity: Identity

    @classmethod
    def of(cls, options: Options, identity: Identity) -> Self:
        """Read what the operator has set.

        Raises:
            OptionError: an option is not what it must be.
        """
        family = options.text("os_family", "linux")
        if family not in FAMILIES:
            raise OptionError(f"the option os_family must be one of {', '.join(FAMILIES)}")
        return cls(
            options.text("host_name", "files01") or "files01",
            options.text("domain", "intranet.local") or "intranet.local",
            family,
            options.text("organisation", ""),
            identity,
        )

    @property
    def software(self) -> Software:
        """What runs there."""
        return _SOFTWARE[self.os_family]

    @property
    def full_name(self) -> str:
        """The name with its domain."""
        return f"{self.host_name}.{self.domain}"

    @property
    def netbios_name(self) -> str:
        """The name as Windows shortens it."""
        return self.host_name.upper()[:_NETBIOS_CHARACTERS]

    @property
    def workgroup(self) -> str:
        """The domain as Windows shortens it."""
        return self.domain.partition(".")[0].upper()[:_NETBIOS_CHARACTERS]
