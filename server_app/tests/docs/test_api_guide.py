"""The commands of docs/api.md, run in their order by a shell against the real server behind TLS."""

import json
import re
import subprocess
from pathlib import Path
from random import Random

import pytest
from cryptography import x509
from event_builder import event
from firmware_builder import firmware_archive
from own_certificates import own_certificate
from patience import PATIENCE
from server_bench import PASSWORD, certificate_request, header_of, token_of
from server_process import Server, enrolled_by, eventually
from service_builder import service_archive
from tls_front import tls_front

from server_app.pki import authority

OPTIONS = {
    "type": "object",
    "properties": {"hostname": {"type": "string", "maxLength": 64}},
    "additionalProperties": False,
}
LARGE = service_archive(Random(0).randbytes(1_500_000).hex(), name="recon", repository="guide/recon")
"""More than one piece."""
GUIDE = Path(__file__).parents[3] / "docs" / "api.md"


def blocks() -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def lived_in(server: Server) -> dict[str, str]:
    """A sensor that has enrolled and reported a login; returns the header with its certificate."""
    server.log_in()
    sensor = server.call("POST", "/sensors", json={"name": "lobby-1", "division": 1}).json()["id"]
    token = token_of(server.call("POST", f"/sensors/{sensor}/config").content)
    request = {"token": token, "csr": certificate_request(authority.new_key())}
    enrolled = enrolled_by(server, request)
    header = {"Client-Cert": header_of(x509.load_pem_x509_certificate(enrolled["certificate"].encode()))}
    stored = server.call("POST", "/events", json={"events": [event(kind="login")]}, headers=header)
    assert stored.json()["results"][0]["status"] == "stored"
    return header


def test_every_command_of_the_guide_works(tmp_path: Path, registry_url: str) -> None:
    (tmp_path / "server").mkdir()
    server = Server(tmp_path / "server", registry_url)
    server.environment["HS_PUBLIC_URL"] = "https://server.example.com:8443"
    place = tmp_path / "admin"
    place.mkdir()
    try:
        assert server.run("init").returncode == 0
        server.start("web")
        server.start("worker")
        eventually(server.answers)
        certificate = lived_in(server)
        with tls_front(server.folder / "tls", server.address) as port:
            (place / ".curlrc").write_text(f'connect-to = "server.example.com:8443:127.0.0.1:{port}"\n')
            (place / "server-ca.crt").write_bytes((server.folder / "tls" / "ca.crt").read_bytes())
            (place / "admin_password").write_text(PASSWORD + "\n")
            (place / "cowrie-amd64.tar.gz").write_bytes(
                service_archive(repository="guide/cowrie", options=json.dumps(OPTIONS))
            )
            (place / "recon-amd64.tar.gz").write_bytes(LARGE)
            (place / "firmware.tar.gz").write_bytes(firmware_archive())
            own = own_certificate().body
            (place / "own.key").write_text(own["key"])
            (place / "own.crt").write_text(own["chain"] + own.get("authority", ""))
            script = "\n".join(["set -euo pipefail", *blocks()])
            environment = server.environment | {"CURL_HOME": str(place), "HOME": str(place)}
            done = subprocess.run(
                ["bash", "-x", "-c", script],
                cwd=place,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=PATIENCE,
            )
        assert done.returncode == 0, done.stdout + done.stderr

        sensors = {item["name"]: item for item in server.call("GET", "/sensors").json()["items"]}
        assert sensors["cellar-1"]["division_name"] == "Berlin"
        assert token_of((place / f"sensor-{sensors['cellar-1']['id']}.tar.gz").read_bytes())
        assigned = server.call("GET", f"/sensors/{sensors['cellar-1']['id']}/services").json()["items"]
        assert [(item["service"], item["options"]) for item in assigned] == [("cowrie", {"hostname": "backup-2"})]
        assert len(server.call("GET", "/services/recon").json()["revisions"]) == 1
        assert done.stderr.count("dd if=") == 2
        platform = server.call("GET", "/platforms/docker_x86").json()
        assert (platform["default_firmware"], len(platform["firmware"])) == ("1.0.0", 1)
        (session,) = server.call("GET", "/events/sessions").json()["items"]
        assert (session["status"], session["comment"]) == ("ignored", "our own scanner")
        assert re.search(r'"matched": 1,\s+"complete": true', done.stdout)
        (made,) = server.call("GET", "/eventfilters").json()["items"]
        assert (made["name"], made["hits"]) == ("our own scanner", 0)
        assert "alice" in {user["name"] for user in server.call("GET", "/users").json()["items"]}
        assert server.call("POST", "/events", json={"events": []}, headers=certificate).status_code == 403
        assert server.call("GET", "/users/me/tokens").json()["items"] == []
    finally:
        server.end()


def test_the_guide_shows_ten_tasks_in_commands_that_are_all_run() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    assert len(re.findall(r"^## \d+\. ", text, re.MULTILINE)) == 10
    assert len(re.findall(r"^```", text, re.MULTILINE)) == 2 * len(blocks()), "every block is a shell's"


@pytest.mark.parametrize("wrong", ["http://", "--insecure", "-k "])
def test_the_guide_never_does_without_tls(wrong: str) -> None:
    assert wrong not in "\n".join(blocks())
