"""Asks an LDAP directory who somebody is, and whether the password is theirs."""

import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from ldap3 import NONE, SUBTREE, Connection, Server, Tls
from ldap3.core.exceptions import LDAPException
from ldap3.utils.conv import escape_filter_chars

from server_app.directory.groups import External
from server_app.directory.preferences import LdapSection

SECONDS = 5
MOST_GROUPS = 1000


class DirectoryDown(Exception):  # noqa: N818 - it says what is the matter
    """The directory does not answer, or not as it is set up to."""


def check(section: LdapSection, username: str, password: str) -> External | None:
    """Who this is, by the directory; None when there is nobody of the name or the password is another.

    Raises:
        DirectoryDown: it could not be asked.
    """
    if not username or not password:  # with an empty password, a bind succeeds as nobody
        return None
    try:
        bind_password = section.bind_password.text if section.bind_password else ""
        with _connection(section, section.bind_dn, bind_password) as searcher:
            if not searcher.bound:
                raise DirectoryDown("it refuses the bind user")
            found = _find(section, searcher, username)
            if found is None:
                return None
            dn, attributes = found
            with _connection(section, dn, password) as user:
                if not user.bound:
                    return None
            return _external(section, attributes, _groups(section, searcher, dn, attributes))
    except (LDAPException, ssl.SSLError, OSError) as error:
        raise DirectoryDown(f"{type(error).__name__}: {error}"[:200]) from error


@contextmanager
def _connection(section: LdapSection, dn: str, password: str) -> Iterator[Connection]:
    # ldap3's own `with` binds a second time where the first was refused: that would count as two guesses there.
    parts = urlsplit(section.url)
    tls = Tls(validate=ssl.CERT_REQUIRED, version=ssl.PROTOCOL_TLS_CLIENT, ca_certs_data=section.ca or None)
    server = Server(
        parts.hostname or "",
        parts.port or (636 if parts.scheme == "ldaps" else 389),
        use_ssl=parts.scheme == "ldaps",
        tls=tls,
        get_info=NONE,
        connect_timeout=SECONDS,
    )
    connection = Connection(
        server, dn or None, password or None, receive_timeout=SECONDS, auto_referrals=False, read_only=True
    )
    connection.open()
    if section.start_tls and parts.scheme == "ldap" and not connection.start_tls():
        raise DirectoryDown("it refuses StartTLS")
    try:
        connection.bind()
        yield connection
    finally:
        connection.unbind()


def _find(section: LdapSection, searcher: Connection, username: str) -> tuple[str, Mapping[str, Any]] | None:
    names = [section.id_attribute, section.name_attribute, section.full_name_attribute, section.email_attribute]
    question = section.user_filter.replace("{username}", escape_filter_chars(username))
    entries = _search(searcher, section.user_base, question, [*names, section.group_attribute], most=2)
    # Of two that answer to one name, nobody can say which of them is meant.
    return (entries[0]["dn"], entries[0]["attributes"]) if len(entries) == 1 else None


def _groups(section: LdapSection, searcher: Connection, dn: str, attributes: Mapping[str, Any]) -> tuple[str, ...]:
    if not section.group_base:
        return tuple(_texts(attributes, section.group_attribute))
    question = section.group_filter.replace("{dn}", escape_filter_chars(dn))
    return tuple(entry["dn"] for entry in _search(searcher, section.group_base, question, ["1.1"], most=MOST_GROUPS))


def _search(
    searcher: Connection, base: str, question: str, attributes: Sequence[str], *, most: int
) -> list[dict[str, Any]]:
    searcher.search(base, question, SUBTREE, attributes=list(attributes), size_limit=most, time_limit=SECONDS)
    return [entry for entry in searcher.response or () if entry["type"] == "searchResEntry"]


def _external(section: LdapSection, attributes: Mapping[str, Any], groups: tuple[str, ...]) -> External | None:
    number = "".join(_texts(attributes, section.id_attribute)[:1])
    name = "".join(_texts(attributes, section.name_attribute)[:1])
    if not number or not name:
        raise DirectoryDown(f"the user has no {section.id_attribute} or {section.name_attribute}")
    full_name = "".join(_texts(attributes, section.full_name_attribute)[:1])
    email = "".join(_texts(attributes, section.email_attribute)[:1])
    return External(number, name, full_name, email, groups)


def _texts(attributes: Mapping[str, Any], name: str) -> list[str]:
    """An attribute's values as text: without the directory's schema, they come as bytes or text, one or many."""
    lowered = {key.lower(): value for key, value in attributes.items()}
    value = lowered.get(name.lower(), [])
    values = value if isinstance(value, list) else [value]
    return [item.hex() if isinstance(item, bytes) else str(item) for item in values]
