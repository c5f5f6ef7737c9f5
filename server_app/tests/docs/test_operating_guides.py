"""The commands of docs/sensors.md and docs/operating/, run against the real server, directory and provider.

Left out are those for the hosts of server and sensors.
"""

import re
import ssl
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path

import pytest
from guide import API_GUIDE, OPERATING, ROOT, SENSORS, run, running_server, shell_blocks
from oidc_provider_process import CLIENT_ID, CLIENT_SECRET, oidc_provider
from own_certificates import own_certificate
from server_bench import token_of
from server_process import Server, ended
from service_builder import service_archive
from slapd_process import BIND_DN, BIND_PASSWORD, slapd
from syslog_receiver import receiver

LOG_IN = shell_blocks(API_GUIDE)[0]
ON_A_HOST = ("docker ", "install ", "tar ")
"""Begin the lines that are not for whoever calls the API."""
MANUALS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *OPERATING.glob("*.md")])
FENCED = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)")
ALICES = "alice's secret (in the directory)"
NEW_USER = {"name": "alice", "password": "correct horse battery staple", "role": "observer"}


@pytest.fixture
def server(tmp_path: Path, registry_url: str) -> Iterator[Server]:
    (tmp_path / "server").mkdir()
    with running_server(tmp_path / "server", registry_url) as running:
        running.log_in()
        yield running


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "admin"
    folder.mkdir()
    return folder


def commands(manual: Path, **replaced: str) -> list[str]:
    """The manual's commands, with what stands for something of the reader's replaced by ours."""
    lines = "".join(shell_blocks(manual)).splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith(ON_A_HOST))
    for example, ours in replaced.items():
        assert example in text, example
        text = text.replace(example, ours)
    return [LOG_IN, text]


def test_a_directory_and_a_provider_are_set_up_as_the_manual_says(server: Server, place: Path, tmp_path: Path) -> None:
    for name in ("slapd", "provider"):
        (tmp_path / name).mkdir()
    with slapd(tmp_path / "slapd") as directory, oidc_provider(tmp_path / "provider") as provider:
        directory.group("staff", directory.person("alice", ALICES))
        for name, content in {
            "directory-ca.crt": directory.ca,
            "bind_password": BIND_PASSWORD + "\n",
            "alice_password": ALICES + "\n",
            "provider-ca.crt": provider.ca,
            "client_secret": CLIENT_SECRET + "\n",
        }.items():
            (place / name).write_text(content)
        ours = {"ldaps://directory.example.com": directory.ldaps, "https://login.example.com": provider.issuer}
        done = run(server, place, commands(OPERATING / "directory.md", **ours))
    assert BIND_DN in (OPERATING / "directory.md").read_text()
    assert f'client_id: "{CLIENT_ID}"' in (OPERATING / "directory.md").read_text()
    assert re.search(r'"source": "ldap",\s+"role": "manager",\s+"divisions": \[\s+1\s+\]', done.stdout), done.stdout
    sent = re.search(rf"^{provider.issuer}/authorize\?\S+$", done.stdout, re.MULTILINE)
    assert sent, done.stdout
    assert "redirect_uri=https%3A%2F%2Fserver.example.com%3A8443%2Flogin%2Foidc%2Fcallback" in sent[0]
    assert [server.call("GET", "/settings").json()[name]["enabled"] for name in ("ldap", "oidc")] == [False, False]


def test_settings_are_changed_as_the_manual_says(server: Server, place: Path) -> None:
    assert server.call("POST", "/users", json=NEW_USER).ok
    own = own_certificate("localhost")
    (place / "chain.pem").write_text(own.body["chain"])
    (place / "key.pem").write_text(own.body["key"])
    (place / "siem-ca.crt").write_text(own.root.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(place / "chain.pem", place / "key.pem")
    with receiver(context) as siem:
        ours = {"siem.example.com": "localhost", "port: 6514": f"port: {siem.port}"}
        run(server, place, commands(OPERATING / "settings.md", **ours))
        assert siem.messages, "the test message has arrived"
    settings = server.call("GET", "/settings").json()
    kept = {"keep_days": 730, "keep_archived_days": None, "max_events": 20_000_000, "max_mebibytes": 30_000}
    assert settings["events"] == kept
    assert settings["forwarding"]["enabled"] is True
    alice = next(user for user in server.call("GET", "/users").json()["items"] if user["name"] == "alice")
    assert alice["enabled"] is False


def test_a_sensor_is_connected_as_the_manual_says(server: Server, place: Path) -> None:
    upload = server.call("POST", "/services", data=service_archive(), headers={"Content-Type": "application/gzip"})
    assert ended(server, upload.json()["task"])["state"] == "done"
    sensor = server.call("POST", "/sensors", json={"name": "cellar-1", "division": 1}).json()["id"]
    own = own_certificate("sensor-7")
    for name, content in {
        "proxy_password": "proxy's own\n",
        "dot1x_password": "switch's own\n",
        "radius-ca.crt": own.root.pem,
        "sensor.crt": own.body["chain"],
        "sensor.key": own.body["key"],
    }.items():
        (place / name).write_text(content)
    run(server, place, commands(SENSORS, **{"/sensors/7": f"/sensors/{sensor}"}))
    found = server.call("GET", f"/sensors/{sensor}").json()
    assert found["network"]["additional"] == ["192.0.2.77/24", "2001:db8::77/64"]
    assert found["effective"]["proxy"].items() >= {"kind": "ntlm", "user": "CORP\\sensor", "password_set": True}.items()
    assert found["dot1x"].items() >= {"method": "tls", "secret_set": True}.items()
    (assigned,) = server.call("GET", f"/sensors/{sensor}/services").json()["items"]
    assert assigned["address"] == "192.0.2.77"
    assert token_of((place / "sensor-7.tar.gz").read_bytes())


@pytest.mark.parametrize("manual", MANUALS, ids=attrgetter("name"))
def test_links_of_manuals_lead_somewhere(manual: Path) -> None:
    for place, anchor in LINK.findall(FENCED.sub("", manual.read_text(encoding="utf-8"))):
        target = manual.parent / place if place else manual
        assert target.exists(), place
        assert not anchor or anchor in anchors(target), f"{place}#{anchor}"


def anchors(manual: Path) -> set[str]:
    """What headings are called in links: small letters, without punctuation, hyphens for spaces."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", manual.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
