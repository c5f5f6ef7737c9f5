"""The sensor keeps its certificate: renews it early, comes back after months, and never loses key or trust."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from operator import attrgetter
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sensor_support.authority import DAY, Authority
from sensor_support.builders import desired, eventually
from sensor_support.mini_server import MiniServer, mini_server

from sensor_manager.plan.certificate import Step, Validity, next_step
from sensor_manager.server import contact as contact_module
from sensor_manager.server import openssl
from sensor_manager.server.client import ServerClient
from sensor_manager.server.clock import ServerClock
from sensor_manager.server.config import load_config
from sensor_manager.server.contact import ServerContact
from sensor_manager.server.credentials import Credentials
from sensor_manager.server.directions import Directions
from sensor_manager.server.errors import ServerError
from sensor_manager.server.identity import (
    adopt_next,
    certificate_request,
    check_authorities,
    fits,
    make_key,
    trusted,
    validity,
)
from sensor_manager.server.renewal import RenewalRefusedError, renew
from sensor_manager.settings import Settings
from sensor_wire.v1.architecture import Architecture
from sensor_wire.v1.poll import Report

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def held(left: float, place: float = 0) -> Validity:
    """A certificate of 90 days of which so many are left."""
    return Validity(NOW + (left - 90) * DAY, NOW + left * DAY, place)


@pytest.mark.parametrize(
    ("validity", "refused", "step"),
    [
        (None, False, Step.ENROL),
        (None, True, Step.ENROL),
        (held(89), False, Step.USE),
        (held(30.1), False, Step.USE),
        (held(30), False, Step.RENEW),
        (held(29, place=0.5), False, Step.USE),
        (held(26, place=0.5), False, Step.RENEW),
        (held(22.5, place=1), False, Step.RENEW),
        (held(0.1), False, Step.RENEW),
        (held(0), False, Step.COME_BACK),
        (held(-200), False, Step.COME_BACK),
        (held(89), True, Step.COME_BACK),
    ],
)
def test_what_is_due(validity: Validity | None, refused: bool, step: Step) -> None:  # noqa: FBT001 - pytest passes parameters by name
    assert next_step(validity, NOW, refused=refused) is step


@dataclass
class Stage:
    server: MiniServer
    settings: Settings

    def enrol(self, *, start: timedelta = -DAY, end: timedelta = 90 * DAY) -> str:
        """Give the sensor a key and a certificate for a time from now."""
        make_key(self.settings.key)
        request = certificate_request(self.settings.key, 7)
        self.settings.certificate.write_text(self.server.authority.sign_sensor(request, 7, start=start, end=end))
        self.settings.authorities.write_text(self.server.authority.chain)
        return self.settings.certificate.read_text()

    def renew(self) -> None:
        with ServerClient(self.server.url, self.settings.authorities) as client:
            renew(client, 7, self.settings)

    def fits(self) -> bool:
        return fits(self.settings.key, self.settings.certificate.read_text(), 7)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    (tmp_path / "state").mkdir()
    with mini_server(tmp_path) as server:
        settings = Settings(
            config=tmp_path / "sensor.json",
            state=tmp_path / "state",
            runtime=tmp_path,
            interface="eth0",
            platform="docker_x86",
            docker="unix:///nowhere",
            docker_certs=tmp_path / "certs.d",
        )
        config = server.config()
        settings.config.write_text(config.model_dump_json())
        server.desired = desired(ca_chain=server.authority.chain)
        yield Stage(server, settings)


@pytest.fixture
def running(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[ServerContact]]:
    """What a test starts is stopped."""
    monkeypatch.setattr(contact_module, "FIRST_DELAY", 0.05)
    monkeypatch.setattr(contact_module, "MIN_GAP", 0.05)
    made: list[ServerContact] = []
    yield made
    for each in made:
        each.stop()
    assert stage.fits()


def start(stage: Stage, running: list[ServerContact]) -> ServerContact:
    def report() -> Report:
        trust = trusted(stage.settings.authorities)
        now = datetime.now(UTC)
        return Report(
            observed_at=now, firmware="1", platform="docker_x86", architecture=Architecture.AMD64, trust=trust
        )

    one = ServerContact(
        stage.settings,
        Credentials(
            stage.settings,
            load_config(stage.settings.config),
            ServerClock(stage.settings.clock),
            directions=Directions(attrgetter("server_url")),
            during=lambda _: nullcontext(),
        ),
        report=report,
        on_desired=lambda _: None,
        during=lambda _: nullcontext(),
    )
    running.append(one)
    one.start()
    return one


def test_a_certificate_with_a_third_left_is_renewed_and_used(stage: Stage, running: list[ServerContact]) -> None:
    old = stage.enrol(start=-80 * DAY, end=10 * DAY)
    start(stage, running)
    eventually(lambda: stage.server.reports, "it polls")
    assert len(stage.server.renewals) == 1
    assert stage.settings.certificate.read_text() != old
    assert stage.settings.key.stat().st_mode & 0o777 == 0o600
    assert not stage.settings.next_key.exists()
    folder = stage.settings.docker_certs / stage.server.address
    assert (folder / "client.cert").read_text() == stage.settings.certificate.read_text()
    assert (folder / "client.key").read_text() == stage.settings.key.read_text()


def test_while_renewing_fails_the_old_one_does(stage: Stage, running: list[ServerContact]) -> None:
    old = stage.enrol(start=-80 * DAY, end=10 * DAY)
    stage.server.renewal_fault = 503
    start(stage, running)
    eventually(lambda: len(stage.server.reports) > 2, "it polls on")
    assert stage.settings.certificate.read_text() == old
    assert len(stage.server.renewals) == 1, "not at each poll"


def test_an_expired_sensor_comes_back_by_its_old_key(stage: Stage, running: list[ServerContact]) -> None:
    stage.enrol(start=-300 * DAY, end=-200 * DAY)
    stage.server.tokens.clear()
    start(stage, running)
    eventually(lambda: stage.server.reports, "it polls again")


def test_one_that_the_server_refuses_comes_back_too(stage: Stage, running: list[ServerContact]) -> None:
    """Its clock is late, or its authority has ended: it cannot know."""
    old = stage.enrol()
    stage.server.refused = {"other"}
    make = stage.server.answer

    def answer(path: str, body: bytes, certificate: bytes | None, etag: str | None) -> tuple[int, str, bytes]:
        if path == "/api/sensors/status" and stage.settings.certificate.read_text() == old:
            return 403, "application/problem+json", b"{}"
        return make(path, body, certificate, etag)

    stage.server.answer = answer  # type: ignore[method-assign] # one server that refuses one certificate
    start(stage, running)
    eventually(lambda: stage.server.reports, "it polls again")
    assert len(stage.server.renewals) == 1


def test_a_revoked_one_needs_a_new_archive_and_takes_it(stage: Stage, running: list[ServerContact]) -> None:
    stage.server.refused = {stage.enrol()}
    start(stage, running)
    eventually(lambda: stage.server.reports, "enrolled with the archive's token")
    assert stage.server.tokens == set()


def test_the_same_key_is_sent_until_an_answer_comes(stage: Stage) -> None:
    old = stage.enrol(start=-80 * DAY, end=10 * DAY)
    stage.server.renewal_fault = 503
    for _ in range(2):
        with pytest.raises(ServerError):
            stage.renew()
    stage.server.renewal_fault = None
    stage.renew()

    requests = [x509.load_pem_x509_csr(request.csr.encode()) for request in stage.server.renewals]
    keys = {request.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) for request in requests}
    assert len(keys) == 1
    assert stage.settings.certificate.read_text() != old
    assert stage.fits()


def test_a_refusal_is_told_from_other_faults(stage: Stage) -> None:
    old = stage.enrol()
    stage.server.refused = {old}
    with pytest.raises(RenewalRefusedError):
        stage.renew()
    assert stage.settings.certificate.read_text() == old


@pytest.mark.parametrize("cut", ["before", "between", "after"])
def test_key_and_certificate_fit_whenever_it_was_cut_off(stage: Stage, cut: str) -> None:
    stage.enrol()
    settings = stage.settings
    make_key(settings.next_key)
    fresh = stage.server.authority.sign_sensor(certificate_request(settings.next_key, 7), 7)
    if cut != "before":
        settings.next_certificate.write_text(fresh)
    if cut == "between":
        settings.next_key.replace(settings.key)
        assert not stage.fits()

    adopt_next(settings)

    assert stage.fits()
    assert (settings.certificate.read_text() == fresh) == (cut != "before")
    assert not settings.next_certificate.exists()


def test_a_next_certificate_of_another_key_is_dropped(stage: Stage, tmp_path: Path) -> None:
    old = stage.enrol()
    make_key(tmp_path / "other")
    request = certificate_request(tmp_path / "other", 7)
    stage.settings.next_certificate.write_text(stage.server.authority.sign_sensor(request, 7))
    adopt_next(stage.settings)
    assert stage.settings.certificate.read_text() == old
    assert not stage.settings.next_certificate.exists()


def test_new_authorities_are_taken_and_reported_but_never_wrong_ones(
    stage: Stage, running: list[ServerContact]
) -> None:
    server, both = stage.server, stage.server.authority.chain + Authority().chain
    stage.enrol()
    start(stage, running)
    eventually(lambda: server.reports, "it polls")
    server.desired = desired(ca_chain=Authority().chain, generation=2)
    polls = len(server.reports)
    eventually(lambda: len(server.reports) > polls + 1, "it polls on")
    assert stage.settings.authorities.read_text() == server.authority.chain
    server.desired = desired(ca_chain=both, generation=3)
    eventually(lambda: server.reports[-1].trust == sha256(both.encode()).hexdigest(), "it says whom it trusts")
    assert stage.settings.authorities.read_text() == both


def test_what_is_no_certificate_of_this_sensor_is_none(stage: Stage) -> None:
    stage.enrol()
    settings = stage.settings
    assert validity(settings.key, settings.certificate, 7) is not None
    assert validity(settings.key, settings.certificate, 8) is None
    settings.certificate.write_text("hello")
    assert validity(settings.key, settings.certificate, 7) is None


def test_openssl_reads_a_certificate_as_another_library_does(stage: Stage) -> None:
    text = stage.enrol()
    expected = x509.load_pem_x509_certificate(text.encode())
    key = expected.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    found = openssl.describe(text + stage.server.authority.chain)
    assert (found.not_before, found.not_after) == (expected.not_valid_before_utc, expected.not_valid_after_utc)
    assert found.public_key == key.decode().strip() == openssl.public_key(stage.settings.key)
    assert found.fingerprint.lower() == expected.fingerprint(SHA256()).hex()
    assert found.names == ("URI:urn:honeysens:sensor:7",)
    assert openssl.describe(stage.server.authority.chain).names == ()


@pytest.mark.parametrize("chain", ["", "hello", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "ä"])
def test_what_are_no_authorities_is_refused(chain: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        check_authorities(chain)


def test_a_missing_tool_is_no_missing_certificate(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the sensor would enrol anew, with a token that is used up."""
    stage.enrol()
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ServerError, match="openssl is not installed"):
        validity(stage.settings.key, stage.settings.certificate, 7)
