"""An engine runs with the settings asked for, and where there is no systemd it outlives the play that started it."""

import json

from testinfra.host import Host


def with_systemd(host: Host) -> bool:
    return str(host.check_output("cat /proc/1/comm")) == "systemd"


def test_the_engine_answers_with_bounded_logs(host: Host) -> None:
    info = json.loads(host.check_output("docker info --format '{{json .}}'"))
    assert info["LoggingDriver"] == "local"
    settings = json.loads(host.file("/etc/docker/daemon.json").content_string)
    assert settings["log-opts"] == {"max-size": "10m", "max-file": "3"}


def test_buildkit_can_build(host: Host) -> None:
    assert host.run("docker buildx version").rc == 0


def test_who_runs_it(host: Host) -> None:
    if with_systemd(host):
        assert host.service("docker").is_running
        assert host.service("docker").is_enabled
        assert not host.file("/run/honeysens/dockerd.pid").exists
    else:
        pid = host.file("/run/honeysens/dockerd.pid").content_string.strip()
        assert host.file(f"/proc/{pid}/comm").content_string.strip() == "dockerd"
        assert host.check_output(f"ps -o sid= -p {pid} 2>/dev/null || cut -d' ' -f6 /proc/{pid}/stat").strip() == pid
