"""Text that any JSON parser and database accepts."""

from honeypot_adapter.text import clean, printable


def test_control_characters_and_lone_surrogates_become_visible() -> None:
    assert clean("a\x00b\x1b[0m\ud800\tc\nd\u00e9", 100) == ("a\\x00b\\x1b[0m\\ud800\tc\nd\u00e9", False)


def test_cut_is_told() -> None:
    assert clean("x" * 11, 10) == ("x" * 10, True)
    assert clean("\x00" * 5, 8) == ("\\x00\\x00", True)


def test_bytes_become_text() -> None:
    assert printable(b"GET /\xff") == "GET /\\xff"
