"""The option of greetings, as text."""

from typing import Any

import pytest
from recon.banners import LONGEST, banners

from honeypot_adapter.options import OptionError, Options


def test_escapes_stand_for_bytes() -> None:
    given = {"25": r"220 mail ESMTP\r\n", "4711": r"\x00\xff\\\t", "1": ""}
    assert banners(Options({"banners": given})) == {25: b"220 mail ESMTP\r\n", 4711: b"\x00\xff\\\t", 1: b""}
    assert banners(Options({})) == {}


@pytest.mark.parametrize(
    "given",
    [
        {"0": "x"},
        {"65536": "x"},
        {"ssh": "x"},
        {"-1": "x"},
        {"²": "x"},
        {"22": 5},
        {"22": "\\"},
        {"22": "\\x1"},
        {"22": "\\u20ac"},
        {"22": "€"},
        {"22": "x" * (LONGEST + 1)},
        {str(port): "x" for port in range(1, 66)},
        [],
    ],
)
def test_what_cannot_be_is_refused(given: Any) -> None:
    with pytest.raises(OptionError, match="banners"):
        banners(Options({"banners": given}))
