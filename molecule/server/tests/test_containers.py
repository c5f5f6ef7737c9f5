"""Every container of the server is locked in as far as its work allows."""

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from testinfra.host import Host

type Inspect = Callable[[str], dict[str, Any]]
RUNNING = ["proxy", "registry", "web", "worker"]


def test_all_of_them_run_and_init_has_ended_well(containers: list[str], inspect: Inspect) -> None:
    assert set(RUNNING) <= set(containers) <= {*RUNNING, "postgres"}
    assert inspect("init")["State"]["ExitCode"] == 0


def test_each_is_hardened_and_healthy(containers: list[str], inspect: Inspect) -> None:
    for name in [*containers, "init"]:
        found = inspect(name)
        host = found["HostConfig"]
        assert host["ReadonlyRootfs"], name
        assert host["CapDrop"] == ["ALL"], name
        assert not host["CapAdd"], name
        assert not host["Privileged"], name
        assert "no-new-privileges" in " ".join(host["SecurityOpt"]), name
        assert host["Memory"] > 0, name
        assert host["PidsLimit"] > 0, name
        assert list(host["Tmpfs"]) == ["/tmp"], name  # noqa: S108 - the container's own
        assert found["Config"]["User"].split(":")[0] not in {"", "0", "root"}, name
        assert not any(mount["Source"] == "/var/run/docker.sock" for mount in found["Mounts"]), name
    for name in containers:
        assert inspect(name)["State"]["Health"]["Status"] == "healthy", name


def test_kernel_agrees(containers: list[str], inspect: Inspect, host: Host) -> None:
    for name in containers:
        status = host.file(f"/proc/{inspect(name)['State']['Pid']}/status").content_string
        lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert int(lines["CapEff"], 16) == 0, name
        assert int(lines["CapBnd"], 16) == 0, name
        assert lines["NoNewPrivs"] == "1", name
        assert "0" not in lines["Uid"].split(), name


def test_only_init_and_worker_see_the_authoritys_key(containers: list[str], inspect: Inspect) -> None:
    seeing = {
        name
        for name in [*containers, "init"]
        if any(mount["Destination"] == "/ca" for mount in inspect(name)["Mounts"])
    }
    assert seeing == {"init", "worker"}


def test_keys_of_secrets_are_apart_from_the_data(containers: list[str], inspect: Inspect, host: Host) -> None:
    mounts = {
        name: {mount["Destination"]: mount for mount in inspect(name)["Mounts"]} for name in [*containers, "init"]
    }
    assert {name for name in mounts if "/keys" in mounts[name]} == {"init", "web", "worker"}
    assert not mounts["web"]["/keys"]["RW"]
    assert host.file(f"{mounts['web']['/keys']['Source']}/secret.keys").mode == 0o600
    assert "secret.keys" not in host.file(mounts["web"]["/data"]["Source"]).listdir()


def test_only_the_proxy_has_a_port_and_who_needs_it_a_way_out(containers: list[str], inspect: Inspect) -> None:
    for name in containers:
        found = inspect(name)
        published = [port for port, bindings in found["NetworkSettings"]["Ports"].items() if bindings]
        assert published == (["8443/tcp"] if name == "proxy" else []), name
        networks = {network.rsplit("-", 1)[1] for network in found["NetworkSettings"]["Networks"]}
        assert networks == ({"front", "back"} if name in {"proxy", "web", "worker"} else {"back"}), name


def test_secrets_are_in_files_and_nowhere_else(containers: list[str], inspect: Inspect, host: Host) -> None:
    folder = host.file("/etc/honeysens/molecule-server")
    assert (folder.mode, folder.user) == (0o700, "root")
    secrets = {}
    for name in folder.listdir():
        file = host.file(f"/etc/honeysens/molecule-server/{name}")
        assert file.mode & 0o007 == 0, name
        secrets[name] = file.content_string.strip()
    assert "admin_password" in secrets
    for name in [*containers, "init"]:
        logs = subprocess.run(["docker", "logs", f"molecule-server-{name}"], capture_output=True, text=True, check=True)
        everything = f"{inspect(name)}{logs.stdout}{logs.stderr}"
        assert not [secret for secret, value in secrets.items() if value in everything], name


@pytest.mark.parametrize("name", RUNNING)
def test_logs_are_bounded(inspect: Inspect, name: str) -> None:
    assert inspect(name)["HostConfig"]["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}
