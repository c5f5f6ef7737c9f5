"""What the claimed web servers say in their own name: headers, their order, and pages for errors."""

from collections.abc import Callable
from email.utils import formatdate
from html import escape
from http import HTTPStatus
from typing import NamedTuple

from web_honeypot.persona import Persona
from web_honeypot.response import Response

_MAX_HOST = 255


class Claim(NamedTuple):
    """One server: its header, its header for what it refuses before any site sees it, and its page for an error."""

    header: str
    refusal_header: str
    error: Callable[[int, str, int, str], bytes]


def claim(persona: Persona) -> Claim:
    """Give the server that a persona claims, on the system it claims."""
    return _CLAIMS[persona.server, persona.os_family]


def error(persona: Persona, status: int, host: str = "", port: int = 80, reason: str = "") -> Response:
    """Answer with the server's own page for an error.

    Args:
        persona: who answers.
        status: of the answer.
        host: what the client called this server.
        port: what it addressed.
        reason: a sentence for 400, where the server has a special one.
    """
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    server = claim(persona)
    body = server.error(status, name[:_MAX_HOST] or persona.fqdn, port, reason)
    headers = (("Connection", "close"),) if status in {400, 408, 413, 414} else ()
    kind = "text/html" if persona.server != "apache" else "text/html; charset=iso-8859-1"
    return Response(status, body, kind, headers)


def head(persona: Persona, response: Response, now: float) -> list[tuple[str, str]]:
    """Give all headers of an answer in the server's order.

    Args:
        persona: who answers.
        response: the answer.
        now: seconds since the epoch.
    """
    server = claim(persona)
    date = ("Date", formatdate(now, usegmt=True))
    refused = response.status in {400, 408, 411, 414}
    name = ("Server", server.refusal_header if refused else server.header)
    length = ("Content-Length", str(len(response.body)))
    kind = [("Content-Type", response.content_type)] if response.body else []
    if persona.server == "nginx":
        return [name, date, *kind, length, *response.headers]
    if persona.server == "iis":
        return [*kind, name, *response.headers, date, length]
    return [date, name, *response.headers, length, *kind]


def phrase(status: int) -> str:
    """Give the words behind a status."""
    special = {302: "Found", 408: "Request Timeout", 413: "Request Entity Too Large", 414: "Request-URI Too Long"}
    return special.get(status) or HTTPStatus(status).phrase


_APACHE_SAYS = {
    400: "Your browser sent a request that this server could not understand.<br />\n{reason}",
    401: "This server could not verify that you\nare authorized to access the document\nrequested.  Either you "
    "supplied the wrong\ncredentials (e.g., bad password), or your\nbrowser doesn't understand how to supply\n"
    "the credentials required.",
    403: "You don't have permission to access this resource.",
    404: "The requested URL was not found on this server.",
    405: "The requested method is not allowed for this URL.",
    408: "Server timeout waiting for the HTTP request from the client.",
    413: "The requested resource does not allow request data with the requested method, or the amount of data provided "
    "in\nthe request exceeds the capacity limit.",
    414: "The requested URL's length exceeds the capacity\nlimit for this server.<br />",
    500: "The server encountered an internal error or\nmisconfiguration and was unable to complete\nyour request.",
    501: "The requested method is not supported for the current URL.<br />",
}


def _apache(signature: str) -> Callable[[int, str, int, str], bytes]:
    def write(status: int, host: str, port: int, reason: str) -> bytes:
        title = {401: "Unauthorized", 500: "Internal Server Error"}.get(status, phrase(status))
        says = _APACHE_SAYS.get(status, "").format(reason=f"{reason}<br />\n" if reason else "")
        heading = {500: "Internal Server Error"}.get(status, title)
        return (
            '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n'
            f"<html><head>\n<title>{status} {title}</title>\n</head><body>\n<h1>{heading}</h1>\n<p>{says}</p>\n"
            f"<hr>\n<address>{signature} Server at {escape(host)} Port {port}</address>\n</body></html>\n"
        ).encode("utf-8", "replace")

    return write


def _nginx(signature: str) -> Callable[[int, str, int, str], bytes]:
    special = {401: "Authorization Required", 408: "Request Time-out", 414: "Request-URI Too Large", 405: "Not Allowed"}

    def write(status: int, _host: str, _port: int, reason: str) -> bytes:
        title = f"{status} {reason or special.get(status) or phrase(status)}"
        heading = f"{status} {special.get(status) or phrase(status)}"
        more = f"<center>{escape(reason)}</center>\r\n" if reason else ""
        return (
            f"<html>\r\n<head><title>{escape(title)}</title></head>\r\n<body>\r\n"
            f"<center><h1>{heading}</h1></center>\r\n"
            f"{more}<hr><center>{signature}</center>\r\n</body>\r\n</html>\r\n"
        ).encode("utf-8", "replace")

    return write


def _iis(status: int, _host: str, _port: int, reason: str) -> bytes:
    title = phrase(status)
    if status in {400, 408, 411, 413, 414}:
        says = reason or ("The request is badly formed." if status == HTTPStatus.BAD_REQUEST else f"{title}.")
        kind = '<META HTTP-EQUIV="Content-Type" Content="text/html; charset=us-ascii">'
        return (
            '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN""http://www.w3.org/TR/html4/strict.dtd">\r\n'
            f"<HTML><HEAD><TITLE>{title}</TITLE>\r\n{kind}</HEAD>\r\n<BODY><h2>{title}</h2>\r\n"
            f"<hr><p>HTTP Error {status}. {escape(says)}</p>\r\n</BODY></HTML>\r\n"
        ).encode()
    return (
        f"<!DOCTYPE html>\r\n<html><head><title>{status} - {title}</title></head>\r\n<body>\r\n"
        f"<h1>Server Error</h1>\r\n<h2>{status} - {title}.</h2>\r\n</body></html>\r\n"
    ).encode()


_APACHE = "Apache/2.4.65 (Debian)"
_APACHE_WINDOWS = "Apache/2.4.58 (Win64) OpenSSL/3.1.3 PHP/8.2.12"
_APACHE_APPLIANCE = "Apache/2.4.58 (Unix)"
_NGINX = "nginx/1.22.1"
_IIS = Claim("Microsoft-IIS/10.0", "Microsoft-HTTPAPI/2.0", _iis)
_CLAIMS = {
    ("apache", "linux"): Claim(_APACHE, _APACHE, _apache(_APACHE)),
    ("apache", "windows"): Claim(_APACHE_WINDOWS, _APACHE_WINDOWS, _apache(_APACHE_WINDOWS)),
    ("apache", "appliance"): Claim(_APACHE_APPLIANCE, _APACHE_APPLIANCE, _apache(_APACHE_APPLIANCE)),
    **{("nginx", family): Claim(_NGINX, _NGINX, _nginx(_NGINX)) for family in ("linux", "windows", "appliance")},
    **{("iis", family): _IIS for family in ("linux", "windows", "appliance")},
}
