"""Rules for roles and playbooks."""

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
ROLES = sorted(folder for folder in (ROOT / "roles").iterdir() if (folder / "meta").is_dir())
PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"))
NAMESPACES = {"ansible", "community"}


def read(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def arguments(role: Path) -> dict[str, dict[str, Any]]:
    specs = read(role / "meta" / "argument_specs.yml")["argument_specs"]
    return {name: option for spec in specs.values() for name, option in spec["options"].items()}


def applied(playbook: Path) -> set[str]:
    """The roles a playbook applies, also through playbooks it imports."""
    found: set[str] = set()
    plays = read(playbook)
    for play in plays if isinstance(plays, list) else []:
        imported = play.get("ansible.builtin.import_playbook")
        if imported:
            found |= applied((playbook.parent / imported).resolve())
        found |= {role["role"] for role in play.get("roles", [])}
        blocks = [play.get(part, []) for part in ("tasks", "pre_tasks", "post_tasks")]
        for task in (task for block in blocks for task in block):
            included = task.get("ansible.builtin.include_role") or task.get("ansible.builtin.import_role")
            found |= {included["name"]} if included else set()
    return found


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_defaults_equal_those_of_the_argument_specs(role: Path) -> None:
    specified = {name: option["default"] for name, option in arguments(role).items() if "default" in option}
    assert (read(role / "defaults" / "main.yml") or {}) == specified


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_arguments_are_named_after_their_role(role: Path) -> None:
    assert [name for name in arguments(role) if not name.startswith(f"{role.name}_")] == []


def test_every_role_is_applied_by_a_scenario() -> None:
    scenarios = (ROOT / "molecule").glob("*/*.yml")
    covered = set[str]().union(*(applied(file) for file in scenarios))
    assert {role.name for role in ROLES} - covered == set()


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda playbook: playbook.name)
def test_playbooks_are_lists_of_roles(playbook: Path) -> None:
    for play in read(playbook):
        assert "ansible.builtin.import_playbook" in play or play["roles"], play["name"]
        assert not {"tasks", "pre_tasks", "post_tasks", "handlers"} & play.keys(), play["name"]


def test_facts_are_read_from_ansible_facts() -> None:
    files = [file for folder in ("roles", "playbooks", "inventories") for file in (ROOT / folder).rglob("*.yml")]
    files += list((ROOT / "roles").rglob("*.j2"))
    injected = ("ansible_distribution", "ansible_default_ipv4", "ansible_os_family", "ansible_service_mgr")
    assert [(str(file), name) for file in files for name in injected if name in file.read_text(encoding="utf-8")] == []


def test_required_collections_are_those_that_ansible_brings() -> None:
    import ansible_collections  # type: ignore[import-untyped]  # noqa: PLC0415 - only this test needs it

    (installed,) = ansible_collections.__path__
    for collection in read(ROOT / "requirements.yml")["collections"]:
        namespace, name = collection["name"].split(".")
        manifest = read(Path(installed) / namespace / name / "MANIFEST.json")
        assert manifest["collection_info"]["version"] == collection["version"], collection["name"]


def test_used_collections_are_required() -> None:
    required = {collection["name"] for collection in read(ROOT / "requirements.yml")["collections"]}
    files = [file for folder in ("roles", "playbooks") for file in (ROOT / folder).rglob("*.yml")]
    words = {word for file in files for word in file.read_text(encoding="utf-8").replace(":", " ").split()}
    used = {
        ".".join(word.split(".")[:2]) for word in words if word.count(".") == 2 and word.split(".")[0] in NAMESPACES
    }
    assert used - {"ansible.builtin"} <= required
