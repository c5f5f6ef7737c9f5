"""Passwords are kept as argon2id hashes of the strength that RFC 9106 asks for."""

from argon2 import PasswordHasher, extract_parameters, profiles

from server_app.accounts import passwords


def test_the_profile_is_the_rfc_one() -> None:
    assert profiles.RFC_9106_LOW_MEMORY == passwords.PROFILE
    stored = PasswordHasher.from_parameters(passwords.PROFILE).hash("secret")
    assert extract_parameters(stored) == passwords.PROFILE
    assert passwords.matches(stored, "secret")
    assert not passwords.matches(stored, "Secret")


def test_no_two_hashes_are_the_same() -> None:
    assert passwords.hashed("secret") != passwords.hashed("secret")


def test_what_is_no_hash_matches_nothing() -> None:
    assert not passwords.matches("secret", "secret")
