"""Where this machine gets Debian from, rewritten to the release our images are made of.

Prints JSON: `sources` (a deb822 file for mmdebstrap and the images), `options` (apt options this machine needs with its
mirrors), `proxy`, `releases` (for each suite its InRelease's date and SHA-256, by which changes are noticed), and
`left_out`: suites that are wanted and not used, because the mirror's index for another architecture than amd64 is not
the one that its InRelease names. Mirrors let such indexes lag behind, and apt would refuse them altogether.
Standard library only.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
CARRIED_OPTIONS = ("Acquire::Check-Valid-Until", "Acquire::Check-Date")
ALWAYS_WHOLE = "amd64"
"""Mirrors keep this one whole; and it should rather not be built than without security updates."""

FETCH_TIMEOUT_S = 30
FETCH_ATTEMPTS = 3


@dataclass(frozen=True)
class Source:
    """One suite at one mirror, as a machine's apt configuration names it."""

    uri: str
    suite: str


@dataclass(frozen=True)
class Release:
    """One suite that exists at a mirror. `date` is seconds since the epoch, `sha256` that of its InRelease."""

    uri: str
    suite: str
    date: int
    sha256: str


class SourcesError(Exception):
    """No usable Debian mirror; the message says what to set."""


def parse_one_line(text: str) -> Iterable[Source]:
    """Sources of a one-line-style `.list` file that offer binary packages from `main`."""
    for line in text.splitlines():
        found = re.match(r"deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.*)", line.split("#")[0].strip())
        if found and "main" in found[3].split():
            yield Source(found[1].rstrip("/"), found[2])


def parse_deb822(text: str) -> Iterable[Source]:
    """Sources of a deb822-style `.sources` file that offer binary packages from `main`."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", lines):
        folded = re.sub(r"\n[ \t]+", " ", stanza)
        fields = {
            key.lower(): value.split() for key, value in re.findall(r"^([\w-]+):[ \t]*(.*)$", folded, re.MULTILINE)
        }
        enabled = fields.get("enabled", ["yes"])[0].lower() not in {"no", "false", "0"}
        if enabled and "deb" in fields.get("types", []) and "main" in fields.get("components", []):
            for uri in fields.get("uris", []):
                yield from (Source(uri.rstrip("/"), suite) for suite in fields.get("suites", []))


def machine_sources(apt_folder: Path) -> list[Source]:
    """All sources of a machine's `/etc/apt`, lists of mirrors resolved to their first entry."""
    files = [apt_folder / "sources.list", *sorted((apt_folder / "sources.list.d").glob("*"))]
    found: list[Source] = []
    for file in files:
        if file.is_file() and file.suffix in {".list", ".sources"}:
            parse = parse_deb822 if file.suffix == ".sources" else parse_one_line
            found += parse(file.read_text(encoding="utf-8"))
    return [Source(_resolved(source.uri), source.suite) for source in found]


def rewritten(sources: Iterable[Source], own_release: str, release: str) -> list[Source]:
    """Debian's own suites of this machine's release, at the same mirrors, for another release."""
    renamed = {f"{name}{pocket}": f"{release}{pocket}" for name in (own_release, "stable") for pocket in POCKETS}
    wanted = [Source(source.uri, renamed[source.suite]) for source in sources if source.suite in renamed]
    return [source for source in dict.fromkeys(wanted) if source.uri.startswith(("http://", "https://"))]


POCKETS = ("", "-updates", "-security")


def released(source: Source, in_release: str) -> Release | None:
    """What a suite's InRelease says, or none if it is not Debian's own (a third party may use Debian's suite names)."""
    fields = dict(re.findall(r"^(Origin|Date): (.*)$", in_release, re.MULTILINE))
    if fields.get("Origin") != "Debian" or "Date" not in fields:
        return None
    date = int(parsedate_to_datetime(fields["Date"]).timestamp())
    return Release(source.uri, source.suite, date, hashlib.sha256(in_release.encode()).hexdigest())


def deb822(releases: Iterable[Release]) -> str:
    """A deb822 sources file for these suites."""
    return "\n".join(
        f"Types: deb\nURIs: {item.uri}\nSuites: {item.suite}\nComponents: main\nSigned-By: {KEYRING}\n"
        for item in releases
    )


def index_digest(in_release: str, architecture: str) -> str | None:
    """The SHA-256 that an InRelease names for `main`'s index of an architecture, or none if it names no such index."""
    _, _, listed = in_release.partition("\nSHA256:\n")
    found = re.search(rf"^ ([0-9a-f]{{64}}) +\d+ {re.escape(_index(architecture))}$", listed, re.MULTILINE)
    return found[1] if found else None


