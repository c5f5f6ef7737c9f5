"""A worker killed while it changes the authority or takes over an own certificate: all of it is there, or nothing."""

import json
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from dying_worker import Point, When, killed
from own_certificates import Own, own_certificate
from server_bench import Bench, start

from server_app.files import write_atomically
from server_app.pki import jobs
from server_app.task_queue import TaskQueue

INSERT = "INSERT INTO certificates"
NAME = "abc"


def keys(bench: Bench) -> list[str]:
    """What is in the folder of the authorities, hidden files as well."""
    return sorted(path.name for path in bench.settings.ca_dir.iterdir() if path.suffix != ".crt")


def handed_over(bench: Bench, own: Own) -> Path:
    """The file in which the web process gives an own certificate to the worker."""
    file = bench.settings.data_dir / f"{jobs.INCOMING}{NAME}"
    write_atomically(file, json.dumps(own.body).encode(), 0o600)
    return file


def served(bench: Bench) -> x509.Certificate:
    """The server's certificate, whose key is beside it."""
    leaf = x509.load_pem_x509_certificates((bench.settings.tls_dir / "server.crt").read_bytes())[0]
    key = load_pem_private_key((bench.settings.tls_dir / "server.key").read_bytes(), None)
    plain = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    assert key.public_key().public_bytes(*plain) == leaf.public_key().public_bytes(*plain)
    return leaf


def restarted(bench: Bench) -> None:
    start(bench.settings).database.close()


@pytest.mark.parametrize("when", [When.IN_IT, When.AFTER_ITS_COMMIT])
def test_while_it_changes_the_authority(bench: Bench, when: When) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TaskQueue, "enqueue", lambda *_args, **_options: None)
        number = bench.admin.ok("POST", "/certs/authority")["task"]
    killed(bench.settings, Point(INSERT, when))
    assert len(keys(bench)) == 2, "the next one's key is there before its row is"

    restarted(bench)

    task = bench.admin.ok("GET", f"/tasks/{number}")
    phases = [item["state"] for item in bench.admin.ok("GET", "/certs?kind=authority")["items"]]
    if when is When.AFTER_ITS_COMMIT:
        assert (task["state"], len(phases), len(keys(bench))) == ("done", 2, 2)
    else:
        assert (task["state"], len(phases), keys(bench)) == ("failed", 1, ["ca.key"])
        assert "Nothing was changed. Start it again." in task["reason"]
        assert bench.admin.ok("GET", f"/tasks/{bench.admin.ok('POST', '/certs/authority')['task']}")["state"] == "done"
    restarted(bench)
    assert [name for name in keys(bench) if not name.startswith("ca")] == []
    assert bench.sensor().poll().status_code == 200, "it signs"


@pytest.mark.parametrize("when", [When.BEFORE_ITS_COMMIT, When.AFTER_ITS_COMMIT])
def test_while_it_takes_over_an_own_certificate(bench: Bench, when: When) -> None:
    own, before = own_certificate(), served(bench)
    file = handed_over(bench, own)
    killed(bench.settings, Point(INSERT, when), jobs.INSTALL, NAME, 1)
    file.unlink()  # as the web process does, which waits for an answer in vain

    restarted(bench)

    if when is When.AFTER_ITS_COMMIT:
        assert (served(bench), len(keys(bench))) == (own.leaf, 2)
    else:
        assert (served(bench), keys(bench)) == (before, ["ca.key"]), "nobody's key stays behind"
    bench.admin.ok("PUT", "/certs/server", json=own.body)
    restarted(bench)
    assert served(bench) == own.leaf
    assert [name for name in keys(bench) if not name.startswith(("ca", "server-"))] == []
