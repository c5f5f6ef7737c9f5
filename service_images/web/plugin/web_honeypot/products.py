"""Answers in the ways of single products."""

import base64
import json
import re
from collections.abc import Callable
from html import unescape

from web_honeypot.files import admin, read
from web_honeypot.outcome import Case, Outcome
from web_honeypot.php import evaluate
from web_honeypot.response import PLAIN, Response, page, redirect
from web_honeypot.rules import Match
from web_honeypot.shell import Shell

_SOAP_STRINGS = re.compile(r"<string>([^<]{1,500})</string>")


def _f5_tmui(case: Case, _match: Match) -> Outcome | None:
    fields = dict(case.request.fields)
    if name := fields.get("fileName"):
        content = read(case.persona, name)
        return None if content is None else Outcome(_json({"output": content}))
    if command := fields.get("command"):
        return Outcome(_json({"error": "", "output": Shell(case.persona, "root").run(command)}), command)
    return None


def _f5_bash(case: Case, _match: Match) -> Outcome:
    arguments = dict(case.request.fields).get("utilCmdArgs", "")
    command = re.sub(r"^-c\s*", "", arguments).strip("'\"")
    answer = {"kind": "tm:util:bash:runstate", "command": "run", "utilCmdArgs": arguments}
    return Outcome(_json(answer | {"commandResult": Shell(case.persona, "root").run(command)}), command)


def _fortinet_websession(case: Case, _match: Match) -> Outcome:
    user = admin(case.persona)
    text = (
        f"var fgt_lang =\x00\x00\x00\x00\x01\x00\x00\x00{user}\x00\x00{case.persona.secret('vpn')}\x00full-access\x00"
    )
    return Outcome(page(text, 200, "application/x-javascript"))


def _vcenter_upload(case: Case, _match: Match) -> Outcome:
    return Outcome(page("SUCCESS", 200, PLAIN) if case.request.method == "POST" else Response(405))


def _weblogic_soap(case: Case, _match: Match) -> Outcome:
    words = [unescape(word) for word in _SOAP_STRINGS.findall(case.request.body.decode("latin-1"))]
    command = words[-1] if words else ""
    fault = (
        '<?xml version="1.0" encoding="UTF-8"?><S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>'
        "<S:Fault><faultcode>S:Server</faultcode><faultstring>0</faultstring></S:Fault></S:Body></S:Envelope>"
    )
    return Outcome(page(fault, 500 if words else 200, "text/xml; charset=utf-8"), command)


def _exchange_mapi(case: Case, _match: Match) -> Outcome:
    if "mapi" not in case.request.target.lower():
        return Outcome(redirect(f"https://{case.persona.fqdn}/owa/auth/logon.aspx"))
    text = (
        "<html><head><title>Exchange MAPI/HTTP Connectivity Endpoint</title></head><body>"
        "<h2>Exchange MAPI/HTTP Connectivity Endpoint</h2><p>Version: 15.1.2176.2<br>Vdir Path: /mapi/nspi/</p>"
        "<p><b>User:</b> NT AUTHORITY\\SYSTEM</p></body></html>"
    )
    return Outcome(page(text))


def _confluence(case: Case, _match: Match) -> Outcome | None:
    printed = evaluate(case.request.view("path"), Shell(case.persona, "confluence"))
    if printed is None:
        return None
    first = " ".join(printed.text.split("\n")[:1]).strip()
    return Outcome(redirect("/login.action?permissionViolation=true", ("X-Cmd-Response", first[:500])), printed.command)


def _thinkphp(case: Case, _match: Match) -> Outcome | None:
    values = [value for name, value in case.request.fields if re.search(r"vars?\[|filter|method|get\[|server\[", name)]
    if len(values) < 2:  # noqa: PLR2004 - a function and what it is called with
        return None
    function, argument = values[0], values[-1]
    if function.lower() in {"system", "exec", "shell_exec", "passthru", "assert"}:
        return Outcome(page(Shell(case.persona).run(argument)), argument)
    printed = evaluate(f"{function}('{argument}')", Shell(case.persona))
    return None if printed is None else Outcome(page(printed.text))


def _drupal(case: Case, _match: Match) -> Outcome | None:
    fields = case.request.fields
    command = next((value for name, value in fields if "#markup" in name), "")
    if not command:
        return None
    output = Shell(case.persona).run(command)
    answer = [{"command": "insert", "method": "replaceWith", "selector": None, "data": output, "settings": None}]
    return Outcome(_json(answer), command)


def _nas_sharing(case: Case, _match: Match) -> Outcome | None:
    encoded = dict(case.request.fields).get("system", "")
    try:
        command = base64.b64decode(encoded + "==").decode("latin-1")
    except ValueError:
        return None
    state = "<config><nas_sharing><auth_state>1</auth_state></nas_sharing></config>"
    text = f'{Shell(case.persona, "root").run(command)}<?xml version="1.0" encoding="UTF-8" ?>{state}'
    return Outcome(page(text, 200, "text/xml"), command)


def _json(value: object) -> Response:
    return page(json.dumps(value), 200, "application/json; charset=UTF-8")


ANSWERS: dict[str, Callable[[Case, Match], Outcome | None]] = {
    "f5_tmui": _f5_tmui,
    "f5_bash": _f5_bash,
    "fortinet_websession": _fortinet_websession,
    "vcenter_upload": _vcenter_upload,
    "weblogic_soap": _weblogic_soap,
    "exchange_mapi": _exchange_mapi,
    "confluence": _confluence,
    "thinkphp": _thinkphp,
    "drupal": _drupal,
    "nas_sharing": _nas_sharing,
}
