"""Every operation of the API, asked by everybody, for things of the own division and of another one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from access_policies import CALLERS, EVERYBODY, OK, SIDES, TOKENS, Answers
from access_rows import ROWS, Row
from access_world import FOREIGN, World, running
from planted_secrets import shown

CHANGING = [
    row
    for row in ROWS
    if not row.operation.startswith("GET ") and OK in {getattr(row.policy, caller)[0] for caller in CALLERS}
]
NOT_AUDITED = {
    # What sensors tell is stored as such, not as a change of theirs.
    "POST /sensors/status",
    "POST /events",
    # Nothing changes.
    "POST /eventfilters/test",
    "POST /eventfilters/{filter_id}/test",
    "POST /certs/authority/{authority_id}/end",  # it has ended
    "DELETE /certs/server",  # it is an internal one
    # Its announcement and its end are recorded; pieces are not.
    "PATCH /uploads/{upload_id}",
}


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def world(
    request: pytest.FixtureRequest, initialised: Path, registry_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    url = request.getfixturevalue("emptied_postgres_url") if request.param == "postgresql" else ""
    with running(initialised, tmp_path_factory.mktemp("access"), registry_url, url) as world:
        yield world


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.operation)
def test_everybody_gets_the_right_answer(world: World, row: Row) -> None:
    wrong = []
    for caller in [*CALLERS, *TOKENS]:
        for side, expected in zip(SIDES, answers(row, caller, world.schemes(row.operation)), strict=True):
            answer = world.call(row, caller, side)
            status, text = answer.status_code, answer.data.decode(errors="replace")
            changed = world.changes()
            if (status // 100 * 100 if expected == OK else status) != expected:
                wrong.append(f"{caller}, {side} division: {status} instead of {expected}: {text[:300]}")
            elif expected != OK and changed:
                wrong.append(f"{caller}, {side} division: refused, but changed {changed}")
            elif caller in {"observer", "manager", *TOKENS} and FOREIGN in text:
                wrong.append(f"{caller}, {side} division: shows the other division: {text[:1000]}")
            if leaked := [secret for secret in world.secrets(row.operation, [side]) if secret in shown(answer)]:
                wrong.append(f"{caller}, {side} division: shows secrets: {leaked}")
    assert not wrong, "\n".join([row.operation, *wrong])


@pytest.mark.parametrize("row", CHANGING, ids=lambda row: row.operation)
def test_every_change_is_in_the_audit_log_with_who_asked_for_it(world: World, row: Row) -> None:
    caller = next(name for name in ("admin", "manager", "sensor", "nobody") if getattr(row.policy, name)[0] == OK)
    answer = world.call(row, caller, "own")
    entries = world.entries()
    text = repr(entries)
    world.changes()
    assert answer.status_code < 300, answer.data
    assert [secret for secret in world.secrets(row.operation, []) if secret in text] == []
    if row.operation in NOT_AUDITED:
        assert entries == [], "then it can go from NOT_AUDITED"
        return
    assert entries, "see audit.recording and audit.service.record"
    if row.policy != EVERYBODY:  # otherwise the credentials do not say who it is
        assert {(entry["actor_kind"], entry["actor_name"]) for entry in entries} == {("user", caller)}


def answers(row: Row, caller: str, schemes: set[str]) -> Answers:
    """What a caller must get. The tokens are the manager's: they may what the manager may, where tokens are taken."""
    if caller not in TOKENS or not schemes or "certificate" in schemes:
        found: Answers = getattr(row.policy, "manager" if caller in TOKENS else caller)
        return found
    reads = row.operation.startswith("GET ")
    return row.policy.manager if "token" in schemes and (reads or caller == "write token") else (403, 403)


def test_the_table_has_every_operation_of_the_document_once(world: World) -> None:
    assert sorted(row.operation for row in ROWS) == sorted(world.operations()), "see access_rows.py"
