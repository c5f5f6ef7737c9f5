"""The sockets that a sensor makes in a catch-all's network and hands over, and the rules that lead traffic to them."""

import os
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from honeypot_testing.container import HoneypotContainer
from honeypot_testing.sensor_end import SensorEnd
from honeypot_testing.waiting import wait_for

LISTENER_PORT = 60999
SO_RCVBUFFORCE = 33
RECEIVE_BUFFER = 4 * 1024 * 1024
NFTABLES = f"""
table inet capture {{
  chain redirected {{ type nat hook prerouting priority dstnat; meta l4proto tcp redirect to :{LISTENER_PORT}; }}
  chain kept_from_kernel {{ type filter hook input priority filter; meta l4proto udp drop; }}
}}
"""


def capture(container: HoneypotContainer, sensor_end: SensorEnd) -> None:
    """Lead all traffic of a running catch-all to sockets that the sensor's end gives it; wait until it records."""
    sensor_end.stop()
    namespace = container.network_namespace
    subprocess.run(["nsenter", f"--net={namespace}", "nft", "-f", "-"], input=NFTABLES, text=True, check=True)
    sockets = _in_namespace(namespace, _capture_sockets)
    sensor_end.descriptors = [each.fileno() for each in sockets]
    sensor_end.start()
    wait_for(lambda: "recording" in container.logs(), lambda: f"the start: {container.logs()}")
    for each in sockets:
        each.close()


def _in_namespace[T](path: str, action: Callable[[], T]) -> T:
    results: list[T] = []

    def enter() -> None:
        with Path(path).open() as namespace:
            os.setns(namespace.fileno(), os.CLONE_NEWNET)
        results.append(action())

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    return results[0]


def _capture_sockets() -> list[socket.socket]:
    made: list[socket.socket] = []
    for family, ethernet in ((socket.AF_INET, 0x0800), (socket.AF_INET6, 0x86DD)):
        packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ethernet))
        packets.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
        made.append(packets)
        made.append(socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW))
        listener = socket.socket(family, socket.SOCK_STREAM)
        if family is socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(("", LISTENER_PORT))
        listener.listen(4096)
        made.append(listener)
    return made
