"""A login at the server's API."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import requests

TIMEOUT_S = 60
TASK_TIMEOUT_S = 600
TASK_POLL_S = 0.5


class ApiError(Exception):
    """The server cannot be reached or refused; the message names the call and its reason."""


@dataclass(frozen=True)
class Api:
    """A logged-in session.

    Args:
        url: where the server is, without a trailing slash.
        session: carries certificate authority, cookie and CSRF token.
    """

    url: str
    session: requests.Session

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """One call below `/api`.

        Raises:
            ApiError: the server cannot be reached or answered with a problem.
        """
        try:
            answer = self.session.request(method, f"{self.url}/api{path}", timeout=TIMEOUT_S, **options)
        except requests.RequestException as error:
            raise ApiError(f"{self.url} cannot be reached: {error}") from error
        if not answer.ok:
            raise ApiError(f"{method} {path} was refused with {answer.status_code}: {answer.text}")
        return answer

    def items(self, path: str, **query: str | int) -> list[dict[str, Any]]:
        """All items of a list, page by page."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = self.call("GET", path, params=query | ({"cursor": cursor} if cursor else {})).json()
            found += page["items"]
            cursor = page.get("next")
            if not cursor:
                return found

    def upload(self, path: str, archive: Path) -> None:
        """Upload an archive and wait until the server has worked it in.

        Raises:
            ApiError: it was refused, or not done in time.
        """
        with archive.open("rb") as content:
            answer = self.call("POST", path, data=content, headers={"Content-Type": "application/gzip"})
        task_id = answer.json()["task"]
        deadline = time.monotonic() + TASK_TIMEOUT_S
        while (task := self.call("GET", f"/tasks/{task_id}").json())["state"] != "done":
            if task["state"] == "failed":
                raise ApiError(f"The server refused {archive.name}: {task['reason']}")
            if time.monotonic() > deadline:
                raise ApiError(f"The server has not worked in {archive.name} within {TASK_TIMEOUT_S} s.")
            time.sleep(TASK_POLL_S)


@contextmanager
def login(url: str, authority: str, username: str, password: str) -> Iterator[Api]:
    """Log in for the time of the context.

    Args:
        url: where the server is.
        authority: certificates (PEM) that vouch for the server.
        username: a user who may administer.
        password: that user's.

    Raises:
        ApiError: the server cannot be reached, or refuses the login.
    """
    with requests.Session() as session, NamedTemporaryFile("w", suffix=".crt") as trusted:
        trusted.write(authority)
        trusted.flush()
        session.trust_env = False  # Else the environment's bundle of authorities would replace ours.
        session.verify = trusted.name
        api = Api(url.rstrip("/"), session)
        answer = api.call("POST", "/sessions", json={"username": username, "password": password})
        session.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        try:
            yield api
        finally:
            api.call("DELETE", "/sessions")
