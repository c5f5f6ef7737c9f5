"""A switch port that asks for 802.1X: hostapd as the switch, FreeRADIUS as what it asks."""

import secrets
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sensor_support.authority import Authority
from sensor_support.namespaces import sh

SERVER_NAME = "radius.example"
USER, PASSWORD = "sensor-7@example", 'pass "word" with {braces} and ü'
RADIUS = """
prefix = /usr
libdir = /usr/lib/freeradius
logdir = {folder}
run_dir = {folder}
raddbdir = {folder}
pidfile = {folder}/radiusd.pid
max_requests = 64
security {{
    allow_core_dumps = no
    max_attributes = 200
    reject_delay = 0
    status_server = no
}}
client hostapd {{
    ipaddr = 127.0.0.1
    secret = {secret}
}}
modules {{
    eap {{
        default_eap_type = peap
        tls-config own {{
            certificate_file = {folder}/server.crt
            private_key_file = {folder}/server.key
            ca_file = {folder}/clients.crt
            cipher_list = "DEFAULT"
            tls_min_version = "1.2"
            tls_max_version = "1.2"
        }}
        tls {{
            tls = own
        }}
        peap {{
            tls = own
            default_eap_type = mschapv2
            virtual_server = inner
        }}
        mschapv2 {{
        }}
    }}
    mschap {{
    }}
    files {{
        usersfile = {folder}/users
    }}
}}
server outer {{
    listen {{
        type = auth
        ipaddr = 127.0.0.1
        port = 1812
    }}
    authorize {{
        eap
    }}
    authenticate {{
        eap
    }}
}}
server inner {{
    authorize {{
        files
        mschap
        eap
    }}
    authenticate {{
        Auth-Type MS-CHAP {{
            mschap
        }}
        eap
    }}
}}
"""
HOSTAPD = """
interface=eth0
driver=wired
ieee8021x=1
use_pae_group_addr=1
eap_reauth_period=0
own_ip_addr=127.0.0.1
auth_server_addr=127.0.0.1
auth_server_port=1812
auth_server_shared_secret={secret}
"""


OPEN = """
table inet port
delete table inet port
"""
SHUT = f"""{OPEN}
table inet port {{
    chain in {{
        type filter hook input priority 0
        iifname "eth0" drop
    }}
}}
"""


@dataclass(frozen=True)
class Switch:
    """Whom it lets in.

    Attributes:
        authority: of the authentication server's certificate and of the sensors'.
        gate: sets netfilter's rules at the port.
        refused: set once it has refused somebody.
    """

    authority: Authority
    gate: Callable[[str], None]
    refused: threading.Event = field(default_factory=threading.Event)

    def hears(self, line: str) -> None:
        """Take note of what hostapd says, and do at the port what hostapd leaves to the switch itself."""
        if "CTRL-EVENT-EAP-SUCCESS" in line:
            self.gate(OPEN)
        if "CTRL-EVENT-EAP-FAILURE" in line:
            self.gate(SHUT)
            self.refused.set()


@contextmanager
def switch(namespace: str, folder: Path, authority: Authority | None = None) -> Iterator[Switch]:
    """Run both in a namespace, at the end of the cable called eth0. Until somebody is let in, only 802.1X is heard."""
    authority, secret = authority or Authority(), secrets.token_hex(8)
    authority.server_files(folder, SERVER_NAME)
    (folder / "clients.crt").write_text(authority.chain)
    password = PASSWORD.replace('"', '\\"')
    (folder / "users").write_text(f'"{USER}" Cleartext-Password := "{password}"\n')
    (folder / "radiusd.conf").write_text(RADIUS.format(folder=folder, secret=secret))
    (folder / "hostapd.conf").write_text(HOSTAPD.format(secret=secret))
    made = Switch(authority, lambda rules: _set_rules(namespace, rules))
    made.gate(SHUT)
    with ExitStack() as stack:
        radius = ["freeradius", "-f", "-d", str(folder), "-l", "stdout"]
        stack.enter_context(_running(namespace, radius, "Ready to process requests", lambda _: None))
        hostapd = ["hostapd", str(folder / "hostapd.conf")]
        stack.enter_context(_running(namespace, hostapd, "AP-ENABLED", made.hears))
        yield made


@contextmanager
def _running(namespace: str, command: list[str], ready: str, hears: Callable[[str], None]) -> Iterator[None]:
    inside = ["ip", "netns", "exec", namespace, *command]
    with subprocess.Popen(inside, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        lines = process.stdout
        assert lines is not None
        said = []
        for line in lines:
            said.append(line)
            if ready in line:
                break
        else:
            raise AssertionError(f"{command[0]} did not start: {''.join(said)}")
        listening = threading.Thread(target=_hear, args=(lines, hears), daemon=True)
        listening.start()
        try:
            yield
        finally:
            process.terminate()
            listening.join()


def _set_rules(namespace: str, rules: str) -> None:
    sh("ip", "netns", "exec", namespace, "nft", "-f", "-", stdin=rules)


def _hear(lines: Iterable[str], hears: Callable[[str], None]) -> None:
    for line in lines:
        hears(line)
