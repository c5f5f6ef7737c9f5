"""Host names for sensors to which nobody has given one: such as there are in many networks. Pure."""

import secrets
from collections.abc import Collection

MOST = 60
_ROLES = {
    "linux": "{}{:02} app db files web build git mon log backup proxy mail print erp wiki ldap dev",
    "windows": "SRV-{}{:02} FILE APP SQL PRINT BACKUP MAIL WEB TS WSUS ERP CRM HR FIN DEV TEST ARCHIVE",
    "appliance": "{}{:02} nas storage filer backup archive share media vault san disk data store snap mirror box repo",
}
NAMES = 16 * MOST
"""How many there are of each family: two numbers that differ by less have two names."""
_HIGHEST = 2**31
_TRIES = 50


def host_name(family: str, number: int) -> str:
    """The name that a number means.

    Args:
        family: of the operating system.
        number: at least 0.
    """
    form, *roles = _ROLES[family].split()
    return form.format(roles[number % len(roles)], number // len(roles) % MOST + 1)


def new_number(taken: Collection[int]) -> int:
    """A random number whose name nobody has yet, as far as names reach.

    Args:
        taken: numbers that are in use.
    """
    named = {number % NAMES for number in taken}
    drawn = (secrets.randbelow(_HIGHEST) for _ in range(_TRIES))
    return next((number for number in drawn if number % NAMES not in named), secrets.randbelow(_HIGHEST))
