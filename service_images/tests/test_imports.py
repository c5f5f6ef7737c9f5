"""Adapters run on the standard library, the adapter runtime and, beside cowrie, on what cowrie brings along."""

import ast
import sys
from pathlib import Path

import pytest

SERVICES = Path(__file__).parents[1]
ALLOWED = {
    "adapter/src": {"honeypot_adapter"},
    "recon/plugin": {"honeypot_adapter", "recon"},
    "cowrie/plugin": {"honeypot_adapter", "cowrie_adapter", "cowrie_offline", "twisted", "zope"},
}


def imported(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("folder", ALLOWED)
def test_adapters_import_nothing_else(folder: str) -> None:
    files = list((SERVICES / folder).rglob("*.py"))
    assert files
    strangers = {(file.name, name) for file in files for name in imported(file) - ALLOWED[folder]}
    assert {(file, name) for file, name in strangers if name not in sys.stdlib_module_names} == set()
