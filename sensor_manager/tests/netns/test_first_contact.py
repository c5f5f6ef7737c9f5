"""The first contact of a sensor in a network whose DNS does not know the server."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sensor_support.authority import DAY
from sensor_support.builders import desired, eventually
from sensor_support.mini_server import mini_server
from sensor_support.namespaces import SERVER, lan, path

from sensor_manager.effects.network_namespace import in_network_namespace

pytestmark = pytest.mark.netns
NAME = "sensors.example"
OWN_FILES = 'for name in hosts resolv.conf; do mount --bind "$1/$name" "/etc/$name"; done; shift; exec "$@"'


def test_a_server_that_only_the_configuration_knows_is_found(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("127.0.0.1 localhost\n")
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.1\n")
    with lan() as net:
        opened = mini_server(tmp_path, SERVER)
        server = in_network_namespace(path(net.lan), opened.__enter__)
        server.certify(NAME, start=-DAY, end=timedelta(days=90))
        server.desired = desired(ca_chain=server.authority.chain)
        _, _, port = server.address.partition(":")
        named = {"server_url": f"https://{NAME}:{port}", "server_address": SERVER}
        (tmp_path / "sensor.json").write_text(server.config().model_copy(update=named).model_dump_json())
        places = ["--config", "sensor.json", "--state", "state", "--runtime", "run", "--docker-certs", "certs"]
        manager = [sys.executable, "-m", "sensor_manager.cli", "run", "--docker", "unix:///nowhere", *places]
        inside = ["nsenter", f"--net={path(net.sensor)}", "unshare", "-m", "sh", "-ec", OWN_FILES, "sh", str(tmp_path)]
        with subprocess.Popen([*inside, *manager], cwd=tmp_path, stdout=subprocess.DEVNULL) as process:
            try:
                eventually(lambda: server.reports, "it enrols and polls")
                assert not server.tokens
                first, *others = (tmp_path / "hosts").read_text().splitlines()
                assert first.startswith(f"{SERVER} {NAME} ")
                assert others == ["127.0.0.1 localhost"]
            finally:
                process.terminate()
        opened.__exit__(None, None, None)
