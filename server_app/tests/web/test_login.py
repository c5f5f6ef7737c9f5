"""Logging in by form: the API's own session, and nobody else's form."""

import pytest
from web_site import BASE_URL, PASSWORD, Site

COOKIE = "__Host-honeysens"


@pytest.mark.parametrize("path", ["/events", "/sensors", "/events?session=1"])
def test_page_asks_who_comes_without_a_session(site: Site, path: str) -> None:
    answer = site.get(path)
    assert answer.status_code == 302
    assert answer.location.startswith("/login?next=")


def test_page_that_refreshes_itself_goes_to_the_login_as_a_whole(site: Site) -> None:
    answer = site.get("/events/list", **{"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/login")


def test_login_makes_the_apis_session(site: Site) -> None:
    answer = site.log_in()
    assert (answer.status_code, answer.location) == (302, "/events")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    for attribute in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert attribute in cookie
    assert site.get("/api/sessions").json["user"]["name"] == "admin"  # type: ignore[index] # None would fail, too
    assert site.get("/events").status_code == 200


@pytest.mark.parametrize("username", ["admin", "nobody"])
def test_wrong_password_is_refused_with_the_form(site: Site, username: str) -> None:
    answer = site.post("/login", {"username": username, "password": "wrong"})
    assert answer.status_code == 401
    assert "User name or password is wrong." in answer.text
    assert f'value="{username}"' in answer.text
    assert "Set-Cookie" not in answer.headers


def test_many_wrong_passwords_are_throttled_here_as_in_the_api(site: Site) -> None:
    statuses = {site.post("/login", {"username": "admin", "password": "wrong"}).status_code for _ in range(20)}
    assert statuses == {401, 429}
    assert site.log_in().status_code == 429


def test_form_of_another_site_is_refused(site: Site) -> None:
    form = {"username": "admin", "password": PASSWORD}
    answer = site.post("/login", form, **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "wanted", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\t/evil.example"]
)
def test_login_never_leads_to_another_site(site: Site, wanted: str) -> None:
    answer = site.post("/login", {"username": "admin", "password": PASSWORD, "next": wanted})
    assert answer.location == "/events"


def test_logout_needs_the_sessions_token_and_ends_the_session(site: Site) -> None:
    site.log_in()
    assert site.post("/logout", {"csrf_token": "guess"}).status_code == 403
    assert site.get("/events").status_code == 200
    token = site.get("/api/sessions").json["csrf_token"]  # type: ignore[index] # None would fail, too
    cookie = site.browser.get_cookie(COOKIE, domain=BASE_URL.removeprefix("https://"))
    assert cookie is not None
    assert site.post("/logout", {"csrf_token": token}).status_code == 302
    site.browser.set_cookie(COOKIE, cookie.value, domain=BASE_URL.removeprefix("https://"))
    assert site.get("/events").status_code == 302
