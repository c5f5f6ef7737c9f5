"""The addresses that the sensor tells."""

from pathlib import Path

import pytest

from honeypot_adapter.addresses import ADDRESSES_PATH, addressed
from sensor_wire.honeypot import socket


def test_first_of_each_version_is_given(tmp_path: Path) -> None:
    file = tmp_path / "addresses"
    file.write_text("2001:db8::7\n192.0.2.7\n192.0.2.8\n")
    assert (addressed(4, file), addressed(6, file)) == ("192.0.2.7", "2001:db8::7")


@pytest.mark.parametrize("text", ["", "2001:db8::7\n", "nonsense\n", "\xe9"])
def test_none_is_given_where_the_sensor_tells_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "addresses"
    file.write_text(text, encoding="latin-1")
    assert addressed(4, file) is None
    assert addressed(4, tmp_path / "none") is None


def test_both_ends_mean_the_same_file() -> None:
    assert str(ADDRESSES_PATH) == socket.ADDRESSES_PATH
