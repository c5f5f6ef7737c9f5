"""What the sensor's machine forwards to by itself, such as a container of somebody else."""

import contextlib
from collections.abc import Iterator

from sensor_support.namespaces import SENSOR, SENSOR6, Lan, namespace, sh

OTHER_MACHINE, OTHER_MACHINE6 = "203.0.113.2", "2001:db8:203::2"
_GATEWAY, _GATEWAY6 = "203.0.113.1", "2001:db8:203::1"


@contextlib.contextmanager
def other_machine(net: Lan) -> Iterator[str]:
    """Make its namespace; the network knows the way there."""
    with contextlib.ExitStack() as stack:
        name = stack.enter_context(namespace(f"hs{net.tag}-other"))
        sh("ip", "-n", net.sensor, "link", "add", "other0", "type", "veth", "peer", "name", "eth0", "netns", name)
        # It would outlive its namespace for a moment, and be in the way of the next one.
        stack.callback(sh, "ip", "-n", net.sensor, "link", "del", "other0")
        sh("ip", "-n", net.sensor, "addr", "add", f"{_GATEWAY}/30", "dev", "other0")
        sh("ip", "-n", net.sensor, "addr", "add", f"{_GATEWAY6}/64", "dev", "other0", "nodad")
        sh("ip", "-n", net.sensor, "link", "set", "other0", "up")
        sh("ip", "-n", name, "addr", "add", f"{OTHER_MACHINE}/30", "dev", "eth0")
        sh("ip", "-n", name, "addr", "add", f"{OTHER_MACHINE6}/64", "dev", "eth0", "nodad")
        sh("ip", "-n", name, "link", "set", "eth0", "up")
        sh("ip", "-n", name, "route", "add", "default", "via", _GATEWAY)
        sh("ip", "-n", name, "route", "add", "default", "via", _GATEWAY6)
        for pool, gateway in ((f"{OTHER_MACHINE}/32", SENSOR), (f"{OTHER_MACHINE6}/128", SENSOR6)):
            sh("ip", "-n", net.lan, "route", "replace", pool, "via", gateway)
            stack.callback(sh, "ip", "-n", net.lan, "route", "del", pool)
        yield name
