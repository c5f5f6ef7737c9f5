"""The daemon as a process, on an engine, a network and a server of the test's own."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sensor_support import engine, namespaces
from sensor_support.builders import desired, eventually, service, uuid7
from sensor_support.engine import DOCKER
from sensor_support.mini_server import TOKEN, MiniServer, mini_server
from sensor_support.namespaces import ATTACKER, SENSOR, SERVER, Lan, sh

from sensor_manager.effects.network_namespace import in_network_namespace
from sensor_wire.sensor_config import SensorConfig
from sensor_wire.v1.poll import ServiceReport

pytestmark = [pytest.mark.docker, pytest.mark.netns]

POT = r"""
use strict; use IO::Socket::INET; use IO::Socket::UNIX; use Socket;
$SIG{TERM} = sub { exit 0 }; $| = 1;
my $event = $ENV{HONEYSENS_OPTIONS} =~ /"event":"([^"]+)"/ ? $1 : "";
my $server = IO::Socket::INET->new(LocalPort => 2222, Listen => 50, ReuseAddr => 1) or die "listen: $!";
while (my $client = $server->accept) {
  my $who = $client->peerhost; my $me = $client->sockhost;
  print $client "hello $who from $ENV{HONEYSENS_SERVICE}\n";
  my $manager = IO::Socket::UNIX->new(Peer => "/run/honeysens/events.sock");
  if ($manager && $event) {
    my ($id, $time) = split /,/, $event;
    print $manager qq({"event":{"id":"$id","time":"$time","source":{"ip":"$who"},);
    print $manager qq("destination":{"ip":"$me","port":2222},);
    print $manager qq("protocol":"tcp","kind":"connection","severity":"low","session":"s","summary":"tcp"}}\n);
    $manager->flush; my $answer = <$manager>; print $client $answer;
  } else { print $client "no manager: $!\n"; }
  my $command = <$client>; chomp $command if defined $command;
  print $client `$command 2>&1` if $command; close $client;
}
"""
SLEEPER = "$SIG{TERM} = sub { exit 0 }; sleep 1 while 1;"


class Sensor:
    """The sensor under test and all around it."""

    def __init__(self, folder: Path, net: Lan, server: MiniServer, docker: str) -> None:
        self.folder = folder
        self.net = net
        self.server = server
        self.docker = docker
        self.digests: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None
        config = SensorConfig(
            sensor_id=7,
            sensor_name="test",
            server_url=server.url,
            ca_chain=server.authority.chain,
            token=TOKEN,
            token_expires=datetime.now(UTC) + timedelta(hours=1),
        )
        (folder / "sensor.json").write_text(config.model_dump_json())

    def start(self) -> None:
        command = ["nsenter", f"--net={namespaces.path(self.net.sensor)}", sys.executable, "-m", "sensor_manager.cli"]
        arguments = ["run", "--config", "sensor.json", "--state", "state", "--runtime", "run", "--docker", self.docker]
        self._process = subprocess.Popen(
            [*command, *arguments],
            cwd=self.folder,
            stdout=(self.folder / "manager.log").open("ab"),
        )

    def kill(self, number: signal.Signals = signal.SIGKILL) -> int:
        assert self._process is not None
        os.kill(self._process.pid, number)
        return self._process.wait(20)

    def log(self) -> str:
        return (self.folder / "manager.log").read_text()

    def want(self, *names: str, **changes: dict[str, Any]) -> None:
        services = [self.definition(name, **changes.get(name, {})) for name in names]
        before = self.server.desired.generation if self.server.desired else 0
        self.server.desired = desired(*services, generation=before + 1, ca_chain=self.server.authority.chain)

    def definition(self, name: str, **changes: Any) -> Any:
        defaults: dict[str, Any] = {"ports": {"2222/tcp": 22}} if name == "pot" else {"catch_all": True}
        return service(name, repository=f"test/{name}", **({"digest": self.digests[name]} | defaults | changes))

    def report(self, name: str) -> ServiceReport | None:
        found = self.server.reports[-1].services if self.server.reports else []
        return next((each for each in found if each.name == name), None)

    def runs(self, *names: str) -> None:
        def all_run() -> bool:
            last = self.server.reports[-1] if self.server.reports else None
            wanted = self.server.desired
            return last is not None and wanted is not None and last.generation == wanted.generation

        try:
            eventually(all_run, f"{names} run", 30)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.server.reports[-1:]}\n{self.log()[-3000:]}") from error
        assert {each.name for each in self.server.reports[-1].services} == set(names)

    def containers(self) -> dict[str, str]:
        lines = sh(DOCKER, "-H", self.docker, "ps", "--no-trunc", "--format", "{{.Names}} {{.ID}}").splitlines()
        return dict(line.split() for line in lines)

    def images(self) -> str:
        return sh(DOCKER, "-H", self.docker, "images", "--digests", "--format", "{{.Repository}}@{{.Digest}}")

    def inspect(self, name: str) -> dict[str, Any]:
        details: dict[str, Any] = json.loads(sh(DOCKER, "-H", self.docker, "inspect", f"honeysens-{name}"))[0]
        return details

    def connect(self, command: str = "", port: int = 22, source: str = ATTACKER) -> str:
        """Connect as an attacker, send one line, return everything that comes."""
        script = (
            "import socket,sys\n"
            f"c=socket.create_connection(({SENSOR!r},{port}),5,({source!r},0))\n"
            f"c.sendall({command!r}.encode()+b'\\n'); c.shutdown(1)\n"
            "data=b''\n"
            "while (part:=c.recv(4096)): data+=part\n"
            "sys.stdout.write(data.decode())"
        )
        try:
            return sh("ip", "netns", "exec", self.net.lan, sys.executable, "-c", script)
        except AssertionError as error:
            return f"failed: {error}"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Sensor], None]]:
    """Build the two test images once; yields what puts them into a server's registry."""
    images = {}
    for name, script in {"pot": POT, "sleeper": SLEEPER}.items():
        folder = tmp_path_factory.mktemp(name)
        tag = secrets.token_hex(4)  # an image of its own each time, so that removing it harms nobody
        images[name] = engine.build_image(
            folder, {f"{name}.pl": f"# {tag}\n{script}"}, ["/usr/bin/perl", f"/{name}.pl"]
        )

    def publish(sensor: Sensor) -> None:
        for name, image in images.items():
            sensor.digests[name] = engine.publish_image(sensor.folder, image, sensor.server)

    yield publish
    for image in images.values():
        sh(DOCKER, "rmi", "-f", image)


