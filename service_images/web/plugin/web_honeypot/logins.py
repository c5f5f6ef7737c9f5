"""Finds what an attacker tries to log in with: forms and JSON of whatever application, and HTTP's own ways."""

import base64
import binascii
import re
from typing import NamedTuple

from web_honeypot.request import Request

_USER = re.compile(
    r"(?:user|usr|uname|user_?name|user_?id|userlogin|login|login_?name|log|logon|email|e_mail|mail|account|acct|pma_username|"
    r"j_username|os_username|ctl00.*user.*|identifier|name)",
    re.IGNORECASE,
)
_PASSWORD = re.compile(
    r"(?:password|passwd|passwort|pass|pwd|psw|psd|passphrase|pma_password|j_password|os_password|secretkey|"
    r"user_?pass(?:word)?|login_?pass(?:word)?|credential|ctl00.*pass.*)",
    re.IGNORECASE,
)


class Login(NamedTuple):
    """What was tried, and the way it came: `form`, `basic`, `digest`, `ntlm` or `bearer`."""

    username: str
    password: str
    way: str


def login(request: Request) -> Login | None:
    """Read the credentials of a request; None when it has none."""
    return _form(request) or _header(request.header("authorization") or request.header("proxy-authorization"))


def _form(request: Request) -> Login | None:
    password = next((value for name, value in request.fields if _PASSWORD.fullmatch(_last(name))), None)
    if password is None:
        return None
    user = next((value for name, value in request.fields if _USER.fullmatch(_last(name))), "")
    return Login(user, password, "form")


def _last(name: str) -> str:
    """`user[password]` and `form.password` are a password, too."""
    return re.split(r"[\[.:]", name[:128].rstrip("]"))[-1]


def _header(value: str) -> Login | None:
    scheme, _, rest = value.strip().partition(" ")
    match scheme.lower():
        case "basic":
            try:
                text = base64.b64decode(rest.strip() + "==").decode("utf-8", "replace")
            except (binascii.Error, ValueError):
                return Login("", rest, "basic")
            user, _, password = text.partition(":")
            return Login(user, password, "basic")
        case "digest":
            named = re.search(r'username="([^"]{0,256})"', rest)
            return Login(named[1] if named else "", rest, "digest")
        case "ntlm" | "negotiate":
            return Login("", rest, "ntlm")
        case "bearer" if rest:
            return Login("", rest, "bearer")
    return None
