"""The DHCP client as a process of its own: it asks and renews, and writes down what it was given."""

from contextlib import suppress
from ipaddress import AddressValueError, IPv4Address, IPv4Interface
from pathlib import Path

from sensor_manager.effects.helper_process import HelperProcess
from sensor_manager.files import write_durably
from sensor_manager.plan.link import Lease

PROGRAM = "udhcpc"
FOLDER_MODE = 0o700
MAX_DNS_SERVERS = 8
SHELL = "/bin/sh"
"""The client runs a program with what has happened as its only argument. A container's `/run` lets nothing be executed:
the program is the shell, for which that argument is the name of a script in its folder."""
EVENTS = ("bound", "renew", "deconfig")
SCRIPT = """# $0 is what has happened, the lease is in the environment. Values come from the network: they are
# written as they are, one in a line, and read by somebody who believes nothing.
set -eu
case "$0" in
    bound | renew)
        printf 'address=%s\\nprefix=%s\\ngateways=%s\\ndns=%s\\n' \\
            "${ip-}" "${mask-}" "${router-}" "${dns-}" >"$LEASE.new"
        mv "$LEASE.new" "$LEASE"
        ;;
    deconfig)
        [ ! -e "$LEASE" ] || echo lost=yes >>"$LEASE"
        ;;
esac
"""


class DhcpClient:
    """Asks for an address for one interface; goes on without the manager.

    Args:
        interface: for which it asks.
        runtime: folder for its files.
    """

    def __init__(self, interface: str, runtime: Path) -> None:
        runtime = runtime.absolute()
        self._lease = runtime / f"dhcp-{interface}.lease"
        self._scripts = runtime / "dhcp-events"
        self._process = HelperProcess(PROGRAM, interface, runtime / f"dhcp-{interface}.pid")

    @property
    def running(self) -> bool:
        """Whether one runs, of this manager or of the one before."""
        return self._process.running

    def lease(self) -> Lease | None:
        """What it was given last; None before the first answer."""
        try:
            return read_lease(self._lease.read_text(encoding="ascii", errors="replace"))
        except FileNotFoundError:
            return None

    def start(self) -> None:
        """Begin to ask; what was given before counts no longer.

        Raises:
            EffectError: the program is missing or cannot be started.
        """
        self.stop()
        self._lease.unlink(missing_ok=True)
        self._scripts.mkdir(mode=FOLDER_MODE, exist_ok=True)
        for event in EVENTS:
            write_durably(self._scripts / event, SCRIPT)
        patience = ("-t", "5", "-T", "2", "-A", "5")
        self._process.start(["-f", "-s", SHELL, *patience], {"LEASE": str(self._lease)}, folder=self._scripts)

    def stop(self) -> None:
        """End it, whoever started it; the lease is kept, the address may be used until it ends."""
        self._process.stop()


def read_lease(text: str) -> Lease | None:
    """Read what the client wrote down; None without a usable address. Of several gateways the first counts."""
    values = dict(line.partition("=")[::2] for line in text.splitlines())
    try:
        address = IPv4Interface(f"{values['address']}/{int(values['prefix'])}")
    except (KeyError, ValueError):
        return None
    gateways = _addresses(values.get("gateways", ""))
    servers = _addresses(values.get("dns", ""))[:MAX_DNS_SERVERS]
    return Lease(address, gateways[0] if gateways else None, tuple(servers), lost=values.get("lost") == "yes")


def _addresses(text: str) -> list[IPv4Address]:
    found = []
    for word in text.split():
        with suppress(AddressValueError):
            found.append(IPv4Address(word))
    return found
