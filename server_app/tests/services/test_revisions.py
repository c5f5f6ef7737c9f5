"""Revisions are removed by the rules, and what the registry lacks is shown and harms nothing."""

from collections.abc import Iterator
from secrets import token_hex
from typing import Any

import pytest
from log_lines import refusals
from server_bench import Bench, start
from service_builder import service_archive

from server_app.services.registry import Registry
from server_app.services.tasks import ServiceTasks
from server_app.uploads.tasks import UploadedFiles


@pytest.fixture
def repository() -> str:
    """A name in the shared registry that no other test uses."""
    return f"test-{token_hex(8)}"


@pytest.fixture
def catalogue(cataloguing: Bench, repository: str) -> Bench:
    """A server with cowrie 1 (the default) and 2."""
    for revision in ("1", "2"):
        archive = service_archive(revision, repository=repository, revision=revision)
        task = cataloguing.admin.ok("POST", "/services", data=archive)["task"]
        assert cataloguing.admin.ok("GET", f"/tasks/{task}")["state"] == "done"
    return cataloguing


@pytest.fixture
def away(catalogue: Bench) -> Iterator[Bench]:
    """The same server while its registry is away."""
    away = start(catalogue.settings.model_copy(update={"registry_url": "http://127.0.0.1:1"}))
    yield away
    away.database.close()


def revisions(bench: Bench) -> dict[str, dict[str, Any]]:
    return {row["revision"]: row for row in bench.admin.ok("GET", "/services/cowrie")["revisions"]}


def remove(bench: Bench, revision: str, query: str = "") -> int:
    return bench.admin.call("DELETE", f"/services/cowrie/revisions/{revision}{query}").status_code


def look(bench: Bench) -> None:
    uploads = UploadedFiles(bench.database, bench.settings.uploads_dir)
    ServiceTasks(bench.database, Registry(bench.settings.registry_url), uploads, 1000).look_for_images()


def test_a_revision_is_removed_with_its_image_and_the_default_is_not(catalogue: Bench, repository: str) -> None:
    digests = {name: row["digest"] for name, row in revisions(catalogue).items()}
    assert remove(catalogue, "1") == 409
    assert remove(catalogue, "3") == 404

    assert remove(catalogue, "2") == 204

    assert list(revisions(catalogue)) == ["1"]
    registry = Registry(catalogue.settings.registry_url)
    assert registry.has(repository, digests["1"])
    assert not registry.has(repository, digests["2"])


def test_a_pinned_revision_is_removed_only_by_force_and_its_sensors_run_the_default(catalogue: Bench) -> None:
    sensor = catalogue.sensor("cellar")
    catalogue.admin.ok("PUT", f"/sensors/{sensor.id}/services/cowrie", json={"revision": "2"})
    refused = catalogue.admin.call("DELETE", "/services/cowrie/revisions/2")
    assert refused.status_code == 409
    assert "cellar" in refused.text
    assert sensor.poll().json["services"][0]["revision"] == "2"  # type: ignore[index]

    assert remove(catalogue, "2", "?force=true") == 204

    assert sensor.poll().json["services"][0]["revision"] == "1"  # type: ignore[index]


def test_a_refused_removal_unpins_nothing(catalogue: Bench) -> None:
    sensor = catalogue.sensor_row()
    catalogue.admin.ok("PUT", f"/sensors/{sensor}/services/cowrie", json={"revision": "1"})
    assert remove(catalogue, "1", "?force=true") == 409, "it is the default"
    assert catalogue.admin.ok("GET", f"/sensors/{sensor}/services")["items"][0]["revision"] == "1"


def test_removing_works_when_the_image_is_already_gone(catalogue: Bench, repository: str) -> None:
    Registry(catalogue.settings.registry_url).delete(repository, revisions(catalogue)["2"]["digest"])
    assert remove(catalogue, "2") == 204
    assert catalogue.admin.ok("GET", "/tasks?type=remove-service-images")["items"][0]["state"] == "done"


def test_a_missing_image_is_shown_wherever_the_service_is_and_comes_back(catalogue: Bench, repository: str) -> None:
    sensor = catalogue.sensor_row()
    catalogue.admin.ok("PUT", f"/sensors/{sensor}/services/cowrie", json={"revision": "2"})
    Registry(catalogue.settings.registry_url).delete(repository, revisions(catalogue)["2"]["digest"])

    with refusals() as logged:
        look(catalogue)
        look(catalogue)

    assert [line["event"] for line in logged] == ["service_image_missing"], "said once"
    assert {name: row["image_missing"] for name, row in revisions(catalogue).items()} == {"1": False, "2": True}
    assert catalogue.admin.ok("GET", f"/sensors/{sensor}/services")["items"][0]["image_missing"]
    assert catalogue.admin.ok("GET", "/services/registry") == {"available": True, "missing": ["cowrie 2 amd64"]}

    catalogue.admin.ok("POST", "/services", data=service_archive("2", repository=repository, revision="2"))

    assert not revisions(catalogue)["2"]["image_missing"]
    look(catalogue)
    assert catalogue.admin.ok("GET", "/services/registry")["missing"] == []


def test_while_the_registry_is_away_it_is_said_and_nothing_changes(away: Bench) -> None:
    before = away.admin.ok("GET", "/services")
    assert away.admin.ok("GET", "/services/registry") == {"available": False, "missing": []}
    for method, path in (
        ("POST", "/services"),
        ("DELETE", "/services/cowrie"),
        ("DELETE", "/services/cowrie/revisions/2"),
    ):
        answer = away.admin.call(method, path, data=b"x" if method == "POST" else None)
        assert answer.status_code == 503
        assert "Retry-After" in answer.headers
        assert "registry" in answer.text
    with refusals() as logged:
        look(away)
    assert [line["event"] for line in logged] == ["registry_does_not_answer"]
    assert away.admin.ok("GET", "/services") == before


def test_no_service_takes_the_name_of_the_registrys_address(cataloguing: Bench, repository: str) -> None:
    archive = service_archive(name="registry", repository=repository)
    task = cataloguing.admin.ok("POST", "/services", data=archive)["task"]
    assert "Choose another name" in cataloguing.admin.ok("GET", f"/tasks/{task}")["reason"]
