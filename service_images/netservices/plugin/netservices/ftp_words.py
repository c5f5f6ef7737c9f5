"""How vsftpd and the Microsoft service word their answers, and how they list files."""

import time

from netservices.ftp_files import Entry

type Words = dict[str, str]

VSFTPD: Words = {
    "user": "331 Please specify the password.",
    "in": "230 Login successful.",
    "refused": "530 Login incorrect.",
    "first": "530 Please login with USER and PASS.",
    "order": "503 Login with USER first.",
    "bye": "221 Goodbye.",
    "tls": "530 Please login with USER and PASS.",
    "features": "211-Features:\r\n EPRT\r\n EPSV\r\n MDTM\r\n PASV\r\n REST STREAM\r\n SIZE\r\n TVFS\r\n211 End",
    "system": "215 UNIX Type: L8",
    "folder": '257 "{}" is the current directory',
    "changed": "250 Directory successfully changed.",
    "no folder": "550 Failed to change directory.",
    "type A": "200 Switching to ASCII mode.",
    "type I": "200 Switching to Binary mode.",
    "passive": "227 Entering Passive Mode ({}).",
    "extended": "229 Entering Extended Passive Mode (|||{}|)",
    "active": "200 {} command successful. Consider using PASV.",
    "foreign": "500 Illegal {} command.",
    "no port": "425 Use PORT or PASV first.",
    "not connected": "425 Failed to establish connection.",
    "list": "150 Here comes the directory listing.",
    "listed": "226 Directory send OK.",
    "send": "150 Opening {} mode data connection for {} ({} bytes).",
    "take": "150 Ok to send data.",
    "transferred": "226 Transfer complete.",
    "broken": "426 Failure writing network stream.",
    "too much": "552 Exceeded storage allocation.",
    "no file": "550 Failed to open file.",
    "no size": "550 Could not get file size.",
    "no time": "550 Could not get file modification time.",
    "not written": "553 Could not create file.",
    "denied": "550 Permission denied.",
    "restart": "350 Restart position accepted ({}).",
    "nothing": "200 NOOP ok.",
    "utf8": "200 Always in UTF8 mode.",
    "mode": "200 Mode set to S.",
    "structure": "200 Structure set to F.",
    "abort": "225 No transfer to ABOR.",
    "unknown": "500 Unknown command.",
}
MICROSOFT: Words = VSFTPD | {
    "user": "331 Password required",
    "in": "230 User logged in.",
    "refused": "530 User cannot log in.",
    "tls": "534 Local policy on server does not allow TLS secure connections.",
    "features": (
        "211-Extended features supported:\r\n LANG EN*\r\n UTF8\r\n AUTH TLS;TLS-C;SSL;TLS-P;\r\n PBSZ\r\n"
        " PROT C;P;\r\n CCC\r\n HOST\r\n SIZE\r\n MDTM\r\n REST STREAM\r\n211 END"
    ),
    "system": "215 Windows_NT",
    "folder": '257 "{}" is current directory.',
    "changed": "250 CWD command successful.",
    "no folder": "550 The system cannot find the file specified. ",
    "type A": "200 Type set to A.",
    "type I": "200 Type set to I.",
    "active": "200 {} command successful.",
    "foreign": "501 Server cannot accept argument.",
    "no port": "425 Cannot open data connection.",
    "not connected": "425 Cannot open data connection.",
    "list": "125 Data connection already open; Transfer starting.",
    "listed": "226 Transfer complete.",
    "send": "125 Data connection already open; Transfer starting.",
    "take": "125 Data connection already open; Transfer starting.",
    "broken": "426 Connection closed; transfer aborted.",
    "no file": "550 The system cannot find the file specified. ",
    "no size": "550 The system cannot find the file specified. ",
    "no time": "550 The system cannot find the file specified. ",
    "not written": "550 Access is denied. ",
    "denied": "550 Access is denied. ",
    "restart": "350 Restarting at {}.",
    "nothing": "200 noop command successful.",
    "utf8": "200 OPTS UTF8 command successful - UTF8 encoding now ON.",
    "abort": "225 ABOR command successful.",
    "unknown": "500 Command not understood.",
}
_HALF_A_YEAR = 182 * 86400


def listing(entries: list[Entry], now: float, *, microsoft: bool) -> str:
    """Write files as the service lists them; `now` is in seconds since the epoch."""
    return "".join(f"{_microsoft(each) if microsoft else _unix(each, now)} {each.name}\r\n" for each in entries)


def _unix(entry: Entry, now: float) -> str:
    moment = time.gmtime(entry.time)
    when = time.strftime("%b %d %H:%M" if now - entry.time < _HALF_A_YEAR else "%b %d  %Y", moment)
    kind, links, owner = ("drwxr-xr-x", 2, 0) if entry.folder else ("-rw-r--r--", 1, 107)
    return f"{kind} {links:4d} {owner:<8d} {owner:<8d} {entry.size:8d} {when}"


def _microsoft(entry: Entry) -> str:
    when = time.strftime("%m-%d-%y  %I:%M%p", time.gmtime(entry.time))
    return f"{when}       <DIR>         " if entry.folder else f"{when} {entry.size:20d}"
