"""The commands of docs/api.md, run in their order by a shell against the real server behind TLS."""

import json
import re
from pathlib import Path
from random import Random

import pytest
from cryptography import x509
from event_builder import event
from firmware_builder import firmware_archive
from guide import API_GUIDE, run, running_server, shell_blocks
from own_certificates import own_certificate
from server_bench import certificate_request, header_of, token_of
from server_process import Server, enrolled_by
from service_builder import service_archive

from server_app.pki import authority

OPTIONS = {
    "type": "object",
    "properties": {"hostname": {"type": "string", "maxLength": 64}},
    "additionalProperties": False,
}
LARGE = service_archive(Random(0).randbytes(1_500_000).hex(), name="recon", repository="guide/recon")
"""More than one piece."""
BLOCKS = shell_blocks(API_GUIDE)


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
    place = tmp_path / "admin"
    place.mkdir()
    with running_server(tmp_path / "server", registry_url) as server:
        certificate = lived_in(server)
        (place / "cowrie-amd64.tar.gz").write_bytes(
            service_archive(repository="guide/cowrie", options=json.dumps(OPTIONS))
        )
        (place / "recon-amd64.tar.gz").write_bytes(LARGE)
        (place / "firmware.tar.gz").write_bytes(firmware_archive())
        own = own_certificate().body
        (place / "own.key").write_text(own["key"])
        (place / "own.crt").write_text(own["chain"] + own.get("authority", ""))
        done = run(server, place, BLOCKS)

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


def test_the_guide_shows_ten_tasks_in_commands_that_are_all_run() -> None:
    text = API_GUIDE.read_text(encoding="utf-8")
    assert len(re.findall(r"^## \d+\. ", text, re.MULTILINE)) == 10
    assert len(re.findall(r"^```", text, re.MULTILINE)) == 2 * len(BLOCKS), "every block is a shell's"


@pytest.mark.parametrize("wrong", ["http://", "--insecure", "-k "])
def test_the_guide_never_does_without_tls(wrong: str) -> None:
    assert wrong not in "\n".join(BLOCKS)
