"""Make the packages known before pytest meets the folders of the same names at the repository's root.

In importlib mode it would otherwise take `sensor_manager/` and `server_app/` themselves for namespace packages.
"""

import pytest

import sensor_manager as _sensor_manager
import server_app as _server_app

__all__ = ["_sensor_manager", "_server_app"]


TOOL_FIXTURES = {"registry_url", "collecting", "running_glewlwyd", "running_slapd", "running_rsyslogd"}
"""Fixtures that start a Debian program which is no Python package."""


@pytest.hookimpl(tryfirst=True)  # before pytest chooses by marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests whose fixtures need installed programs, so that `make test-unit` gets by with Python alone."""
    for item in items:
        if TOOL_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("tools")
