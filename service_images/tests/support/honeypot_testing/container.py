"""A honeypot's container for tests, run as a sensor would run it."""

import json
import os
import secrets
import socket
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from functools import cached_property
from ipaddress import IPv6Address
from pathlib import Path
from typing import Self

from honeypot_testing.waiting import wait_for

DOCKER = "/usr/bin/docker"
_TENTATIVE = 0x40
"""The kernel's flag of an address that others may have."""
ARCHITECTURE = os.environ.get("HONEYSENS_ARCHITECTURE")
"""Of the images to test, if it is not this machine's; QEMU_CPU is the processor that they find."""


def docker(*arguments: str, timeout: float = 60) -> str:
    done = subprocess.run([DOCKER, *arguments], capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr or done.stdout}"
    return done.stdout.strip()


class HoneypotContainer:
    """A container of the run contract on an internal network of its own, with the sensor's socket folder mounted.

    `bare` runs the image's software without its adapter, `command` something else in its place.
    """

    def __init__(  # noqa: PLR0913 - so many ways to run it
        self,
        image: str,
        socket_folder: Path,
        memory_mb: int = 256,
        options: Mapping[str, object] | None = None,
        *,
        bare: bool = False,
        command: Sequence[str] = (),
    ) -> None:
        self._name = f"honeysens-test-{uuid.uuid4().hex[:8]}"
        self._image = image.replace(":", f"-{ARCHITECTURE}:") if ARCHITECTURE else image
        self._socket_folder = socket_folder
        self._memory_mb = memory_mb
        self._options = json.dumps(options or {})
        self._bare = bare
        self._command = command

    def __enter__(self) -> Self:
        known = subprocess.run([DOCKER, "image", "inspect", self._image], capture_output=True, check=False)
        assert known.returncode == 0, f"there is no image {self._image}: run playbooks/build-service-images.yml first"
        # Newer engines choose the subnet of IPv6 themselves, older ones must be told.
        subnet6 = f"fd68:{secrets.token_hex(2)}:{secrets.token_hex(2)}:{secrets.token_hex(2)}::/64"
        docker("network", "create", "--internal", "--ipv6", "--subnet", subnet6, self._name)
        try:
            docker(*self._run_command())
        except BaseException:
            docker("network", "rm", self._name)
            raise
        return self

    def _run_command(self) -> list[str]:
        tmpfs = "rw,nosuid,nodev,noexec,size=64m,mode=0700,uid=10001,gid=10001"
        limits = [f"--memory={self._memory_mb}m", "--pids-limit=64"]
        walls = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--user=10001:10001"]
        mounts = [f"--tmpfs=/tmp:{tmpfs}", f"--tmpfs=/var/lib/honeypot:{tmpfs}"]
        mounts.append(f"--volume={self._socket_folder}:/run/honeysens")
        start = ["run", "-d", "--name", self._name, "--network", self._name, f"--env=HONEYSENS_OPTIONS={self._options}"]
        start.append("--env=QEMU_CPU")
        if not self._bare and not self._command:
            return [*start, *limits, *walls, *mounts, self._image]
        whole = json.loads(docker("image", "inspect", "--format", "{{json .Config.Entrypoint}}", self._image))
        software = self._command or (whole[whole.index("--") + 1 :] if "--" in whole else whole)
        return [*start, *limits, *walls, *mounts, f"--entrypoint={software[0]}", self._image, *software[1:]]

    def __exit__(self, *_error: object) -> None:
        subprocess.run([DOCKER, "rm", "-f", "-v", self._name], capture_output=True, check=False)
        subprocess.run([DOCKER, "network", "rm", self._name], capture_output=True, check=False)

    def inspect(self, template: str) -> str:
        return docker("inspect", "--format", template, self._name)

    @cached_property
    def address(self) -> str:
        return str(json.loads(self.inspect("{{json .NetworkSettings.Networks}}"))[self._name]["IPAddress"])

    @cached_property
    def address6(self) -> str:
        found = str(json.loads(self.inspect("{{json .NetworkSettings.Networks}}"))[self._name]["GlobalIPv6Address"])
        wait_for(lambda: _has_address_beside(found), lambda: f"an address of this host beside {found}")
        return found

    @cached_property
    def gateway(self) -> str:
        # The network's, for newer engines give containers of internal networks none.
        pools = json.loads(docker("network", "inspect", "--format", "{{json .IPAM.Config}}", self._name))
        return next(str(pool["Gateway"]) for pool in pools if "." in pool.get("Gateway", ""))

    @property
    def network_namespace(self) -> str:
        return f"/proc/{self.inspect('{{.State.Pid}}')}/ns/net"

    @property
    def running(self) -> bool:
        return self.inspect("{{.State.Running}}") == "true"

    def processes(self) -> list[int]:
        """Tell the numbers that its processes have on this machine."""
        return [int(line) for line in docker("top", self._name, "-eo", "pid").splitlines()[1:]]

    def logs(self) -> str:
        done = subprocess.run([DOCKER, "logs", self._name], capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    def execute(self, *command: str) -> str:
        return docker("exec", self._name, *command)

    def went_out(self) -> dict[str, int]:
        """Count what the container has tried to reach since its start; empty when it was nothing.

        These are the kernel's own counters, so an attempt counts even where the network has no way out. Answers to
        datagrams count as datagrams.
        """
        counts: dict[str, int] = {}
        lines = self.execute("cat", "/proc/net/snmp").splitlines()
        for names, values in zip(lines[::2], lines[1::2], strict=True):
            layer, *numbers = values.split()
            counts |= {layer + name: int(number) for name, number in zip(names.split()[1:], numbers, strict=True)}
        for line in self.execute("cat", "/proc/net/snmp6").splitlines():
            name, number = line.split()
            counts[name] = int(number)
        outward = ("Tcp:ActiveOpens", "Udp:OutDatagrams", "Ip:OutNoRoutes", "Udp6OutDatagrams", "Ip6OutNoRoutes")
        return {name: counts[name] for name in outward if counts[name]}

    def stop(self) -> int:
        docker("stop", "-t", "20", self._name)
        return int(self.inspect("{{.State.ExitCode}}"))

    def wait_for_port(self, port: int) -> None:
        def open_() -> bool:
            assert self.running, f"the container has ended:\n{self.logs()}"
            with socket.socket() as probe:
                probe.settimeout(1)
                return probe.connect_ex((self.address, port)) == 0

        wait_for(open_, lambda: f"port {port} to open; the container says:\n{self.logs()}")


def _has_address_beside(address: str) -> bool:
    """Whether this host has an address in the network, and it is no longer tentative: else it visits from another."""
    prefix = IPv6Address(address).exploded.replace(":", "")[:16]
    lines = [line.split() for line in Path("/proc/net/if_inet6").read_text().splitlines()]
    return any(line[0].startswith(prefix) and not int(line[4], 16) & _TENTATIVE for line in lines)
