"""Passwords that anybody would guess are refused, others are not."""

import pytest

from server_app.accounts.password_rules import weakness


@pytest.mark.parametrize(
    "password",
    [
        *("short7!", "", "Password", "password1!", "PASSW0RD", "admin123", "12345678", "87654321", "1234567890"),
        *("qwertyuiop", "abcdefgh", "aaaaaaaa", "abababab", "1q2w3e4r", "changeme", "alice1234", "ALICE!2026"),
        *("alicealice", "a.example1"),
    ],
)
def test_weak(password: str) -> None:
    assert weakness(password, "alice", "a.example@example.com") is not None


@pytest.mark.parametrize(
    "password", ["correct horse battery staple", "Tr0ub4dor&3", "xkcd-936-alice", "пароль-на-русском", "x7#Kq!9z"]
)
def test_strong(password: str) -> None:
    assert weakness(password, "alice", "a.example@example.com") is None
