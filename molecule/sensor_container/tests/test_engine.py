"""The engine inside runs hardened honeypots, and the manager can do its work on them."""

from ipaddress import IPv6Address

from scenario_testing.machine import run
from scenario_testing.sensor import HARDENED, SENSOR, inside, inspect, nested

NAMESPACE_WORK = """
import os, socket, subprocess, sys
os.setns(os.open(sys.argv[1], os.O_RDONLY), os.CLONE_NEWNET)
socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
rules = "table inet t { chain c { type nat hook prerouting priority dstnat; tcp dport 1-65535 redirect to :7; }; }"
subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)
print(sorted(name for _, name in socket.if_nameindex()))
"""


def test_it_keeps_its_hands_off_netfilter_and_off_the_default_bridge() -> None:
    assert "docker0" not in inside("ls", "/sys/class/net").stdout
    # The engine outside has its name service there (DOCKER_OUTPUT); one that filters has DOCKER-USER and the like.
    assert "DOCKER-" not in inside("nft", "list", "ruleset").stdout
    options = nested("info", "--format", "{{.Driver}} {{.LoggingDriver}} {{.LiveRestoreEnabled}}")
    assert options == "overlay2 local true"


def test_honeypot_is_as_hardened_inside_as_asked(honeypot: str) -> None:
    status = nested("exec", honeypot, "cat", "/proc/1/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert {fields[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert (fields["NoNewPrivs"], fields["Seccomp"], fields["Uid"].split()) == ("1", "2", ["10001"] * 4)
    assert "Read-only" in inside("docker", "exec", honeypot, "touch", "/x", check=False).stderr
    nested("exec", honeypot, "touch", "/tmp/x", "/run/honeysens/x")  # noqa: S108 - the container's own
    assert inside("stat", "-c", "%u", "/run/honeysens/services/pot/x").stdout.strip() == "10001"


def test_memory_limit_is_effective(image: str) -> None:
    greedy = ("--network=none", image, "python3", "-c", "bytearray(200 << 20)")
    assert inside("docker", "run", "--rm", *HARDENED, *greedy, check=False).returncode == 137
    assert inspect(".State.OOMKilled") is False


def test_process_limit_is_effective(image: str) -> None:
    forks = "import os, time\nfor _ in range(40):\n    if not os.fork(): time.sleep(60)"
    bomb = inside("docker", "run", "--rm", *HARDENED, "--network=none", image, "python3", "-c", forks, check=False)
    assert "Resource temporarily unavailable" in bomb.stderr


def test_honeypots_count_against_the_sensors_own_limits(honeypot: str) -> None:
    pid = int(nested("inspect", "--format", "{{.State.Pid}}", honeypot))
    groups = inside("cat", f"/proc/{pid}/cgroup").stdout
    # On version 2 the sensor sees its own cgroup as the root, and there is nothing else to see.
    assert inspect(".Id") in groups or groups.startswith("0::/docker/")


def test_manager_can_enter_a_honeypots_network_and_make_sockets_there(honeypot: str) -> None:
    place = nested("inspect", "--format", "{{.NetworkSettings.SandboxKey}}", honeypot)
    assert inside("python3", "-c", NAMESPACE_WORK, place).stdout.strip() == "['eth0', 'lo']"
    assert "table inet t" not in inside("nft", "list", "ruleset").stdout


def test_it_has_an_address_of_both_versions_and_can_forward_them() -> None:
    assert "10.213.201.10" in inside("hostname", "--all-ip-addresses").stdout
    assert IPv6Address("fd68:6f6e:6579:201::10").packed.hex() in inside("cat", "/proc/net/if_inet6").stdout
    for version in ("ipv4", "ipv6"):
        inside("sh", "-c", f"echo 1 >/proc/sys/net/{version}/conf/all/forwarding")


def test_manager_can_set_its_own_table() -> None:
    inside("nft", "add table inet try; add chain inet try c { type filter hook forward priority 0; }")
    inside("nft", "delete", "table", "inet", "try")
    assert run("nft", "list", "table", "inet", "try", check=False).returncode != 0, f"{SENSOR} reaches the host's rules"
