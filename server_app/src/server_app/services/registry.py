"""The OCI registry behind the server, written to by skopeo, which pushes a layout byte for byte."""

import subprocess
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import requests

from server_app.errors import Unavailable

TIMEOUT_SECONDS = 900
ANSWER_SECONDS = 3
RETRY_SECONDS = 30
RESTART = (0.5, 1.0, 2.0)
"""Seconds to wait for a registry that starts anew."""
READ_ONLY_SECONDS = 2.0
COLLECTION_SECONDS = 600
"""How often to ask one that collects garbage, and for how long."""
READ_ONLY = ("method not allowed", "405", "unsupported")
MISSING = ("manifest unknown", "name unknown", "not found")


class RegistryError(Exception):
    """The registry did not do what was asked; the message has skopeo's last words."""


@dataclass(frozen=True)
class Registry:
    """A registry by its URL, for example `http://registry:5000`."""

    url: str

    def available(self) -> bool:
        """Whether it answers."""
        try:
            return requests.get(f"{self.url}/v2/", timeout=ANSWER_SECONDS).ok
        except requests.RequestException:
            return False

    def require(self) -> None:
        """Before something that is of no use without it.

        Raises:
            Unavailable: it does not answer.
        """
        if not self.available():
            raise Unavailable("The registry of the images does not answer. Nothing was changed.", RETRY_SECONDS)

    def push(self, layout: Path, repository: str, tag: str, digest: str) -> None:
        """Push the one image of an OCI layout and read its digest back.

        Raises:
            RegistryError: it could not be pushed, or is not there under this digest afterwards.
        """
        target = f"{self._name(repository)}:{tag}"
        self._patiently("copy", "--quiet", "--preserve-digests", self._tls("dest"), f"oci:{layout}", target)
        manifest = self._patiently("inspect", "--raw", self._tls(), f"{self._name(repository)}@{digest}")
        if f"sha256:{sha256(manifest).hexdigest()}" != digest:
            raise RegistryError(f"the registry has another image than was pushed as {repository}:{tag}")

    def delete(self, repository: str, digest: str) -> None:
        """Remove an image with all its tags; one that is not there is as good as removed.

        Raises:
            RegistryError: it could not be removed.
        """
        if self.has(repository, digest):
            self._patiently("delete", self._tls(), f"{self._name(repository)}@{digest}")

    def has(self, repository: str, digest: str) -> bool:
        """Whether the image is there.

        Raises:
            RegistryError: the registry does not answer.
        """
        try:
            self._patiently("inspect", "--raw", self._tls(), f"{self._name(repository)}@{digest}")
        except RegistryError as error:
            if any(word in str(error).lower() for word in MISSING):
                return False
            raise
        return True

    def _name(self, repository: str) -> str:
        return f"docker://{urlsplit(self.url).netloc}/{repository}"

    def _tls(self, side: str = "") -> str:
        verify = "true" if urlsplit(self.url).scheme == "https" else "false"
        return f"--{side}-tls-verify={verify}" if side else f"--tls-verify={verify}"

    def _patiently(self, command: str, *arguments: str) -> bytes:
        """Repeat what fails while the registry starts anew, or is read-only because it collects garbage."""
        restart = iter(RESTART)
        deadline = time.monotonic() + COLLECTION_SECONDS
        while True:
            try:
                return self._skopeo(command, *arguments)
            except RegistryError as error:
                said = str(error).lower()
                if any(word in said for word in MISSING):
                    raise
                if any(word in said for word in READ_ONLY):
                    restart, seconds = iter(RESTART), READ_ONLY_SECONDS  # it starts anew once more afterwards
                else:
                    seconds = next(restart, 0)
                if not seconds or time.monotonic() > deadline:
                    raise
                time.sleep(seconds)

    def _skopeo(self, command: str, *arguments: str) -> bytes:
        # The policy file is about signatures of images that are pulled; these come from a checked archive.
        # It dies with this process: a push must not go on after a killed worker has been cleaned up after.
        words = ["setpriv", "--pdeathsig", "KILL", "skopeo", "--insecure-policy", command, *arguments]
        try:
            done = subprocess.run(words, capture_output=True, check=False, timeout=TIMEOUT_SECONDS)  # noqa: S603 - fixed program, no shell
        except subprocess.TimeoutExpired as error:
            raise RegistryError(f"skopeo {command} took longer than {TIMEOUT_SECONDS} s") from error
        if done.returncode != 0:
            raise RegistryError(f"skopeo {command} failed: {done.stderr.decode(errors='replace').strip()[-500:]}")
        return done.stdout
