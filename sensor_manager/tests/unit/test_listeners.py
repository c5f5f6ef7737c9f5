"""Port maps that programs of the machine itself are in the way of."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest
from sensor_support.builders import SITE, desired, service

from sensor_manager.effects.listeners import _read
from sensor_manager.model import Listener, Observed
from sensor_manager.plan.containers import plan
from sensor_manager.plan.report import report_services
from sensor_wire.base import PortRange
from sensor_wire.v1.desired import DesiredService
from sensor_wire.v1.poll import ServiceState

THERE, OTHER = IPv4Address("192.0.2.77"), IPv4Address("192.0.2.78")
ALL_FOUR, ALL_SIX = IPv4Address("0.0.0.0"), IPv6Address("::")
COWRIE = service("cowrie", ports={"2222/tcp": 22})
AT_THERE = service("cowrie", ports={"2222/tcp": 22}, address=THERE)
RANGE = service("cowrie", port_ranges=[PortRange(protocol="udp", first=160, last=169)])
MACHINE = replace(SITE, host_network=True)


@pytest.mark.parametrize(
    ("wanted", "listener", "refused"),
    [
        (COWRIE, Listener("tcp", 22, None, "sshd"), True),
        (COWRIE, Listener("tcp", 22, ALL_FOUR, "sshd"), True),
        (COWRIE, Listener("tcp", 22, ALL_SIX, "sshd"), True),
        (COWRIE, Listener("tcp", 22, THERE, "sshd"), True),
        (COWRIE, Listener("tcp", 23, None, "telnetd"), False),
        (COWRIE, Listener("udp", 22, None, "odd"), False),
        (COWRIE, Listener("tcp", 22, IPv6Address("fe80::1"), "sshd"), False),
        (AT_THERE, Listener("tcp", 22, THERE, "sshd"), True),
        (AT_THERE, Listener("tcp", 22, ALL_FOUR, "sshd"), True),
        (AT_THERE, Listener("tcp", 22, ALL_SIX, "sshd"), False),
        (AT_THERE, Listener("tcp", 22, OTHER, "sshd"), False),
        (RANGE, Listener("udp", 161, ALL_FOUR, "snmpd"), True),
        (RANGE, Listener("udp", 170, ALL_FOUR, "snmpd"), False),
        (service("recon", catch_all=True), Listener("tcp", 22, None, "sshd"), False),
    ],
)
def test_port_that_the_machine_listens_on_is_refused_by_names(
    wanted: DesiredService, listener: Listener, *, refused: bool
) -> None:
    observed = Observed(now=0, listeners=(listener,))
    (report,) = report_services(observed, desired(wanted), MACHINE).services
    assert (report.state is ServiceState.FAILED) == refused
    if refused:
        assert report.error is not None
        assert all(each in report.error for each in (listener.process, "cowrie", str(listener.port)[:2]))
        kinds = [type(each).__name__ for each in plan(observed, desired(wanted), MACHINE)]
        assert kinds == ["ApplyNetfilter"], "nothing is made for it"


def test_addresses_that_are_left_to_the_machine_or_have_their_own_services_hinder_no_other() -> None:
    sshd = Observed(now=0, listeners=(Listener("tcp", 22, THERE, "sshd"),))
    assert "sshd" in str(report_services(sshd, desired(COWRIE), MACHINE).services)
    managed = replace(MACHINE, management=(THERE,))
    assert "sshd" not in str(report_services(sshd, desired(COWRIE), managed).services)
    there = service("web", "b", ports={"8080/tcp": 80}, address=THERE)
    assert "sshd" not in str(report_services(sshd, desired(COWRIE, there), MACHINE).services)


def test_what_ss_tells_is_read() -> None:
    told = (
        'udp UNCONN 0 0 127.0.0.1%lo:53 0.0.0.0:* users:(("systemd-resolve",pid=1,fd=12))\n'
        "udp   UNCONN 0      0   [fe80::1]%eth0:546   [::]:*\n"
        "tcp LISTEN 0 128 0.0.0.0:2024  0.0.0.0:*\n"
        'tcp LISTEN 0 4096 [2001:db8::1]:443 [::]:* users:(("nginx",pid=9,fd=3),("nginx",pid=8,fd=3))\n'
        'tcp LISTEN 0 128 *:22 *:* users:(("sshd",pid=7,fd=3))\n'
    )
    assert list(_read(told)) == [
        Listener("udp", 53, IPv4Address("127.0.0.1"), "systemd-resolve"),
        Listener("udp", 546, IPv6Address("fe80::1")),
        Listener("tcp", 2024, ALL_FOUR),
        Listener("tcp", 443, IPv6Address("2001:db8::1"), "nginx"),
        Listener("tcp", 22, None, "sshd"),
    ]