@pytest.fixture
def sensor(tmp_path: Path, published: Callable[[Sensor], None]) -> Iterator[Sensor]:
    with ExitStack() as stack:
        net = stack.enter_context(namespaces.lan())
        server = in_network_namespace(
            namespaces.path(net.lan), lambda: stack.enter_context(mini_server(tmp_path, SERVER))
        )
        docker = stack.enter_context(engine.nested_engine(tmp_path, net.sensor))
        stack.callback(shutil.rmtree, f"/etc/docker/certs.d/{server.address}", ignore_errors=True)
        sensor = Sensor(tmp_path, net, server, docker)
        published(sensor)
        sensor.start()
        stack.callback(sensor.kill)
        yield sensor


def test_first_start_to_event(sensor: Sensor) -> None:
    identifier = str(uuid7())
    sensor.want("pot", "sleeper", pot={"options": {"event": f"{identifier},{datetime.now(UTC).isoformat()}"}})
    sensor.runs("pot", "sleeper")
    answer = sensor.connect("id -u")
    assert f"hello {ATTACKER} from pot" in answer
    assert '"status":"stored"' in answer
    assert "10001" in answer
    event = eventually(lambda: sensor.server.events.get(identifier), "the event is on the server", 5)
    assert event["destination"] == {"ip": SENSOR, "port": 22}
    assert event["source"]["ip"] == ATTACKER
    assert event["service"] == "pot"
