"""The Docker engine, as far as building needs it, by its own command line client."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .process import BuildError, run

PROXY_ARGUMENTS = ("http_proxy", "https_proxy")
"""Build arguments Docker knows by itself: they reach apt-get, and are not kept in the image."""


def proxy_arguments() -> dict[str, str]:
    """The web proxy of this machine's apt as build arguments; none where it has none."""
    try:
        shown = run(["apt-config", "shell", "proxy", "Acquire::http::Proxy"], what="Reading apt's proxy")
    except BuildError:
        return {}
    _, _, proxy = shown.strip().partition("=")
    return dict.fromkeys(PROXY_ARGUMENTS, proxy.strip("'")) if proxy else {}


@dataclass(frozen=True)
class Image:
    """An image the engine holds: its id (`sha256:…`) and its size in bytes."""

    id: str
    size: int


@dataclass(frozen=True)
class Engine:
    """The local engine.

    Args:
        client: the docker command that belongs to the engine.
    """

    client: str

    def available(self) -> bool:
        """Whether an engine answers."""
        try:
            run([self.client, "version", "--format", "{{.Server.Version}}"], what="Asking the engine")
        except BuildError:
            return False
        return True

    def image(self, reference: str) -> Image | None:
        """The image of this name, or none."""
        try:
            answer = run([self.client, "image", "inspect", reference], what=f"Looking for {reference}")
        except BuildError:
            return None
        found = json.loads(answer)[0]
        return Image(id=found["Id"], size=found["Size"])

    def build(
        self, context: Path, dockerfile: str, reference: str, arguments: Mapping[str, str], platform: str = ""
    ) -> None:
        """Build a staged context with BuildKit, never pulling anything; for this machine unless a platform is named."""
        run(
            [self.client, "build", "--progress=plain", "--pull=false", f"--tag={reference}"]
            + ([f"--platform={platform}"] if platform else [])
            + [f"--file={context / dockerfile}"]
            + [f"--build-arg={key}={value}" for key, value in sorted(arguments.items())]
            + [str(context)],
            what=f"Building {reference}",
            env={"DOCKER_BUILDKIT": "1"},
        )

    def run_offline(
        self,
        reference: str,
        command: Sequence[str],
        *,
        platform: str,
        folders: Mapping[str, tuple[Path, str]],
        variables: Mapping[str, str],
    ) -> None:
        """Run a command in a container that has no network and no privilege, and is gone afterwards.

        Args:
            reference: the image.
            command: the command.
            platform: the image's, as Docker names it.
            folders: place in the container → folder here, and `ro` or `rw`.
            variables: its environment.
        """
        run(
            [self.client, "run", "--rm", "--network=none", "--cap-drop=ALL", "--security-opt=no-new-privileges"]
            + [f"--platform={platform}", f"--user={os.getuid()}:{os.getgid()}"]
            + [f"--volume={folder}:{place}:{mode}" for place, (folder, mode) in folders.items()]
            + [f"--env={key}={value}" for key, value in variables.items()]
            + [reference, *command],
            what=f"Running {command[0]} in {reference}",
        )

    def tag(self, reference: str, alias: str) -> None:
        """Give an image a second name."""
        run([self.client, "tag", reference, alias], what=f"Tagging {reference} as {alias}")

    def save(self, reference: str, archive: Path) -> None:
        """Write an image to a docker-archive, complete or not at all."""
        archive.parent.mkdir(parents=True, exist_ok=True)
        partial = archive.with_suffix(".partial")
        run([self.client, "save", f"--output={partial}", reference], what=f"Saving {reference}")
        partial.rename(archive)

    def load(self, archive: Path) -> None:
        """Load a docker-archive."""
        run([self.client, "load", "--quiet", f"--input={archive}"], what=f"Loading {archive}")
