"""The sensor's container may do what the list says, and nothing else."""

import json
from pathlib import Path

import pytest
import yaml
from scenario_testing.sensor import EPHEMERAL, SENSOR, inside, inspect

ROLE = Path(__file__).parents[3] / "roles/sensor_container"
LISTED = yaml.safe_load((ROLE / "vars/privileges.yml").read_text())
NUMBERS = {  # linux/capability.h
    "CHOWN": 0,
    "DAC_OVERRIDE": 1,
    "FOWNER": 3,
    "FSETID": 4,
    "KILL": 5,
    "SETGID": 6,
    "SETUID": 7,
    "SETPCAP": 8,
    "NET_ADMIN": 12,
    "NET_RAW": 13,
    "SYS_CHROOT": 18,
    "SYS_PTRACE": 19,
    "SYS_ADMIN": 21,
    "MKNOD": 27,
}


def test_it_is_not_privileged() -> None:
    config = inspect(".HostConfig")
    assert (config["Privileged"], config["PidMode"], config["NetworkMode"]) == (False, "", "molecule-sensor-lan")
    assert config["Devices"] in (None, [])
    assert config["DeviceCgroupRules"] is None
    assert config["ReadonlyRootfs"] is True


def test_nothing_of_the_host_is_mounted_but_its_configuration() -> None:
    mounts = {mount["Destination"]: mount for mount in inspect(".Mounts")}
    assert set(mounts) == {"/etc/honeysens", "/var/lib/honeysens", "/var/lib/docker"}
    assert [place for place, mount in mounts.items() if mount["Type"] == "bind"] == ["/etc/honeysens"]
    assert mounts["/etc/honeysens"]["RW"] is False


@pytest.mark.parametrize("process", ["1", "self"])
def test_every_process_is_bounded_by_the_listed_capabilities(process: str) -> None:
    status = inside("cat", f"/proc/{process}/status").stdout
    bounding = next(line.split()[1] for line in status.splitlines() if line.startswith("CapBnd"))
    assert int(bounding, 16) == sum(1 << NUMBERS[name] for name in LISTED["__sensor_container_capabilities"])


@pytest.mark.parametrize(
    "attempt",
    [
        "echo x >/proc/sys/kernel/core_pattern",
        "echo x >/proc/sysrq-trigger",
        "touch /usr/forbidden",
        "touch /etc/honeysens/forbidden",
        "mknod /tmp/disk b 254 0 && head -c 1 /tmp/disk",
        "mknod /tmp/memory c 1 1 && head -c 1 /tmp/memory",
        "dmesg",
        "swapoff -a && swapon /nowhere",
        "date --set=@1",
    ],
)
def test_the_rest_is_refused(attempt: str) -> None:
    assert inside("sh", "-c", attempt, check=False).returncode != 0


def test_system_calls_that_administrators_may_make_elsewhere_are_refused() -> None:
    code = "import ctypes; libc = ctypes.CDLL(None, use_errno=True); libc.swapon(b'/x', 0); print(ctypes.get_errno())"
    assert inside("python3", "-c", code).stdout.strip() == "1"  # EPERM, where the kernel itself would say ENOENT


def test_image_is_the_one_of_the_manifest_loaded_from_the_archive() -> None:
    artifacts = json.loads((EPHEMERAL / "dist/manifest.json").read_text())["artifacts"]
    (digest,) = [item["digest"] for item in artifacts if (item["kind"], item["name"]) == ("firmware", "sensor")]
    assert inspect(".Image") == digest
    assert inspect(".Config.Labels")["molecule"] == "sensor_container"


def test_configuration_is_for_root_only() -> None:
    folder = EPHEMERAL / "conf"
    modes = {path.name: path.stat().st_mode & 0o777 for path in (folder, folder / "sensor.json")}
    assert modes == {"conf": 0o700, "sensor.json": 0o600}
    assert {path.name for path in folder.iterdir()} == {"sensor.json"}


def test_address_is_the_one_asked_for() -> None:
    network = inspect(".NetworkSettings.Networks")["molecule-sensor-lan"]
    assert network["IPAddress"] == "10.213.201.10"
    assert inspect(".Config.Hostname") == SENSOR
