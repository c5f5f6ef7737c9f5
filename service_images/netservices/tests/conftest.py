"""The container with its protocols."""

import os
from collections.abc import Iterator

import pytest
from honeypot_testing.container import HoneypotContainer
from honeypot_testing.sensor_end import SensorEnd
from honeypot_testing.visited import Visited

IMAGE = os.environ.get("HONEYSENS_NETSERVICES_IMAGE", "honeysens/service-netservices:latest")
PORTS = {
    "ftp": 2121,
    "imap": 2143,
    "mssql": 1433,
    "mysql": 3306,
    "pop3": 2110,
    "postgresql": 5432,
    "redis": 6379,
    "sip": 5060,
    "smb": 2139,
    "smtp": 2525,
    "vnc": 5900,
}
"""They are opened in this order."""


@pytest.fixture
def services(sensor_end: SensorEnd, request: pytest.FixtureRequest) -> Iterator[Visited]:
    """All protocols; a test may set options by indirect parameters."""
    options = {"protocols": list(PORTS)} | getattr(request, "param", {})
    with HoneypotContainer(IMAGE, sensor_end.path.parent, memory_mb=160, options=options) as container:
        container.wait_for_port(PORTS[options["protocols"][-1]])
        yield Visited(container, sensor_end)
