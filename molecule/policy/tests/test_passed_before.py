"""What a stage can depend on is in what is compared before it is left out."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]
ROLE = re.compile(r"\brole: *([a-z_]+)|_role:\n +(?:name|apply): *([a-z_]+)")
PROGRAM = re.compile(r"/ ?['\"]?(server_app/wire|server_app|sensor_manager|service_images|bench)(?![a-z_])")
TEST_SUPPORT = ("server_app/tests/", "sensor_manager/tests/", "service_images/tests/", "bench/")


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


passed_before = _load("passed_before")
stages = _load("stages")


def _text(folder: Path) -> str:
    files = (file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return "\n".join(file.read_text(errors="replace") for file in files if "tests" not in file.relative_to(ROOT).parts)


def _roles(scenario: str) -> set[str]:
    """The roles a scenario uses, with those that they use."""
    found: set[str] = set()
    waiting = [_text(ROOT / "molecule" / scenario)]
    while waiting:
        named = {first or second for first, second in ROLE.findall(waiting.pop())}
        new = {name for name in named - found if (ROOT / "roles" / name).is_dir()}
        found |= new
        waiting += [_text(ROOT / "roles" / name) for name in new]
    return found


@pytest.mark.parametrize("scenario", sorted(passed_before.SCENARIOS))
def test_what_its_roles_name_is_compared(scenario: str) -> None:
    roles = _roles(scenario)
    assert roles
    named = {
        program
        for text in (_text(ROOT / "molecule" / scenario), *(_text(ROOT / "roles" / role) for role in sorted(roles)))
        for program in PROGRAM.findall(text)
    }
    assert {name for name in named if not passed_before.reads(scenario, f"{name}/pyproject.toml")} == set()


@pytest.mark.parametrize("scenario", sorted(passed_before.SCENARIOS))
def test_its_own_files_and_all_roles_are_compared(scenario: str) -> None:
    wanted = [f"molecule/{scenario}/converge.yml", "molecule/testinfra/support/x.py", "requirements/dev.txt"]
    wanted += [
        "roles/netfilter/tasks/main.yml",
        "image_builder/base/recipe",
        ".ci/stages.py",
        ".config/molecule/config.yml",
    ]
    assert [name for name in wanted if not passed_before.reads(scenario, name)] == []
    assert (ROOT / wanted[0]).is_file()


@pytest.mark.parametrize("scenario", sorted(passed_before.SCENARIOS))
def test_it_imports_nothing_that_is_not_compared(scenario: str) -> None:
    modules = {
        file.stem
        for folder in TEST_SUPPORT
        for file in (ROOT / folder).rglob("*.py")
        if not passed_before.reads(scenario, str(file.relative_to(ROOT)))
    } - {"conftest", "__init__"}
    tests = "\n".join(file.read_text() for file in (ROOT / "molecule" / scenario).rglob("*.py"))
    imported = set(re.findall(r"^(?:from|import) ([a-z_]+)", tests, re.MULTILINE))
    assert imported & modules == set()


IMPORTED = re.compile(r"^ *(?:from|import) (server_app|sensor_manager|sensor_wire|bench)\b", re.MULTILINE)
FOLDERS = {"sensor_wire": "server_app/wire"}


def _tests_of(stage: str) -> list[Path]:
    """The files whose tests a stage runs."""
    command = next(each.command for phase in stages.phases() for each in phase if each.name == stage)
    named = [ROOT / word for word in command if not word.startswith("/") and (ROOT / word).exists()]
    return [file for one in named for file in (one.rglob("*.py") if one.is_dir() else [one])]


@pytest.mark.parametrize("stage", sorted(passed_before.TESTS))
def test_what_tests_import_is_compared(stage: str) -> None:
    files = _tests_of(stage)
    assert files
    named = {FOLDERS.get(name, name) for file in files for name in IMPORTED.findall(file.read_text())}
    assert {name for name in named if not passed_before.reads(stage, f"{name}/tests/x.py")} == set()
    assert [file for file in files if not passed_before.reads(stage, str(file.relative_to(ROOT)))] == []


def test_built_honeypots_that_tests_run_are_compared() -> None:
    """Whoever starts them from their archives depends on what they were built from, and on what came of it."""
    running = [
        stage
        for stage in sorted(passed_before.TESTS)
        if any("sensor_support.service_archives" in file.read_text() for file in _tests_of(stage))
    ]
    assert running == ["sensor on an engine"]
    (reading,) = (passed_before.READS[stage] for stage in running)
    assert "service" in reading.images
    assert passed_before.reads(running[0], "service_images/cowrie/Dockerfile")


@pytest.mark.parametrize("stage", sorted(passed_before.TESTS))
def test_documents_that_tests_read_are_compared(stage: str) -> None:
    named = {
        f"docs/{document}"
        for file in _tests_of(stage)
        for document in re.findall(r"""/ "docs" / "([^"]+)\"""", file.read_text())
    }
    assert {name for name in named if not passed_before.reads(stage, name)} == set()
    assert not passed_before.reads(stage, "CHANGELOG.md")


def test_no_marked_test_is_left_out() -> None:
    """The stages name folders for each marker; a test elsewhere would never run."""
    where = {
        "docker": ("server_app", "service_images", stages.RATES, *stages.ON_ENGINES),
        "netns": ("service_images", stages.FAULTS, *stages.ON_ENGINES),
        "postgres": ("server_app", stages.FAULTS),
        "tools": ("server_app",),
    }
    files = [file for folder in stages.TESTS for file in (ROOT / folder).rglob("*.py")]
    wrong = [
        (marker, file)
        for marker, folders in where.items()
        for file in files
        if f"mark.{marker}" in file.read_text() and not str(file.relative_to(ROOT)).startswith(folders)
    ]
    assert wrong == []


def test_content_that_differs_by_a_byte_is_other_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passed_before, "_images", lambda *_: "sha256:1")
    monkeypatch.setattr(passed_before, "ROOT", tmp_path)
    assert passed_before.content_of("netfilter") is None  # nothing tells which files there are
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    file = tmp_path / "roles" / "netfilter" / "tasks.yml"
    file.parent.mkdir(parents=True)
    file.write_text("one")
    first = passed_before.content_of("netfilter")
    assert first == passed_before.content_of("netfilter") != passed_before.content_of("server")
    file.write_text("two")
    assert passed_before.content_of("netfilter") not in {first, None}
    file.write_text("one")
    (tmp_path / "README.md").write_text("nobody reads it")
    assert passed_before.content_of("netfilter") == first
    monkeypatch.setattr(passed_before, "_images", lambda *_: "sha256:2")
    assert passed_before.content_of("netfilter") != first


def test_what_is_old_or_broken_is_not_recalled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passed_before, "FOLDER", tmp_path / "passed")
    assert passed_before.recall("a") is None
    passed_before.remember("a", {"passed": 3})
    assert passed_before.recall("a") == {"passed": 3}
    (tmp_path / "passed" / "b").write_text("{")
    assert passed_before.recall("b") is None
    monkeypatch.setattr(passed_before, "DAYS", -1)
    assert passed_before.recall("a") is None
