"""`server-app init` makes empty volumes usable, and again it changes nothing."""

import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from server_bench import settings_for, start

from server_app.db import Database, now
from server_app.initialise import initialise
from server_app.pki.upkeep import Upkeep
from server_app.settings import Settings


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for name in ("ca", "tls")
        for path in (folder / name).rglob("*")
        if path.is_file()
    }


def leaf(settings: Settings) -> x509.Certificate:
    return x509.load_pem_x509_certificates((settings.tls_dir / "server.crt").read_bytes())[0]


def names(certificate: x509.Certificate) -> list[str]:
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name.value) for name in found]


def test_everything_is_there_and_only_for_its_owner(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, server_names="sensors.example.com,10.213.0.1,2001:db8::1")
    initialise(settings)

    published = {f"tls/{name}" for name in ("ca.crt", "trust.crt", "crl.pem", "crl.until", "server.crt", "server.key")}
    assert set(tree(tmp_path)) == {"ca/ca.key", "ca/ca.crt"} | published
    for secret in (settings.ca_dir / "ca.key", settings.tls_dir / "server.key"):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    ca = x509.load_pem_x509_certificate(settings.ca_certificate.read_bytes())
    constraints = ca.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (constraints.ca, constraints.path_length) == (True, 0)
    leaf(settings).verify_directly_issued_by(ca)
    assert names(leaf(settings)) == ["sensors.example.com", "10.213.0.1", "2001:db8::1"]


def test_again_it_changes_nothing(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    initialise(settings)
    before = tree(tmp_path)
    (tmp_path / "password").write_text("another password")
    initialise(settings)
    assert tree(tmp_path) == before
    bench = start(settings)
    assert bench.admin.ok("GET", "/divisions")["items"][0]["name"] == "Default"
    bench.database.close()


def test_other_names_get_another_certificate_from_the_same_authority(tmp_path: Path) -> None:
    initialise(settings_for(tmp_path, server_names="old.example.com"))
    before = tree(tmp_path)
    settings = settings_for(tmp_path, server_names="new.example.com")
    initialise(settings)
    after = tree(tmp_path)
    assert {name for name in after if after[name] != before[name]} == {"tls/server.crt", "tls/server.key"}
    assert names(leaf(settings)) == ["new.example.com"]


def test_the_certificate_is_renewed_when_a_third_of_its_life_is_left(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    initialise(settings)
    database = Database(settings.database)
    upkeep = Upkeep(settings, database)

    def renewed(days: int) -> bool:
        before = leaf(settings)
        upkeep.run(now() + timedelta(days=days))
        return leaf(settings) != before

    assert [renewed(200), renewed(280), renewed(281)] == [False, True, False]
    database.close()


def test_without_names_the_public_urls_host_is_the_name(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    initialise(settings)
    assert names(leaf(settings)) == ["server.example.com"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / "password").unlink(), "cannot be read"),
        (lambda folder: (folder / "password").write_text("short\n"), "Choose a longer one"),
    ],
)
def test_what_an_operator_must_provide_is_said(tmp_path: Path, change: Any, message: str) -> None:
    settings = settings_for(tmp_path)
    change(tmp_path)
    with pytest.raises(RuntimeError, match=message):
        initialise(settings)


def test_a_key_without_its_certificate_is_not_used(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    initialise(settings)
    (settings.ca_dir / "ca.crt").unlink()
    with pytest.raises(RuntimeError, match="no certificate authority"):
        initialise(settings)
