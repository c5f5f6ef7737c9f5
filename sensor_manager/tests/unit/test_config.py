"""Configurations of all formats: taken, converted, or refused with a reason."""

import gzip
import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from sensor_manager.plan.config_formats import MAX_BYTES, MAX_MEMBERS
from sensor_manager.plan.legacy_config import NotUsableError, read_legacy
from sensor_manager.server.config import ConfigError, load_config
from sensor_wire.v1.network import NetworkMode, ProxyKind

SAMPLES = Path(__file__).parents[3] / "server_app" / "wire" / "tests" / "samples"
CONFIG = (SAMPLES / "0.2.0" / "sensor-config.json").read_bytes()
CONNECTED = (SAMPLES / "0.3.0" / "sensor-config.json").read_bytes()
LEGACY_2 = rb"""
[server]
host = honeysens.example.com
name = honeysens.example.com
port_https = 8443
interval = 5
certfile = server-cert.pem
[general]
sensor_id = 42
hostname = s42
secret = 0123456789abcdef
service_network = 10.10.10.0/24
[network]
mode = 1
address = 192.0.2.42
netmask = 255.255.255.0
gateway = 192.0.2.1
dns = 192.0.2.53, 192.0.2.54
dhcp_hostname =
[mac]
mode = 1
address = 02-00-00-00-00-2A
[proxy]
mode = 1
host = proxy.example.com
port = 8080
user = EXAMPLE\sensor
password = 100%% secret
[eapol]
mode = 2
identity = sensor
"""
LEGACY_1 = b"""
[server]
host = 192.0.2.1
port_https = 443
[general]
sensor_id = 7
hostname = s7
certfile = s7.crt
keyfile = s7.key
[network]
mode = 0
"""


def archive(*members: tuple[str, bytes], kind: bytes = tarfile.REGTYPE) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            info.size = len(content) if kind == tarfile.REGTYPE else 0
            info.linkname = "/etc/passwd"
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize("release", sorted(each.name for each in SAMPLES.iterdir()))
def test_configurations_of_every_release_are_taken(tmp_path: Path, release: str) -> None:
    path = tmp_path / "sensor.json"
    path.write_bytes((SAMPLES / release / "sensor-config.json").read_bytes())
    assert load_config(path).sensor_id


def test_an_archive_may_lie_there_as_it_was_downloaded(tmp_path: Path) -> None:
    path = tmp_path / "sensor.json"
    (tmp_path / "sensor-7.tar.gz").write_bytes(archive(("./sensor.json", CONNECTED)))
    config = load_config(path)
    assert config.proxy is not None
    assert config.proxy.kind is ProxyKind.NTLM
    path.write_bytes(archive(("sensor.json", CONFIG)))
    assert load_config(path).proxy is None, "the named file comes first, archive or not"


def test_the_newest_archive_counts(tmp_path: Path) -> None:
    for number, content in ((1, CONNECTED), (2, CONFIG)):
        (tmp_path / f"{number}.tar.gz").write_bytes(archive(("sensor.json", content)))
        os.utime(tmp_path / f"{number}.tar.gz", (number, number))
    assert load_config(tmp_path / "sensor.json").proxy is None


