"""Every operation as everybody, API tokens too, with what its own schema allows and with what it does not.

The examples are the same in every run. `HS_FUZZ_EXAMPLES=200` looks deeper: so many for each operation and caller.
"""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from access_policies import CALLERS, OK, TOKENS
from access_rows import ROWS, Row
from access_world import World, running
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from planted_secrets import shown
from schemathesis import checks
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi import checks as openapi_checks
from server_bench import URL

EXAMPLES = {name: int(os.environ.get("HS_FUZZ_EXAMPLES", few)) for name, few in (("sqlite", "4"), ("postgresql", "1"))}
EVERYBODY = [*CALLERS, *TOKENS]
CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.negative_data_rejection,  # the last: see below
]
BY_RIGHTS = ["admin", "manager", "sensor", "nobody"]
TOO_LARGE = 413
INSIDES = [
    "PRIVATE KEY",
    "$argon2",
    "Traceback",
    "sqlalchemy",
    "psycopg",
    "sqlite3.",
    "INSERT INTO",
    "SELECT ",
]
"""What is never in an answer: keys, hashes, stack traces, SQL; where files are; and what the world has for secrets."""


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def world(
    request: pytest.FixtureRequest, initialised: Path, registry_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    url = request.getfixturevalue("emptied_postgres_url") if request.param == "postgresql" else ""
    with running(initialised, tmp_path_factory.mktemp("fuzz"), registry_url, url) as world:
        yield world


@pytest.fixture(scope="module")
def schema(world: World) -> schemathesis.BaseSchema:
    document = world.document()
    for operations in document["paths"].values():
        for operation in operations.values():
            operation.pop("security", None)  # callers bring their own credentials
    schema = schemathesis.openapi.from_dict(document)
    schema.app = world.bench.app
    return schema


@schemathesis.serializer("application/gzip", "application/offset+octet-stream")
def as_it_is(_context: schemathesis.SerializationContext, value: object) -> bytes:
    return value if isinstance(value, bytes) else repr(value).encode()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.operation)
def test_no_answer_outside_the_schema(world: World, schema: schemathesis.BaseSchema, row: Row) -> None:
    method, _, path = row.operation.partition(" ")
    operation = schema[f"/api{path}"][method]
    real = {name: world.values["own"][name] for name in world.values["own"] if f"{{{name}}}" in path}
    cases = st.one_of(
        operation.as_strategy(generation_mode=GenerationMode.POSITIVE, path_parameters=real),
        operation.as_strategy(generation_mode=GenerationMode.NEGATIVE, path_parameters=real),
        operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
    )
    client = world.client()
    insides = [*INSIDES, str(world.bench.settings.data_dir.parent), *world.secrets(row.operation)]

    def ask_as(caller: str, number: int) -> Counter[int]:
        answers = Counter[int]()

        @seed(number)
        @settings(
            max_examples=EXAMPLES[world.bench.database.engine.dialect.name],
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(cases)
        def ask(case: schemathesis.Case[Any]) -> None:
            request = case.as_transport_kwargs(base_url=URL, headers=world.credentials[caller])
            answer = client.open(**request)
            answers[answer.status_code] += 1
            # What is too large is refused as well, which schemathesis does not count as such.
            case.validate_response(answer, checks=CHECKS[:-1] if answer.status_code == TOO_LARGE else CHECKS)
            assert not [secret for secret in insides if secret in shown(answer)]
            if method != "GET":
                world.changes()

        ask()
        return answers

    answers = {caller: ask_as(caller, number) for number, caller in enumerate(EVERYBODY)}
    assert all(answers.values()), "everybody has asked"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.operation)
def test_a_good_answer_is_what_the_schema_says(world: World, schema: schemathesis.BaseSchema, row: Row) -> None:
    """Chance seldom finds a body that is granted: this is one that is, where any is."""
    method, _, path = row.operation.partition(" ")
    caller = next((caller for caller in BY_RIGHTS if getattr(row.policy, caller)[0] == OK), None)
    answer = world.call(row, caller or "admin", "own")
    world.changes()
    schema[f"/api{path}"][method].Case().validate_response(answer, checks=CHECKS[:-1])
    assert (answer.status_code < 300) == (caller is not None)
