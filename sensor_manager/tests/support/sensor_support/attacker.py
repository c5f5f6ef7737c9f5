"""An attacker's clients, in the local network of a test."""

import sys

from sensor_support.namespaces import ATTACKER, SENSOR, Lan, sh


def converse(net: Lan, command: str, target: tuple[str, int], source: str) -> str:
    """Connect, send one line, return everything that comes, or why nothing does."""
    script = (
        "import socket,sys\n"
        f"c=socket.create_connection({target!r},5,({source!r},0))\n"
        f"c.sendall({command!r}.encode()+b'\\n'); c.shutdown(1)\n"
        "data=b''\n"
        "while (part:=c.recv(4096)): data+=part\n"
        "sys.stdout.write(data.decode())"
    )
    try:
        return sh("ip", "netns", "exec", net.lan, sys.executable, "-c", script)
    except AssertionError as error:
        return f"failed: {error}"


def client_command(net: Lan, port: int) -> list[str]:
    """Return the command of one who connects to the sensor and prints what he is told first."""
    script = (
        f"import socket,sys; c=socket.create_connection(({SENSOR!r},{port}),5,({ATTACKER!r},0));"
        "sys.stdout.buffer.write(c.recv(99))"
    )
    return ["ip", "netns", "exec", net.lan, sys.executable, "-c", script]
