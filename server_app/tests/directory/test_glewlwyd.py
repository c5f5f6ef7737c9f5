"""Logins by OpenID Connect software that is not ours: Debian's glewlwyd."""

from collections.abc import Iterator
from typing import Any

import pytest
from glewlwyd_process import CLIENT_ID, CLIENT_SECRET, Glewlwyd, glewlwyd
from server_bench import URL, Bench
from werkzeug.test import TestResponse

PASSWORD = "alice's own there"


@pytest.fixture(scope="session")
def running_glewlwyd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Glewlwyd]:
    with glewlwyd(tmp_path_factory.mktemp("glewlwyd")) as running:
        running.serve(f"{URL}/login/oidc/callback")
        yield running


class House:
    """A server that asks it, and a browser."""

    def __init__(self, bench: Bench, provider: Glewlwyd) -> None:
        self.provider, self.admin = provider, bench.admin
        self.settings(
            enabled=True,
            issuer=provider.issuer,
            ca=provider.ca,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            scope="openid",
            roles=[{"group": "staff", "role": "manager"}, {"group": "root", "role": "admin"}],
        )
        self.browser = bench.app.test_client()

    def settings(self, **values: Any) -> None:
        self.admin.ok("PATCH", "/settings/oidc", json=values)

    def start(self) -> str:
        """Go there and log in; returns where it sends the browser back to, without the server's name."""
        location = self.browser.get("/login/oidc", base_url=URL).location
        return self.provider.visit(location, "alice", PASSWORD).removeprefix(URL)

    def back(self, path: str) -> TestResponse:
        return self.browser.get(path, base_url=URL)

    def me(self) -> dict[str, Any]:
        found: Any = self.browser.get("/api/users/me", base_url=URL).json
        assert isinstance(found, dict)
        return found


@pytest.fixture
def house(bench: Bench, running_glewlwyd: Glewlwyd) -> House:
    running_glewlwyd.person("alice", PASSWORD, "others", "staff", email="alice@example.com", name="Alice E.")
    return House(bench, running_glewlwyd)


def test_somebody_logs_in_and_is_who_it_says(house: House) -> None:
    back = house.start()
    assert house.back(back).status_code == 200
    # It does not say whether it has checked the address.
    expected = {"name": "alice", "full_name": "Alice E.", "role": "manager", "source": "oidc", "email": ""}
    assert house.me().items() >= expected.items()
    assert house.back(back).status_code == 401, "once"


def test_other_groups_there_are_another_role_here(house: House) -> None:
    house.back(house.start())
    number = house.me()["id"]
    house.provider.person("alice", PASSWORD, "root")
    assert house.back(house.start()).status_code == 200
    assert (house.me()["id"], house.me()["role"]) == (number, "admin")
    house.provider.person("alice", PASSWORD, "others")
    assert house.back(house.start()).status_code == 403


@pytest.mark.parametrize(("setting", "status"), [({"client_secret": "another"}, 401), ({"ca": ""}, 503)])
def test_nobody_gets_in_where_the_client_or_the_provider_is_not_proven(
    house: House, setting: dict[str, str], status: int
) -> None:
    back = house.start()
    house.settings(**setting)
    assert house.back(back).status_code == status
    assert [user["name"] for user in house.admin.ok("GET", "/users")["items"]] == ["admin"]
