"""Logins by an OpenID Connect provider that speaks HTTPS, and every way in which one could be made up."""

from collections.abc import Iterator
from typing import Any

import pytest
from oidc_provider_process import CLIENT_ID, CLIENT_SECRET, OidcProvider, oidc_provider
from own_certificates import authority
from server_bench import PASSWORD, URL, Bench
from sqlalchemy import update
from werkzeug.test import TestResponse

from server_app.accounts.models import Role
from server_app.db import now
from server_app.directory import oidc
from server_app.directory.models import OidcAttempt

ALICE: dict[str, Any] = {"preferred_username": "alice", "name": "Alice E.", "groups": ["staff"]}


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcProvider]:
    with oidc_provider(tmp_path_factory.mktemp("provider")) as running:
        yield running


class House:
    """A server that asks a provider, and a browser."""

    def __init__(self, bench: Bench, provider: OidcProvider) -> None:
        self.bench, self.provider = bench, provider
        self.berlin = bench.division("Berlin")
        provider.says(**ALICE)
        self.settings(
            enabled=True,
            issuer=provider.issuer,
            ca=provider.ca,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            roles=[{"group": "staff", "role": "manager"}, {"group": "root", "role": "admin"}],
            divisions=[{"group": "staff", "division": self.berlin}],
        )
        self.browser = bench.app.test_client()

    def settings(self, **values: Any) -> None:
        self.bench.admin.ok("PATCH", "/settings/oidc", json=values)

    def get(self, path: str) -> TestResponse:
        return self.browser.get(path, base_url=URL)

    def start(self) -> str:
        """Go to the provider; returns where it sends the browser back to, without the server's name."""
        answer = self.get("/login/oidc")
        assert answer.status_code == 302, answer.text
        return self.provider.visit(answer.location).removeprefix(URL)

    def log_in(self) -> int:
        return self.get(self.start()).status_code

    def me(self) -> Any:
        return self.get("/api/users/me").json

    def names(self) -> list[str]:
        return [user["name"] for user in self.bench.admin.ok("GET", "/users")["items"]]


@pytest.fixture
def house(bench: Bench, provider: OidcProvider) -> House:
    return House(bench, provider)


def test_the_first_login_makes_the_user_with_role_and_divisions(house: House) -> None:
    back = house.get(house.start())
    assert back.status_code == 200  # not a redirect: the Strict cookie would not come along
    assert 'http-equiv="refresh"' in back.text
    cookie = next(value for value in back.headers.getlist("Set-Cookie") if value.startswith("__Host-honeysens="))
    assert "SameSite=Strict" in cookie
    expected = {"name": "alice", "full_name": "Alice E.", "role": "manager", "source": "oidc", "email": ""}
    assert house.me().items() >= (expected | {"divisions": [house.berlin]}).items()
    entry = house.bench.admin.ok("GET", "/audit?object=user&action=created")["items"][0]
    assert (entry["actor"]["name"], entry["object"]["name"]) == ("oidc", "alice")


@pytest.mark.parametrize(
    "lie",
    [
        *("signature", "shared secret", "no signature", "nonce", "no nonce", "audience", "two audiences", "issuer"),
        *("expired", "no end", "from the future", "no subject", "no name"),
    ],
)
def test_a_made_up_id_token_lets_nobody_in(house: House, lie: str) -> None:
    house.provider.says(lie=lie, **({} if lie == "no name" else ALICE))
    answer = house.get(house.start())
    assert answer.status_code == 401
    assert "__Host-honeysens=" not in str(answer.headers.getlist("Set-Cookie"))
    assert house.names() == ["admin"]
    assert house.bench.admin.ok("GET", "/audit?action=login-failed")["items"] != []


def test_another_kind_of_key_is_as_good(house: House) -> None:
    house.provider.says(lie="elliptic", **ALICE)
    assert house.log_in() == 200


def test_what_comes_back_twice_is_refused(house: House) -> None:
    back = house.start()
    assert house.get(back).status_code == 200
    assert house.get(back).status_code == 401


def test_another_browser_cannot_come_back_with_it(house: House) -> None:
    """Otherwise somebody could log others in as themselves, or steal a login on its way."""
    back = house.start()
    stranger = house.bench.app.test_client()
    assert stranger.get(back, base_url=URL).status_code == 401
    stranger.get("/login/oidc", base_url=URL)  # with a cookie, but of another attempt
    assert stranger.get(house.start(), base_url=URL).status_code == 401


@pytest.mark.parametrize("query", ["", "?code=x", "?code=x&state=made-up", "?error=access_denied&state=x"])
def test_what_was_never_sent_there_does_not_come_back(house: House, query: str) -> None:
    assert house.get(f"/login/oidc/callback{query}").status_code == 401