@pytest.mark.parametrize("network", [None, {"mode": "unconfigured"}], ids=["says nothing", "leaves it alone"])
def test_connection_of_an_old_sensor_is_taken_over_by_a_new_configuration(
    tmp_path: Path, network: dict[str, str] | None
) -> None:
    path = tmp_path / "sensor.json"
    path.write_text(json.dumps(json.loads(CONFIG) | {"network": network}))
    (tmp_path / "s42.tar.gz").write_bytes(archive(("honeysens.cfg", LEGACY_2), ("server-cert.pem", b"x")))
    config = load_config(path)
    assert config.sensor_id == 7
    assert config.network is not None
    assert config.network.model_dump(mode="json", exclude_none=True) == {
        "mode": "static",
        "address": "192.0.2.42",
        "prefix": 24,
        "gateway": "192.0.2.1",
        "dns_servers": ["192.0.2.53", "192.0.2.54"],
        "mac_address": "02:00:00:00:00:2a",
        "additional": [],
    }
    assert config.proxy is not None
    assert (config.proxy.kind, config.proxy.user, config.proxy.port) == (ProxyKind.NTLM, "EXAMPLE\\sensor", 8080)
    path.write_bytes(CONNECTED)
    kept = load_config(path)
    assert kept.network is not None
    assert str(kept.network.address) == "192.0.2.7", "what the new one says is not overruled"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (LEGACY_2, r"sensor 42 \(s42\) for honeysens.example.com:8443. It holds a shared secret \(2.x\)"),
        (LEGACY_1, r"sensor 7 \(s7\) for 192.0.2.1:443. It holds a key that a server has made \(1.x\)"),
    ],
)
def test_an_old_configuration_alone_says_what_to_do(tmp_path: Path, content: bytes, why: str) -> None:
    for name, bytes_there in (("honeysens.cfg", content), ("s.tar.gz", archive(("honeysens.cfg", content)))):
        file = tmp_path / name
        file.write_bytes(bytes_there)
        with pytest.raises(ConfigError, match=why) as refused:
            load_config(tmp_path / "sensor.json")
        assert "network and proxy settings of this one then stay in force" in str(refused.value)
        assert "0123456789abcdef" not in str(refused.value)
        file.unlink()


def test_what_is_left_out_of_an_old_configuration_is_named() -> None:
    legacy = read_legacy(LEGACY_2.decode())
    assert legacy.left_out == ("802.1X, of which this is missing or wrong: ca", "the honeypots' network")
    first = read_legacy(LEGACY_1.decode())
    assert first.network is not None
    assert (first.network.mode, first.proxy, first.left_out) == (NetworkMode.DHCP, None, ())


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ((b"mode = 1\naddress = 192", b"mode = 9\naddress = 192"), "network mode 9"),
        ((b"255.255.255.0", b"255.0.255.0"), "impossible value"),
        ((b"gateway = 192.0.2.1", b"gateway = 192.0.2.300"), r"impossible value \(gateway"),
        ((b"port = 8080", b"port = none"), r"impossible value \(port"),
        ((b"[general]", b"[generals]"), "no sections"),
        ((b"[server]", b"server"), "cannot be read"),
    ],
)
def test_a_broken_old_configuration_is_refused(change: tuple[bytes, bytes], why: str) -> None:
    with pytest.raises(NotUsableError, match=why):
        read_legacy(LEGACY_2.replace(*change).decode())


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no sections"),
        (b"{", "is not JSON"),
        (b"[" * 100_000, "cannot be read"),
        (b"{" + b'"a":[' * 100_000, "is not JSON"),
        (b"\xff\xfe", "is no text"),
        (CONFIG.replace(b'"format": 1', b'"format": 2'), "format 2, this firmware knows 1; update the firmware"),
        (CONFIG.replace(b'"format": 1', b'"format": [1]'), "format"),
        (CONFIG.replace(b'"token"', b'"coupon"'), "wrong: token"),
        (CONFIG.replace(b"https://", b"http://"), "wrong: server_url"),
        (archive(("sensor.json", CONFIG))[:100], "the archive is damaged"),
        (gzip.compress(b"no tar" * 200), "the archive is damaged"),
        (gzip.compress(bytes(MAX_BYTES + 1)), "more than"),
        (archive(), "nothing"),
        (archive(("readme", b"x")), "neither sensor.json nor honeysens.cfg, but: readme"),
        (archive(("sensor.json", CONFIG), ("sensor.json", CONFIG)), "twice"),
        (archive(("sensor.json", b""), kind=tarfile.SYMTYPE), "not as a file"),
        (archive(("../sensor.json", CONFIG)), "neither"),
        (archive(*((str(number), b"") for number in range(MAX_MEMBERS + 1))), "more than 64 files"),
    ],
    ids=range(18),
)
def test_a_malformed_configuration_is_refused_with_a_reason(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "sensor.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=why) as refused:
        load_config(path)
    assert "download the sensor's configuration" in str(refused.value)


def test_nothing_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no .*sensor.json and no archive beside it; download"):
        load_config(tmp_path / "sensor.json")
