"""Authority and certificate of the server change through worker, volumes and nginx, and no sensor is lost."""

import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from own_certificates import Own, own_certificate
from scenario_testing.deployed import Admin, Sensor, served
from scenario_testing.machine import docker, eventually
from scenario_testing.second_server import ADDRESS, CA

NOW = """
from server_app.pki.jobs import UPKEEP
from server_app.settings import Settings
from server_app.task_queue import TaskQueue
TaskQueue(Settings().data_dir).enqueue(UPKEEP)
"""
PROCESSES = 20
"""Connections that reach each of nginx's processes, old or new."""


def signed_by(leaf: x509.Certificate, authority: x509.Certificate) -> bool:
    """Whether the one has signed the other."""
    wanted = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    return wanted == authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.key_identifier


def shows(trusted: str, leaf: x509.Certificate) -> bool:
    """Whether the server shows this certificate to who trusts these, so often that none of nginx's processes is left.

    Those that end take connections until the new ones are there.
    """
    try:
        return all(served(trusted) == leaf for _ in range(PROCESSES))
    except ssl.SSLError:
        return False


def shows_signed(authority: x509.Certificate) -> bool:
    """Whether all processes show a certificate that this authority has signed."""
    return all(signed_by(served(CA), authority) for _ in range(PROCESSES))


def refuses(trusted: str) -> bool:
    """Whether who trusts these does not get through, by any process."""
    for _ in range(PROCESSES):
        with suppress(ssl.SSLError):
            served(trusted)
            return False
    return True


def test_the_authority_changes_and_no_sensor_is_lost(admin: Admin, sensor: Sensor, tmp_path: Path) -> None:
    old = sensor.poll()
    sensor.poll()
    before, own = served(CA), sensor.certificate

    task = admin.call("POST", "/certs/authority").json()["task"]
    number = admin.ended(task)["result"]["certificate"]

    (authority,) = eventually("the sensor is told of it", lambda: sensor.poll() - old)
    assert (admin.phases()[number], served(CA)) == ("next", before), "the sensor has not said yet that it trusts it"
    assert not signed_by(own, authority)
    eventually("nginx shows what it has signed", lambda: sensor.poll() and shows_signed(authority))
    assert admin.phases()[number] == "active"
    only_new = str(tmp_path / "new.crt")
    Path(only_new).write_bytes(authority.public_bytes(Encoding.PEM))
    for trusted in (only_new, CA):  # who has missed the change finds the link to the new one in the server's chain
        assert authority in sensor.poll(trusted), "its own certificate is still good"
    sensor.renew(only_new)
    assert signed_by(sensor.certificate, authority)
    assert authority in sensor.poll(only_new)


def look_after_certificates() -> None:
    """Let the worker do at once what it does each minute: that it does so is shown above."""
    docker("exec", "molecule-server-web", "python3", "-c", NOW)


@pytest.fixture
def own(admin: Admin, tmp_path: Path) -> Iterator[Own]:
    """A certificate of the company's own; afterwards the server shows ours again."""
    made = own_certificate(ADDRESS)
    both = str(tmp_path / "both.crt")
    Path(both).write_text(Path(CA).read_text() + made.root.pem)
    admin.session.verify = both
    yield made
    admin.call("DELETE", "/certs/server")
    eventually("nginx shows a certificate of ours", lambda: served(both) != made.leaf)


def test_the_companys_own_certificate_is_shown_when_sensors_know_its_authority(
    admin: Admin, sensor: Sensor, own: Own, tmp_path: Path
) -> None:
    root = str(tmp_path / "root.crt")
    Path(root).write_text(own.root.pem)
    sensor.poll()
    sensor.poll()
    before = served(CA)

    assert admin.call("PUT", "/certs/server", json=own.body).json()["state"] == "pending"

    assert own.root.certificate in sensor.poll()
    assert served(CA) == before, "the sensor has not said yet that it trusts it"
    sensor.poll()
    look_after_certificates()
    eventually("nginx shows the company's own certificate", lambda: shows(root, own.leaf))
    assert own.root.certificate in sensor.poll(root), "its own certificate is still good"
    eventually("who trusts ours alone is refused", lambda: refuses(CA))