def test_a_code_of_another_login_is_refused(house: House) -> None:
    first, second = house.start(), house.start()
    code = first.partition("code=")[2].partition("&")[0]
    state = second.partition("state=")[2]
    assert house.get(f"/login/oidc/callback?code={code}&state={state}").status_code == 401


def test_who_takes_too_long_starts_again(house: House) -> None:
    back = house.start()
    with house.bench.database.writing() as session:
        session.execute(update(OidcAttempt).values(created_at=now() - oidc.LONGEST * 1.1))
    assert house.get(back).status_code == 401


def test_changes_there_hold_from_the_next_login(house: House) -> None:
    house.log_in()
    number = house.me()["id"]
    house.provider.says(
        preferred_username="alicia", groups=["root"], email="a@example.com", email_verified=True, name="Alicia"
    )
    house.log_in()
    expected = {"id": number, "name": "alicia", "role": "admin", "email": "a@example.com", "full_name": "Alicia"}
    assert house.me().items() >= expected.items()


def test_who_is_in_no_group_may_not_log_in(house: House) -> None:
    house.provider.says(preferred_username="bob", groups=["guests"])
    assert house.log_in() == 403
    assert house.names() == ["admin"]


def test_nobody_becomes_a_user_of_this_server_by_name(house: House) -> None:
    house.provider.says(preferred_username="Admin", groups=["root"])
    assert house.log_in() == 403
    assert house.names() == ["admin"]


def test_there_is_no_password_for_them_here(house: House) -> None:
    house.log_in()
    for password in ("", PASSWORD):
        body = {"username": "alice", "password": password}
        answer = house.bench.app.test_client().post("/api/sessions", base_url=URL, json=body)
        assert answer.status_code in {400, 401}


def test_a_provider_that_is_away_is_said_so_and_passwords_still_work(house: House) -> None:
    house.bench.user("otto", Role.OBSERVER)
    house.settings(issuer="https://localhost:1")
    assert house.get("/login/oidc").status_code == 503
    house.provider.says(lie=f"called {house.provider.issuer}/other", **ALICE)
    house.settings(issuer=house.provider.issuer)
    assert house.get("/login/oidc").status_code == 503


def test_its_certificate_is_checked_by_the_authority_that_is_named(house: House) -> None:
    for others in ("", authority().pem):  # the system's, and one that has not signed it
        house.settings(ca=others)
        assert house.get("/login/oidc").status_code == 503
    house.settings(ca=authority().pem + house.provider.ca)
    assert house.log_in() == 200


def test_its_certificate_must_be_for_its_name(house: House) -> None:
    other = house.provider.issuer.replace("localhost", "127.0.0.1")
    house.provider.says(lie=f"called {other}", **ALICE)
    house.settings(issuer=other)
    assert house.get("/login/oidc").status_code == 503


def test_an_authority_that_is_taken_away_lets_nobody_back_in(house: House) -> None:
    """The code is traded over a connection that is checked, too."""
    back = house.start()
    house.settings(ca=authority().pem)
    assert house.get(back).status_code == 503
    assert house.names() == ["admin"]


@pytest.mark.parametrize("endpoint", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
def test_an_address_without_encryption_is_not_used(house: House, endpoint: str) -> None:
    house.provider.says(lie=f"unencrypted {endpoint}", **ALICE)
    assert house.get("/login/oidc").status_code == 503


def test_without_a_provider_there_is_no_way_there(bench: Bench, house: House) -> None:
    assert "/login/oidc" in house.get("/login").text
    house.settings(enabled=False)
    assert house.get("/login/oidc").status_code == 404
    assert "/login/oidc" not in house.get("/login").text
    assert CLIENT_SECRET not in str(bench.admin.ok("GET", "/settings"))


@pytest.mark.parametrize(
    "wrong", [{"enabled": True}, {"issuer": "http://login.example.com"}, {"scope": "profile"}, {"issuer": "ftp://x"}]
)
def test_settings_that_cannot_work_are_refused(bench: Bench, wrong: dict[str, Any]) -> None:
    assert bench.admin.call("PATCH", "/settings/oidc", json=wrong).status_code == 400


def test_it_is_switched_on_and_off_by_one_field(bench: Bench) -> None:
    bench.admin.ok(
        "PATCH",
        "/settings/oidc",
        json={"issuer": "https://login.example.com", "client_id": "us", "client_secret": "very secret"}
        | {"enabled": True},
    )
    bench.admin.ok("PATCH", "/settings/oidc", json={"enabled": False})
    assert bench.admin.ok("PATCH", "/settings/oidc", json={"enabled": True})["enabled"] is True
