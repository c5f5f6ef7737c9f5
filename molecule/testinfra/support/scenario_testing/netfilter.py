"""The three namespaces: attacker - host - sensor."""

import json
from pathlib import Path
from typing import Any

from scenario_testing.machine import docker, eventually, run

ATTACKER, HOST, HOST_INSIDE, SENSOR = "10.213.210.10", "10.213.210.1", "10.213.211.1", "10.213.211.2"
ECHO = (Path(__file__).parent / "echo.py").read_text()
CLIENT = """
import json, socket, sys
ip, port, protocol = sys.argv[1], int(sys.argv[2]), sys.argv[3]
s = socket.socket(type=socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
s.settimeout(2)
try:
    if protocol == "tcp":
        s.connect((ip, port)); data = s.recv(512); peer = s.getpeername()
    else:
        s.sendto(b"x", (ip, port)); data, peer = s.recvfrom(512)
    print(json.dumps([*json.loads(data), peer[0]]))
except OSError as error:
    print(json.dumps(type(error).__name__))
"""
PING = """
import socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP); s.settimeout(2)
s.sendto(struct.pack("!BBHHH", 8, 0, 0, 1, 1) + b"honeypot", (sys.argv[1], 0)); print(s.recvfrom(512)[1][0])
"""


def inside(name: str, *arguments: str, check: bool = True) -> str:
    """Run a command in one of the three containers."""
    return docker("exec", f"molecule-netfilter-{name}", *arguments, check=check)


def ip_command(name: str, *arguments: str) -> None:
    """Change addresses or routes of a container; the tool is this machine's."""
    pid = docker("inspect", "--format", "{{.State.Pid}}", f"molecule-netfilter-{name}")
    run("nsenter", f"--net=/proc/{pid}/ns/net", "ip", *arguments)


def serve(name: str, *ports: str) -> None:
    """Start the echo in the background and wait until it answers."""
    docker("exec", "--detach", f"molecule-netfilter-{name}", "python3", "-c", ECHO, name, *ports)
    eventually(f"{name} answers", lambda: ask(name, "127.0.0.1", ports[-1])[0] == name)


def ask(name: str, ip: str, port: str) -> Any:
    """What answers there: [who, whom it sees, its port, from where the answer came], or the error's name."""
    number, protocol = port.split("/")
    return json.loads(inside(name, "python3", "-c", CLIENT, ip, number, protocol))
