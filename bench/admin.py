"""The API as an administrator uses it, by password or by API token."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from bench.errors import BenchError
from bench.target import Target

TIMEOUT = 120
SHOWN = 300


@dataclass(frozen=True)
class Credentials:
    """An API token, or a user's name and password."""

    username: str = ""
    password: str = ""
    token: str = ""


def read_secret(file: Path) -> str:
    """The secret in a file.

    Raises:
        BenchError: there is none.
    """
    try:
        secret = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BenchError(f"{file} cannot be read: {error.strerror}. Name a file that holds the secret.") from error
    if not secret:
        raise BenchError(f"{file} is empty. Name a file that holds the secret.")
    return secret


class Admin:
    """Somebody who is logged in."""

    def __init__(self, target: Target, credentials: Credentials, connections: int = 8) -> None:
        self.target = target
        self._session = requests.Session()
        self._session.trust_env = False  # else the environment's bundle of authorities would replace ours
        self._session.verify = str(target.ca_file)
        self._session.mount("https://", HTTPAdapter(pool_maxsize=connections))
        if credentials.token:
            self._session.headers["Authorization"] = f"Bearer {credentials.token}"
            return
        login = {"username": credentials.username, "password": credentials.password}
        self._session.headers["X-CSRF-Token"] = self.call("POST", "/sessions", login).json()["csrf_token"]

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def call(self, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None) -> Any:
        """One call below `/api` that must succeed; returns the answer.

        Raises:
            BenchError: the server refuses or is away.
        """
        try:
            answer = self._session.request(
                method, f"{self.target.url}/api{path}", json=body, params=query, timeout=TIMEOUT
            )
        except requests.RequestException as error:
            raise BenchError(f"{method} {self.target.url}/api{path}: no answer ({error}). Does it run?") from error
        if answer.status_code >= HTTPStatus.BAD_REQUEST:
            raise BenchError(f"{method} /api{path} was refused with {answer.status_code}: {answer.text[:SHOWN]}")
        return answer

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """What a GET gives, as JSON."""
        return self.call("GET", path, query=query).json()

    def items(self, path: str, query: Mapping[str, str]) -> Iterator[Any]:
        """All items of a list, over all of its pages."""
        cursor: dict[str, str] = {}
        while True:
            page = self.get(path, {**query, **cursor})
            yield from page["items"]
            if page["next"] is None:
                return
            cursor = {"cursor": page["next"]}

    def seconds(self, path: str, query: Mapping[str, str]) -> float:
        """How long a GET takes on the kept-alive connection, to the last byte."""
        began = time.perf_counter()
        self.call("GET", path, query=query)
        return time.perf_counter() - began
