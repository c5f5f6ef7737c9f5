"""The seed is made once and kept; what honeypots get of it differs from service to service."""

import re
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from sensor_manager.plan.service_identity import service_identity
from sensor_manager.seed import load_seed


def test_it_is_made_once_and_private(tmp_path: Path) -> None:
    seed = load_seed(tmp_path / "seed")
    assert (len(seed), load_seed(tmp_path / "seed")) == (32, seed)
    assert (tmp_path / "seed").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["seed"]
    assert load_seed(tmp_path / "another") != seed


@pytest.mark.parametrize("content", [b"", b"00" * 31, b"zz" * 32, b"\xff" * 64])
def test_a_broken_file_is_told_and_replaced(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "seed"
    file.write_bytes(content)
    with capture_logs() as told:
        seed = load_seed(file)
    assert [entry["log_level"] for entry in told] == ["warning"]
    assert load_seed(file) == seed


def test_each_service_has_its_own_identity() -> None:
    seed = bytes(range(32))
    assert service_identity(seed, "cowrie") == "bab3d2c982671941474aab49eb0fc21dfe263af164d5c778c143324a81bc9d67"
    found = {service_identity(seed, "cowrie"), service_identity(seed, "recon"), service_identity(bytes(32), "cowrie")}
    assert len(found) == 3
    assert all(re.fullmatch("[0-9a-f]{64}", each) for each in found)
