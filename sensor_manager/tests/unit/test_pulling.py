"""Before and while an image is pulled: what the registry says, what speaks against it, how far it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sensor_support.images import LAYER, describe_image, put
from sensor_support.mini_server import MiniServer, mini_server

from sensor_manager.plan.pulling import MIB, RESERVE, ImageFacts, Layer, PullMeter, missing_layers, objection
from sensor_manager.server.client import ServerClient
from sensor_manager.server.errors import ServerError
from sensor_manager.server.identity import certificate_request, make_key
from sensor_manager.server.registry import image_facts
from sensor_wire.v1.architecture import Architecture
from sensor_wire.v1.poll import PullProgress

GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
TAR = "application/vnd.docker.image.rootfs.diff.tar"
BASE = Layer("sha256:" + "a" * 64, 10 * MIB, GZIP, "base")
OWN = Layer("sha256:" + "b" * 64, 5 * MIB, TAR, "own")
FACTS = ImageFacts("amd64", (BASE, OWN))


@pytest.mark.parametrize(
    ("facts", "present", "free", "expected"),
    [
        (FACTS, [], RESERVE + 50 * MIB, None),
        (FACTS, [], RESERVE + 50 * MIB - 1, "needs 114 MiB"),
        (FACTS, ["base"], RESERVE + 10 * MIB, None),
        (FACTS, ["base"], RESERVE, "are free"),
        (FACTS, ["base", "own"], 0, None),
        (FACTS, [], None, None),
        (ImageFacts("arm", ()), [], None, "for arm, this sensor is amd64"),
        (ImageFacts("amd64", (), volumes=True), [], None, "volumes"),
    ],
)
def test_objections(facts: ImageFacts, present: list[str], free: int | None, expected: str | None) -> None:
    found = objection(facts, Architecture.AMD64, missing_layers(facts, present), free)
    assert found is None if expected is None else expected in (found or "")


def test_progress_counts_what_was_missing() -> None:
    meter = PullMeter([BASE, OWN])
    base, own = "a" * 12, "b" * 12
    total = 15 * MIB
    steps: list[tuple[dict[str, Any], int]] = [
        ({"status": "Pulling from test/pot", "id": "sha256:x"}, 0),
        ({"status": "Downloading", "id": base, "progressDetail": {"current": MIB, "total": 10 * MIB}}, MIB),
        ({"status": "Downloading", "id": base, "progressDetail": {}}, MIB),
        ({"status": "Already exists", "id": "c" * 12}, MIB),
        ({"status": "Download complete", "id": base}, 10 * MIB),
        ({"status": "Downloading", "id": own, "progressDetail": {"current": 99 * MIB}}, total),
        ({"status": "Extracting", "id": base, "progressDetail": {"current": 1}}, total),
        ({"status": "Digest: sha256:x"}, total),
    ]
    assert [meter.note(step) for step, _ in steps] == [PullProgress(done=done, total=total) for _, done in steps]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MiniServer]:
    with mini_server(tmp_path) as made:
        yield made


def ask(server: MiniServer, folder: Path, digest: str) -> ImageFacts:
    authorities, key, certificate = (folder / name for name in ("ca.crt", "sensor.key", "sensor.crt"))
    authorities.write_text(server.authority.chain)
    make_key(key)
    certificate.write_text(server.authority.sign_sensor(certificate_request(key, 7), 7))
    with ServerClient(server.url, authorities, (certificate, key)) as client:
        return image_facts(client, "test/pot", digest, Architecture.ARMHF)


def test_facts_of_one_image_and_of_an_index(server: MiniServer, tmp_path: Path) -> None:
    arm, amd = describe_image(server, "arm"), describe_image(server, "amd64")
    assert ask(server, tmp_path, arm) == ImageFacts("arm", (LAYER,))
    assert ask(server, tmp_path, amd).architecture == "amd64"
    entries = [
        {"digest": amd, "platform": {"architecture": "amd64"}},
        {"digest": arm, "platform": {"architecture": "arm"}},
    ]
    assert ask(server, tmp_path, put(server, {"manifests": entries})).architecture == "arm"
    with pytest.raises(ServerError, match="for amd64, not arm"):
        ask(server, tmp_path, put(server, {"manifests": entries[:1]}))


def test_what_is_not_as_its_digest_says_is_not_used(server: MiniServer, tmp_path: Path) -> None:
    digest = describe_image(server, "arm")
    server.blobs[digest] = ("application/json", server.blobs[describe_image(server, "amd64")][1])
    with pytest.raises(ServerError, match="not what its digest says"):
        ask(server, tmp_path, digest)
    with pytest.raises(ServerError, match="404"):
        ask(server, tmp_path, f"sha256:{'0' * 64}")
    with pytest.raises(ServerError, match="no image that runs here"):
        ask(server, tmp_path, put(server, {"layers": 1}))