def has_index(source: Source, in_release: str, architecture: str, proxy: str) -> bool:
    """Whether the mirror holds the index of an architecture that the suite's InRelease names."""
    digest = index_digest(in_release, architecture)
    if digest is None:
        return False
    place = f"{source.uri}/dists/{source.suite}/{_index(architecture)}"
    by_hash = f"{place.rpartition('/')[0]}/by-hash/SHA256/{digest}"
    contents = (download(url, proxy) for url in (by_hash, place))
    return any(content is not None and hashlib.sha256(content).hexdigest() == digest for content in contents)


def _index(architecture: str) -> str:
    return f"main/binary-{architecture}/Packages.xz"


def fetch(source: Source, proxy: str) -> str | None:
    """The suite's InRelease, or none where the mirror has no such suite.

    Raises:
        SourcesError: the mirror cannot be reached.
    """
    content = download(f"{source.uri}/dists/{source.suite}/InRelease", proxy)
    return None if content is None else content.decode()


def download(url: str, proxy: str) -> bytes | None:
    """A file of a mirror, or none where it has no such file.

    Raises:
        SourcesError: the mirror cannot be reached.
    """
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy, "https": proxy} if proxy else {}))
    reason: Exception | None = None
    for _ in range(FETCH_ATTEMPTS):
        try:
            with opener.open(url, timeout=FETCH_TIMEOUT_S) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            if error.code in {403, 404}:
                return None
            reason = error
        except OSError as error:
            reason = error
    raise SourcesError(f"{url} cannot be fetched ({reason}). Check this machine's network and apt configuration.")


def apt_option(name: str) -> str:
    """The value of one of this machine's apt options, empty if not set or there is no apt."""
    try:
        shown = subprocess.run(  # noqa: S603 - fixed program and names
            ["apt-config", "shell", "value", name],  # noqa: S607 - wherever this machine has it
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (FileNotFoundError, subprocess.CalledProcessError):
        return ""
    found = re.fullmatch(r"value='(.*)'\n?", shown)
    return found[1] if found else ""


def own_release() -> str:
    """The code name of this machine's release."""
    found = re.search(r"^VERSION_CODENAME=\"?(\w+)", Path("/etc/os-release").read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else ""


def _resolved(uri: str) -> str:
    """Debian's cloud images name a file with a list of mirrors instead of one."""
    if not uri.startswith("mirror+file:"):
        return uri
    mirrors = Path(uri.removeprefix("mirror+file:")).read_text(encoding="utf-8").split()
    return mirrors[0].rstrip("/") if mirrors else uri


def main() -> None:
    """Print the machine's sources, rewritten, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--release", required=True, help="code name of the Debian release")
    parser.add_argument("--architecture", default=ALWAYS_WHOLE, help="whose indexes there must be, as Debian names it")
    parser.add_argument("--mirror", default="", help="use this mirror instead of the machine's own")
    parser.add_argument("--security-mirror", default="", help="and this one for security updates")
    options = parser.parse_args()
    release, proxy = options.release, apt_option("Acquire::http::Proxy")
    wanted = [
        *(Source(options.mirror.rstrip("/"), release + pocket) for pocket in POCKETS[:2] if options.mirror),
        *(Source(options.security_mirror.rstrip("/"), f"{release}-security") for _ in "1" if options.security_mirror),
    ] or rewritten(machine_sources(Path("/etc/apt")), own_release(), release)
    releases: list[Release] = []
    left_out: list[Release] = []
    for source in wanted:
        text = fetch(source, proxy)
        found = released(source, text) if text else None
        if text and found:
            whole = source.suite == release or options.architecture == ALWAYS_WHOLE
            usable = whole or has_index(source, text, options.architecture, proxy)
            (releases if usable else left_out).append(found)
    if not any(item.suite == release for item in releases):
        raise SourcesError(f"No mirror with Debian's {release} in /etc/apt. Set base_image_mirror to one.")
    kept = {name: apt_option(name) for name in CARRIED_OPTIONS}
    answer = {
        "sources": deb822(releases),
        "options": {name: value for name, value in kept.items() if value},
        "proxy": proxy,
        "releases": [asdict(item) for item in releases],
        "left_out": [item.suite for item in left_out],
    }
    print(json.dumps(answer, indent=2))  # noqa: T201 - this is what it is called for


if __name__ == "__main__":
    try:
        main()
    except SourcesError as problem:
        sys.exit(str(problem))
