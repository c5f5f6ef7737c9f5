"""What is derived from a sensor's seed is always the same, and unlike that of any other."""

from pathlib import Path

from honeypot_adapter.identity import Identity, identity

SEED = bytes(range(32))


def test_the_same_seed_and_purpose_give_the_same_forever() -> None:
    assert Identity(SEED).derive("ssh-ed25519").hex() == (
        "c6daa1ff336ecc11fa2e434bf7bd33a4e39ebdf36e35026c0a25289d9c7abb2b"
    )


def test_another_purpose_seed_or_length_gives_other_bytes() -> None:
    own = Identity(SEED)
    others = {own.derive("a"), own.derive("b"), Identity(bytes(32)).derive("a")}
    assert len(others) == 3
    assert own.derive("a", 100)[:32] == own.derive("a")
    assert len(own.derive("a", 100)) == 100


def test_numbers_stay_below_their_bound() -> None:
    drawn = {Identity(SEED).number(f"port {index}", 10) for index in range(200)}
    assert drawn == set(range(10))


def test_the_seed_is_read_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "identity"
    file.write_text(SEED.hex() + "\n")
    assert identity(file).derive("a") == Identity(SEED).derive("a")


def test_without_a_seed_a_process_has_one_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "short").write_text("abcd")
    found = [identity(tmp_path / name).derive("a") for name in ("none", "short")]
    assert len({*found, Identity(b"").derive("a")}) == 3
    assert identity(tmp_path / "none").derive("a") == found[0]
