"""Asks an LDAP directory who somebody is, whether the password is theirs, and who is still there."""

import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from ldap3 import NONE, SUBTREE, Connection, Server, Tls
from ldap3.core.exceptions import LDAPException
from ldap3.core.results import RESULT_SIZE_LIMIT_EXCEEDED, RESULT_SUCCESS
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
    with _searching(section) as searcher:
        question = section.user_filter.replace("{username}", escape_filter_chars(username))
        entries = _people(section, searcher, question)
        if len(entries) != 1:  # of two that answer to one name, nobody can say which of them is meant
            return None
        dn, attributes = entries[0]["dn"], entries[0]["attributes"]
        with _connection(section, dn, password) as user:
            if not user.bound:
                return None
        return _external(section, attributes, _groups(section, searcher, dn, attributes))


def still_there(section: LdapSection, known: Sequence[tuple[str, str]]) -> list[External | None]:
    """Who those that it vouched for are today; None for each who could not log in any more.

    Args:
        section: the directory.
        known: name and id of each, as they were at the last login.

    Raises:
        DirectoryDown: it could not be asked, or not for all of them.
    """
    with _searching(section) as searcher:
        return [_look_up(section, searcher, name, number) for name, number in known]


def _look_up(section: LdapSection, searcher: Connection, name: str, number: str) -> External | None:
    # The filter is for what people type, which need not be their name; what else it asks for still has to hold.
    allowed = section.user_filter.replace("{username}", "*")
    same = ((section.name_attribute, name), (section.id_attribute, number))
    either = "".join(f"({attribute}={escape_filter_chars(value)})" for attribute, value in same)
    for entry in _people(section, searcher, f"(&{allowed}(|{either}))"):
        found = _external(section, entry["attributes"], ())
        if found.id == number:
            return replace(found, groups=_groups(section, searcher, entry["dn"], entry["attributes"]))
    return None


@contextmanager
def _searching(section: LdapSection) -> Iterator[Connection]:
    try:
        bind_password = section.bind_password.text if section.bind_password else ""
        with _connection(section, section.bind_dn, bind_password) as searcher:
            if not searcher.bound:
                raise DirectoryDown("it refuses the bind user")
            yield searcher
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


def _people(section: LdapSection, searcher: Connection, question: str) -> list[dict[str, Any]]:
    names = [section.id_attribute, section.name_attribute, section.full_name_attribute, section.email_attribute]
    return _search(searcher, section.user_base, question, [*names, section.group_attribute], most=2)


def _groups(section: LdapSection, searcher: Connection, dn: str, attributes: Mapping[str, Any]) -> tuple[str, ...]:
    if not section.group_base:
        return tuple(_texts(attributes, section.group_attribute))
    question = section.group_filter.replace("{dn}", escape_filter_chars(dn))
    return tuple(entry["dn"] for entry in _search(searcher, section.group_base, question, ["1.1"], most=MOST_GROUPS))


def _search(
    searcher: Connection, base: str, question: str, attributes: Sequence[str], *, most: int
) -> list[dict[str, Any]]:
    searcher.search(base, question, SUBTREE, attributes=list(attributes), size_limit=most, time_limit=SECONDS)
    # Busy, or out of time: what it has not said is not what is not there.
    if searcher.result["result"] not in {RESULT_SUCCESS, RESULT_SIZE_LIMIT_EXCEEDED}:
        raise DirectoryDown(f"it does not search {base}: {searcher.result['description']}")
    return [entry for entry in searcher.response or () if entry["type"] == "searchResEntry"]


def _external(section: LdapSection, attributes: Mapping[str, Any], groups: tuple[str, ...]) -> External:
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
