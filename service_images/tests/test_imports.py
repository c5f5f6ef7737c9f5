"""Adapters run on the standard library, the adapter runtime and what their honeypot brings along."""

import ast
import re
import sys
from pathlib import Path

import pytest

SERVICES = Path(__file__).parents[1]
PLUGINS = sorted(SERVICES.glob("*/plugin"))
OURS = {"honeypot_adapter"}
FOR_TWISTED = "twisted_offline.py"
"""The one module of the runtime that only honeypots with Twisted import."""


def imported(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names)


def brought_along(plugin: Path) -> set[str]:
    """The first words of the pinned distributions (`zope` of `zope-interface`), and what `# imported as` names."""
    pinned, asked = (plugin.parent / f"requirements.{ending}" for ending in ("txt", "in"))
    if not pinned.exists():
        return set()
    lines = pinned.read_text().splitlines()
    named = re.findall(r"# imported as (\w+)", asked.read_text())
    return {re.split(r"[-_.=<> ]", line.lower())[0] for line in lines if line and not line.startswith((" ", "#"))} | {
        *named
    }


def test_the_runtime_needs_the_standard_library_only() -> None:
    files = {file.name: imported(file) for file in (SERVICES / "adapter/src").rglob("*.py")}
    assert files.pop(FOR_TWISTED) == {"twisted", "zope"}
    assert set().union(*files.values()) == OURS


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.parent.name)
def test_adapters_import_nothing_else(plugin: Path) -> None:
    files = list(plugin.rglob("*.py"))
    assert files
    allowed = OURS | {path.name for path in plugin.iterdir()} | brought_along(plugin)
    strangers = {(file.name, name) for file in files for name in imported(file) if name.lower() not in allowed}
    assert strangers == set()
