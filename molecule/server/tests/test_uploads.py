"""Archives in pieces through the deployed server: its proxy passes what an upload needs, and a repeated call is one.

What arrives here is no archive: the worker says so when it has the last byte. Good ones are the application's tests'.
"""

from hashlib import sha256
from typing import Any

import pytest
import requests
from scenario_testing.deployed import Admin
from scenario_testing.machine import PATIENCE, eventually
from scenario_testing.second_server import URL

ARCHIVE = b"no archive" * 100_000
HALF = len(ARCHIVE) // 2


@pytest.fixture
def session(admin: Admin) -> requests.Session:
    """The administrator's."""
    return admin.session


def append(session: requests.Session, upload: int, offset: int, piece: bytes) -> requests.Response:
    headers = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset)}
    return session.patch(f"{URL}/api/uploads/{upload}", data=piece, headers=headers, timeout=PATIENCE)


def test_an_archive_arrives_in_pieces(session: requests.Session) -> None:
    announced: dict[str, Any] = {"size": len(ARCHIVE), "sha256": sha256(ARCHIVE).hexdigest(), "purpose": "firmware"}
    key = {"Idempotency-Key": f"upload-{announced['sha256'][:16]}"}
    answers = [session.post(f"{URL}/api/uploads", json=announced, headers=key, timeout=PATIENCE) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201], answers[-1].text
    upload, again = (answer.json()["id"] for answer in answers)
    assert upload == again

    assert append(session, upload, 0, ARCHIVE[:HALF]).headers["Upload-Offset"] == str(HALF)
    assert append(session, upload, 0, ARCHIVE[:HALF]).status_code == 409
    whole = append(session, upload, HALF, ARCHIVE[HALF:])
    assert whole.ok, whole.text

    def ended() -> dict[str, Any] | None:
        task: dict[str, Any] = session.get(f"{URL}/api/tasks/{whole.json()['task']}", timeout=PATIENCE).json()
        return task if task["state"] in {"done", "failed", "cancelled"} else None

    task = eventually("the archive is looked at", ended)
    assert task["state"] == "failed"
    assert "no gzipped tar" in task["reason"]
