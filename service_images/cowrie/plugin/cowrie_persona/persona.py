"""The machine as an operator describes it, and what is its own by the sensor's identity."""

import re
from dataclasses import dataclass
from typing import NamedTuple, Self

from cowrie_persona.systems import SYSTEMS, System
from honeypot_adapter.identity import Identity
from honeypot_adapter.options import OptionError, Options

USERS = (
    *(f"root:{password}" for password in ("root", "toor", "admin", "password", "Password1", "passw0rd", "P@ssw0rd")),
    *(f"root:{password}" for password in ("admin123", "changeme", "letmein", "welcome", "123456", "qwerty")),
    *(f"admin:{password}" for password in ("admin", "password", "admin123", "P@ssw0rd", "changeme", "123456")),
    *("backup:backup", "test:test", "user:user", "oracle:oracle", "postgres:postgres", "support:support"),
)
"""Weak ones that attackers try; a machine that takes any password is known to be none."""

_LOGIN = re.compile(r"([a-z_][a-z0-9_.-]{0,31}):([!-9;-~]{1,64})")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
_BANNER = re.compile(r"SSH-2\.0-[!-~][ -~]{0,200}")
_LONGEST_PERIOD, _SHORTEST_PERIOD = 90, 30
_DAY = 86400


class Login(NamedTuple):
    """Who gets in with what; the password `*` is any."""

    name: str
    password: str


@dataclass(frozen=True, slots=True)
class Persona:
    """The machine; `identity` makes what nobody described."""

    host_name: str
    domain: str
    system: System
    telnet: bool
    ssh_banner: str
    users: tuple[Login, ...]
    motd: tuple[str, ...]
    mac_vendor: str
    identity: Identity

    @classmethod
    def of(cls, options: Options, identity: Identity) -> Self:
        """Take up what is set.

        Raises:
            OptionError: an option is not what its schema says.
        """
        family = options.text("os_family", "linux")
        if family not in SYSTEMS:
            raise OptionError(f"the option os_family must be one of {', '.join(SYSTEMS)}")
        system = SYSTEMS[family]
        return cls(
            host_name=_fitting(_HOST, "host_name", options.text("host_name", "files01")),
            domain=_fitting(_DOMAIN, "domain", options.text("domain", "intranet.local")),
            system=system,
            telnet=options.flag("telnet", default=True),
            ssh_banner=_fitting(_BANNER, "ssh_banner", options.text("ssh_banner", "") or system.ssh_banner),
            users=tuple(_login(each) for each in options.texts("users", USERS)),
            motd=options.texts("motd", ()) or system.motd,
            mac_vendor=options.text("mac_vendor", "") or system.mac_vendor,
            identity=identity,
        )

    @property
    def full_name(self) -> str:
        """Host name and domain."""
        return f"{self.host_name}.{self.domain}"

    @property
    def people(self) -> tuple[str, ...]:
        """The names that have a home of their own, in their order."""
        names = dict.fromkeys(login.name for login in self.users)
        return tuple(name for name in names if name not in {"root", "backup"})

    def booted_before(self, now: float) -> int:
        """How many seconds ago the machine was started: it goes on over restarts, and is months at most.

        Args:
            now: seconds since the epoch.
        """
        days = _SHORTEST_PERIOD + self.identity.number("days up", _LONGEST_PERIOD - _SHORTEST_PERIOD)
        period = days * _DAY
        since = (int(now) - self.identity.number("boot", period)) % period
        return since + _DAY


def _login(text: str) -> Login:
    found = _LOGIN.fullmatch(text)
    if found is None:
        raise OptionError("each of the option users must be a name and a password with a colon between them")
    return Login(*found.groups())


def _fitting(pattern: re.Pattern[str], name: str, value: str) -> str:
    if not pattern.fullmatch(value):
        raise OptionError(f"the option {name} cannot be {value!r}")
    return value
