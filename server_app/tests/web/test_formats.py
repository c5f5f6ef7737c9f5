from base64 import b64encode
from datetime import UTC, datetime, timedelta, timezone

import pytest

from server_app.web import formats

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "just now"), (0, "just now"), (59, "59 s ago"), (60, "1 min ago"), (7199, "1 h ago"), (200000, "2 d ago")],
)
def test_relative(seconds: int, text: str) -> None:
    assert formats.relative(NOW - timedelta(seconds=seconds), NOW) == text


def test_absolute_is_in_utc() -> None:
    assert formats.absolute(NOW.astimezone(timezone(timedelta(hours=5)))) == "2026-03-01 12:00:00"


@pytest.mark.parametrize(
    ("ip", "port", "text"),
    [("192.0.2.1", 22, "192.0.2.1:22"), ("2001:db8::1", 22, "[2001:db8::1]:22"), ("192.0.2.1", None, "192.0.2.1")],
)
def test_endpoint(ip: str, port: int | None, text: str) -> None:
    assert formats.endpoint(ip, port) == text


def test_hexdump_breaks_rows_at_16_bytes() -> None:
    rows = formats.hexdump(b64encode(bytes(range(0x41, 0x41 + 17))).decode()).split("\n")
    assert rows[0].endswith("ABCDEFGHIJKLMNOP")
    assert rows[1].startswith("0010  51 ")


@pytest.mark.parametrize(("count", "text"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 << 30, "5.0 GiB")])
def test_size(count: int, text: str) -> None:
    assert formats.size(count) == text
