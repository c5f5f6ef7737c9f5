"""What code of attackers would print, as far as a few patterns tell: PHP, OGNL, Groovy and templates; none is run."""

import base64
import hashlib
import re
from typing import NamedTuple

from web_honeypot.shell import Shell

_MAX_CODE = 8192
_CALL = re.compile(
    r"(?:system|shell_exec|passthru|popen|proc_open|pcntl_exec|exec|ProcessBuilder|execute)\s*\(\s*[@a-z.{}\[\]\s]{0,60}"
    r"""(?P<quote>\\?["']|&quot;)(?P<command>.{1,1000}?)(?P=quote)""",
    re.IGNORECASE | re.DOTALL,
)
_GROOVY = re.compile(r"""(?P<quote>["'])(?P<command>[^"']{1,500})(?P=quote)\s*\.\s*execute\s*\(""", re.IGNORECASE)
_BACKTICKS = re.compile(r"`(?P<command>[^`]{1,500})`")
_ASSIGNED = re.compile(r"""#\w*cmd\w*\s*=\s*(?P<quote>["'])(?P<command>[^"']{1,500})(?P=quote)""", re.IGNORECASE)
_HASH = re.compile(
    r"""\b(?P<how>md5|sha1|strrev|strtoupper)\s*\(\s*(?P<quote>["']?)(?P<text>[^"')]{0,200})(?P=quote)\s*\)""",
    re.IGNORECASE,
)
_PRINT = re.compile(
    r"""(?:echo|print|die|exit|var_dump|print_r|println)[\s(]{1,4}(?P<quote>["'])(?P<text>[^"']{0,500})(?P=quote)""",
    re.IGNORECASE,
)
_SUM = re.compile(
    r"(?:echo|print|die|exit|var_dump|print_r|[$#%*@]?\{+)[\s(]{0,4}(\d{1,9})\s*([*+-])\s*(\d{1,9})", re.IGNORECASE
)
_ENCODED = re.compile(r"""base64_decode\s*\(\s*["'](?P<text>[A-Za-z0-9+/=]{4,4000})["']""", re.IGNORECASE)


class Printed(NamedTuple):
    """What came out, and the command that made it, if any."""

    text: str
    command: str = ""


def evaluate(code: str, shell: Shell) -> Printed | None:
    """Tell what code prints; None when nothing in it is understood."""
    code = code[:_MAX_CODE]
    encoded = _ENCODED.search(code)
    if encoded:
        try:
            code += "\n" + base64.b64decode(encoded["text"] + "==").decode("latin-1")
        except ValueError:
            encoded = None
    for pattern in (_ASSIGNED, _GROOVY, _CALL, _BACKTICKS):
        found = pattern.search(code)
        if found:
            command = found["command"].strip()
            return Printed(shell.run(command), command)
    return _value(code)


def _value(code: str) -> Printed | None:
    if "phpinfo" in code:
        return Printed("<html><head><title>phpinfo()</title></head><body><h1>PHP Version 8.2.29</h1></body></html>")
    if found := _HASH.search(code):
        return Printed(_function(found["how"].lower(), found["text"]))
    if found := _SUM.search(code):
        left, sign, right = int(found[1]), found[2], int(found[3])
        return Printed(str({"*": left * right, "+": left + right, "-": left - right}[sign]))
    if found := _PRINT.search(code):
        return Printed(found["text"])
    return None


def _function(name: str, text: str) -> str:
    match name:
        case "md5":
            return hashlib.md5(text.encode("latin-1", "replace"), usedforsecurity=False).hexdigest()
        case "sha1":
            return hashlib.sha1(text.encode("latin-1", "replace"), usedforsecurity=False).hexdigest()
        case "strrev":
            return text[::-1]
    return text.upper()
