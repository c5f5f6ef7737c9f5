"""A person logs in with a browser and sees the attack."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, ViewportSize, sync_playwright
from scenario_testing.site import ROOT, Api

VIEWPORTS: dict[str, ViewportSize] = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}


@pytest.fixture(params=VIEWPORTS)
def page(request: pytest.FixtureRequest) -> Iterator[Page]:
    """A browser's page at desktop or phone size; a picture of its end stays in `dist/demo`."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        # The browser does not know the demo's own authority; the API's tests verify the server's certificate.
        page = browser.new_context(ignore_https_errors=True, viewport=VIEWPORTS[request.param]).new_page()
        yield page
        page.screenshot(path=ROOT / "dist" / "demo" / f"events-{request.param}.png")
        browser.close()


def test_the_event_of_the_demo_is_on_the_page_after_login(api: Api, page: Page) -> None:
    page.goto(f"{api.url}/")
    page.fill("input[name=username]", str(api.summary["username"]))
    page.fill("input[name=password]", api.password)
    page.click("button[type=submit]")

    page.goto(f"{api.url}/events")
    row = page.get_by_text(str(api.summary["event"]["source"])).first
    row.wait_for()
    row.click()

    detail = page.locator("#detail")
    detail.get_by_text("admin123").first.wait_for()
    detail.get_by_text("uname -a").first.wait_for()
