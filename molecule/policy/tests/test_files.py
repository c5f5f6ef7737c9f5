"""Rules for all tracked files."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TEXT_LIMIT = 2_000_000

# Packages come from where the machine says. The names are put together so that this file keeps the rule too.
FORBIDDEN_HOSTS = [
    *(".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("registry", "npmjs", "org"))),
    *(".".join(parts) for parts in (("deb", "debian", "org"), ("security", "debian", "org"), ("ftp", "debian", "org"))),
    *(
        ".".join(parts)
        for parts in (("docker", "io/library"), ("index", "docker", "io"), ("registry-1", "docker", "io"))
    ),
    *(".".join(parts) for parts in (("ghcr", "io"), ("quay", "io"), ("galaxy", "ansible", "com"))),
]
SECRETS = [
    re.compile("-----BEGIN " + r"(?:[A-Z]+ )?PRIVATE KEY-----"),
    re.compile(r"\bAKIA" + r"[0-9A-Z]{16}\b"),
    re.compile(r"\bgh[pousr]_" + r"[A-Za-z0-9]{36}\b"),
]


def tracked() -> list[Path]:
    """All text files that are (or are about to be) in the repository."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    files = [ROOT / name for name in names if name]
    return [file for file in files if file.is_file() and file.stat().st_size < TEXT_LIMIT]


def text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


@pytest.mark.parametrize("host", FORBIDDEN_HOSTS)
def test_no_file_names_a_package_registry_or_mirror(host: str) -> None:
    assert [str(file.relative_to(ROOT)) for file in tracked() if host in text(file)] == []


def test_no_file_holds_a_secret() -> None:
    found = [str(file.relative_to(ROOT)) for file in tracked() for secret in SECRETS if secret.search(text(file))]
    assert found == []


def test_requirements_are_pinned_by_hash() -> None:
    for file in tracked():
        if file.name == "requirements.txt" or file == ROOT / "requirements" / "dev.txt":
            pins = re.findall(r"^[A-Za-z0-9].*", text(file), re.MULTILINE)
            assert pins, file
            assert all("==" in pin and pin.rstrip().endswith("\\") for pin in pins), file
            assert text(file).count("--hash=sha256:") >= len(pins), file


def test_no_dockerfile_starts_from_a_foreign_image() -> None:
    for file in tracked():
        if file.name == "Dockerfile":
            stages = set(re.findall(r"^FROM .* AS (\S+)$", text(file), re.MULTILINE))
            starts = set(re.findall(r"^FROM (\S+)", text(file), re.MULTILINE))
            assert starts <= {"${BASE}", "scratch", *stages}, file
