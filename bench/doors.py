"""What is visited of each honeypot, and how its events tell how many came. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from re import Pattern

from bench.visitors import Visit
from sensor_wire.v1.event import EventBody

MODBUS_READ = "\x00\x01\x00\x00\x00\x06\x07\x03\x00\x00\x00\x02"
MODBUS_ANSWER = "\x00\x01\x00\x00\x00\x07\x07\x03\x04"
RDP_REQUEST = "\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00"
RDP_ANSWER = "\x03\x00\x00\x13\x0e\xd0"
GET = "GET / HTTP/1.1\r\nHost: intranet\r\nUser-Agent: curl/8.14.1\r\nAccept: */*\r\nConnection: close\r\n\r\n"
FTP_LOGIN = "USER backup\r\nPASS Winter2026\r\n"


@dataclass(frozen=True)
class Door:
    """A port of a honeypot and a short visit to it.

    Attributes:
        name: for people.
        service: the honeypot's folder.
        figure: its rate's; None where that is measured otherwise.
        visit: what comes.
        what: that in words.
        one: an entry (`kind: text`) that stands for one connection.
        more: an entry that counts so many more.
        bare: its software runs without the adapter as well; else an empty server is its floor.
    """

    name: str
    service: str
    figure: str | None
    visit: Visit
    what: str
    one: Pattern[str]
    more: Pattern[str] = re.compile(r"repeated: (\d+) more")
    bare: bool = False

    def told(self, events: Iterable[EventBody]) -> int:
        """How many connections these events account for."""
        entries = [f"{detail.kind}: {detail.data}" for event in events for detail in event.details]
        counts = filter(None, map(self.more.match, entries))
        return sum(map(bool, map(self.one.match, entries))) + sum(int(count[1]) for count in counts)


_WEB_ENTRY = re.compile(r"request: |connection: .*\(from port \d+\)")
DOORS = (
    Door(
        "recon",
        "recon",
        "honeypot_recon_per_s",
        Visit(9000),
        "contacts with a port",
        re.compile("connection: from port"),
    ),
    Door("web", "web", "honeypot_web_http_per_s", Visit(8080, GET), "HTTP requests, one each", _WEB_ENTRY),
    Door(
        "web (TLS)",
        "web",
        "honeypot_web_https_per_s",
        Visit(8443, GET, tls=True),
        "HTTPS requests, one each, with a whole handshake",
        _WEB_ENTRY,
    ),
    Door(
        "rdp",
        "rdp",
        "honeypot_rdp_per_s",
        Visit(3389, RDP_REQUEST, RDP_ANSWER),
        "requests for a connection, until TLS begins",
        re.compile("connection: "),
        bare=True,
    ),
    Door(
        "conpot",
        "conpot",
        "honeypot_conpot_per_s",
        Visit(1502, MODBUS_READ, MODBUS_ANSWER),
        "reads by Modbus, one each",
        re.compile("connection: "),
    ),
    Door(
        "netservices",
        "netservices",
        "honeypot_netservices_per_s",
        Visit(2121, FTP_LOGIN, "530 "),
        "logins by FTP",
        re.compile(r"connection: FTP connection$"),
        bare=True,
    ),
    Door(
        "cowrie", "cowrie", None, Visit(2222, until="\n"), "SSH banners", re.compile("connection: SSH conn"), bare=True
    ),
)
