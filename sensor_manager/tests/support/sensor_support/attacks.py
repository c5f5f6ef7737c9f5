"""All attacks on all honeypots, over both versions of IP, and what the honeypots claim to be."""

from typing import Any

from sensor_support.content_attacks import CONTENT, UNTAKEN
from sensor_support.login_attacks import LOGINS

PERSONA = {
    "host_name": "files07",
    "domain": "corp.example",
    "organisation": "Waterworks North",
    "os_family": "linux",
}
"""What all honeypots of the sensor claim to be."""
OWN: dict[str, dict[str, Any]] = {
    "conpot": {"host_name": "PUMP-07"},
    "netservices": {
        "protocols": ["ftp", "imap", "mssql", "mysql", "pop3", "postgresql", "redis", "sip", "smb", "smtp", "vnc"]
    },
    "recon": {"banners": {"587": "220 mail.corp.example ESMTP Postfix\\r\\n"}},
}
"""What only one of them is told, by service."""
ATTACKS = LOGINS | CONTENT | UNTAKEN
