"""Which version of SMB is spoken with whom."""

import struct

import pytest
from netservices.smb_dialects import chosen


@pytest.mark.parametrize(
    ("offered", "dialect"),
    [
        ((0x0202,), 0x0202),
        ((0x0202, 0x0210, 0x0300, 0x0302, 0x0311), 0x0311),
        ((0x0300, 0x0202), 0x0300),
        ((0x0312,), None),
        ((), None),
    ],
)
def test_newest_of_both_sides_is_spoken(offered: tuple[int, ...], dialect: int | None) -> None:
    head = struct.pack("<HHHHL16s8s", 36, len(offered), 1, 0, 0, b"", b"")
    assert chosen(head + struct.pack(f"<{len(offered)}H", *offered) + b"\x02\x03") == dialect


def test_what_is_cut_off_offers_nothing() -> None:
    assert chosen(b"") is None
    assert chosen(struct.pack("<HH", 36, 65535) + bytes(32) + b"\x02") is None
