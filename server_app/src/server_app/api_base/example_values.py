"""What is usual for a field of a name or a format, in the examples of the OpenAPI document.

`Type.field` goes before `field`.
"""

from typing import Any

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIBkTCCATegAwIBAgIU...\n-----END CERTIFICATE-----\n"
REQUEST = "-----BEGIN CERTIFICATE REQUEST-----\nMIHKMHICAQAwEDEO...\n-----END CERTIFICATE REQUEST-----\n"
MOMENT = "2026-11-21T08:00:00Z"
DIGEST = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
EVENT_ID = "019370a0-4c00-7abc-8def-0123456789ab"
SERIAL = "1f0e5c33a97b"
FINGERPRINT = DIGEST.removeprefix("sha256:")

BY_NAME: dict[str, Any] = {
    "CurrentUser.name": "alice",
    "DesiredService.name": "cowrie",
    "DivisionItem.name": "Berlin",
    "NewDivision.name": "Berlin",
    "ServiceItem.name": "cowrie",
    "ServiceReport.name": "cowrie",
    "address": "192.0.2.10",
    "addresses": ["192.0.2.10"],
    "architecture": "amd64",
    "ca_chain": CERTIFICATE,
    "certificate": CERTIFICATE,
    "comment": "The backup server, known to us.",
    "csr": REQUEST,
    "default_firmware": "0.1.0",
    "default_revision": "1.0.0",
    "description": "SSH and Telnet",
    "digest": DIGEST,
    "domain": "corp.example",
    "division_name": "Berlin",
    "effective_revision": "1.0.0",
    "email": "security@example.com",
    "fingerprint": FINGERPRINT,
    "firmware": "0.1.0",
    "host": "server.example.com",
    "host_name": "files07",
    "ip": "192.0.2.10",
    "kind": "login",
    "location": "Building 2, cellar",
    "mac_address": "02:00:5e:00:53:01",
    "mac_vendor": "VMware",
    "name": "cellar-1",
    "organisation": "Example Corporation",
    "os_family": "linux",
    "password": "correct horse battery staple",
    "platform": "docker_x86",
    "poll_interval": 60,
    "port": 22,
    "ports": {"2222/tcp": 22},
    "repository": "honeysens/cowrie",
    "revision": "1.0.0",
    "sensor_name": "cellar-1",
    "serial": SERIAL,
    "service": "cowrie",
    "service_name": "cowrie",
    "session": "cowrie-1",
    "sha256": FINGERPRINT,
    "size": 130048000,
    "summary": "SSH login as root",
    "target": "firmware/docker_x86-0.2.0.tar.gz",
    "time": MOMENT,
    "trust": FINGERPRINT,
    "token": "s2Jm0x7mF0l3u2cX3bqkq1Q2vA4Yk6h9s8d7f6g5h4j",
    "username": "alice",
    "uuid": EVENT_ID,
}
BY_FORMAT = {
    "date": "2026-11-21",
    "date-time": MOMENT,
    "email": "security@example.com",
    "ipv4": "192.0.2.10",
    "ipv4network": "192.0.2.0/24",
    "ipv6": "2001:db8::10",
    "ipv6network": "2001:db8::/32",
    "time": "08:00:00",
    "uri": "https://server.example.com",
    "uuid": EVENT_ID,
}
