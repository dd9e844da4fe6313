"""A session that ends while the app is open, and one that somebody ends: nothing that the key
protects is seen, and who logs in again goes on where they were."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.app_rig import App, Pages, real_app
from tests.browser.bad_moments import MOST_WAIT_MS
from tests.browser.conftest import CHROMIUM

KEY = "correct horse battery"
CACHED = """url => fetch(url, { cache: "only-if-cached", mode: "same-origin" })
  .then(answer => answer.status, () => "nothing")"""


@pytest.fixture(scope="module")
def app(
    chromium: Browser, inference_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[App]:
    """In place of the shared one: with a key."""
    assert chromium, "without one the library need not be made"
    folder = tmp_path_factory.mktemp("keyed")
    with real_app(folder, inference_url, key=KEY, count=24) as keyed:
        yield keyed


def log_in(page: Page) -> None:
    page.get_by_label("API key").fill(KEY)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_label("API key")).to_have_count(0)


def log_out(page: Page) -> None:
    page.get_by_role("button", name="Language and account").click()
    page.get_by_role("menuitem", name="Log out").click()


def ended_elsewhere(page: Page) -> None:
    """The session is over, as after a logout at another computer."""
    cookies = {one["name"]: one["value"] for one in page.context.cookies() if "name" in one}
    url = page.url.split("/", 3)
    base = "/".join(url[:3])
    answer = page.context.request.delete(f"{base}/api/v1/session", headers={"Origin": base})
    assert answer.status == 204
    page.context.add_cookies(
        [{"name": name, "value": value, "url": base} for name, value in cookies.items()]
    )


def inside(pages: Pages, address: str) -> Page:
    pages.expected.append("status of 401")
    page = pages.at(address)
    log_in(page)
    expect(page.get_by_role("navigation").first).to_be_visible(timeout=MOST_WAIT_MS)
    return page


def covered(page: Page) -> None:
    """Nothing is seen but the login: each corner and the middle of the window is its."""
    expect(page.get_by_role("dialog", name="Log in")).to_be_visible()
    expect(page.get_by_label("API key")).to_be_focused()
    seen = page.evaluate(
        """() => [[innerWidth - 2, 1], [1, innerHeight - 1], [innerWidth / 2, innerHeight / 2]]
          .map(([x, y]) => document.elementFromPoint(x, y)?.closest(".login-over") !== null)"""
    )
    assert seen == [True] * 3
    opaque = page.locator(".login-over").evaluate(
        "one => [getComputedStyle(one).backgroundColor, getComputedStyle(one).opacity]"
    )
    assert re.fullmatch(r"rgb\([^/)]*\)", opaque[0]), opaque
    assert opaque[1] == "1"
    assert page.title() == "Log in · Photoseek"


@pytest.mark.parametrize("how", ["elsewhere", "cookie"])
def test_the_login_comes_over_the_place_which_goes_on_with_its_selection(
    how: str, pages: Pages
) -> None:
    page = inside(pages, "/?from=2019")
    tiles = page.locator(".tile")
    expect(tiles.first).to_be_visible(timeout=MOST_WAIT_MS)
    for number in (0, 2):
        tiles.nth(number).hover()
        page.locator(".tile-check").nth(number).click()
    bar = page.get_by_role("toolbar", name="What to do with the selected pictures")
    expect(bar).to_contain_text("2 selected")
    address = page.url
    if how == "elsewhere":
        ended_elsewhere(page)
    else:
        page.context.clear_cookies()
    bar.get_by_role("button", name="Favourite").click()
    covered(page)
    for _ in range(3):
        page.keyboard.press("Escape")
    covered(page)
    page.get_by_label("API key").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert").get_by_text("This is not the key")).to_be_visible()
    log_in(page)
    assert page.url == address
    expect(bar).to_contain_text("2 selected")
    expect(page.locator(".tile-heart")).to_have_count(0)
    bar.get_by_role("button", name="Favourite").click()
    expect(page.locator(".tile-heart")).to_have_count(2)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".tile-heart")).to_have_count(0)


def test_what_could_not_be_loaded_comes_after_the_login(pages: Pages, app: App) -> None:
    page = inside(pages, "/")
    expect(page.get_by_role("gridcell").first).to_be_visible()
    page.context.clear_cookies()
    page.get_by_role("searchbox").fill("red circle")
    page.keyboard.press("Enter")
    covered(page)
    log_in(page)
    expect(page.locator(".results > [role=status]")).to_have_text(re.compile(r"^\d+ photos$"))
    expect(page.get_by_role("gridcell").first).to_be_visible()
    assert page.title() == "red circle · Photos · Photoseek"
    page.get_by_role("link", name="Imports", exact=True).click()
    page.locator(".job-row").first.click()
    expect(page.locator(".job .badge").first).to_have_text("Done")
    page.context.clear_cookies()
    page.get_by_role("link", name="All imports").click()
    covered(page)
    log_in(page)
    expect(page.locator(".job-row").first).to_be_visible()


def test_after_the_logout_nothing_is_seen_in_any_tab_nor_kept(pages: Pages, app: App) -> None:
    pages.expected.append("ERR_CACHE_MISS")
    page = inside(pages, "/?q=red")
    expect(page.locator(".tile.loaded").first).to_be_visible()
    shown = app.http.get("/api/v1/images?limit=1").json()["images"][0]
    thumbnail = str(shown["thumbnail_url"])
    page.evaluate("url => fetch(url).then(answer => answer.blob())", thumbnail)
    assert page.evaluate(CACHED, thumbnail) == 200
    other = page.context.new_page()
    other.goto(f"{app.url}/albums")
    expect(other.get_by_role("heading", name="Albums").first).to_be_visible()
    log_out(page)
    for tab in (page, other):
        expect(tab.get_by_label("API key")).to_be_visible()
        assert tab.get_by_role("navigation").count() == 0
    assert page.evaluate(CACHED, thumbnail) == "nothing"
    page.go_back()
    expect(page.get_by_label("API key")).to_be_visible()
    expect(page.locator(".tile")).to_have_count(0)


def test_back_does_not_bring_a_page_that_the_browser_kept_whole(pages: Pages, app: App) -> None:
    """Chromium does so, unless it is told not to, as Playwright tells it."""
    keeping = pages.chromium.browser_type.launch(
        executable_path=CHROMIUM,
        ignore_default_args=["--disable-back-forward-cache"],
        chromium_sandbox=os.getuid() != 0,
    )
    try:
        page = keeping.new_page()
        page.goto(f"{app.url}/")
        log_in(page)
        expect(page.locator(".tile.loaded").first).to_be_visible()
        page.evaluate(
            "addEventListener('pageshow', event => localStorage.setItem('kept', event.persisted))"
        )
        log_out(page)
        expect(page).to_have_url(f"{app.url}/login")
        page.go_back(wait_until="commit")
        expect(page).to_have_url(f"{app.url}/login?next=/")
        expect(page.get_by_label("API key")).to_be_visible()
        expect(page.locator(".tile")).to_have_count(0)
        assert page.evaluate("localStorage.getItem('kept')") == "true", "it was kept whole"
    finally:
        keeping.close()


def test_a_logout_that_nobody_hears_is_told(pages: Pages) -> None:
    pages.expected.append("ERR_FAILED")
    page = inside(pages, "/help")
    expect(page.get_by_role("heading", name="Help")).to_be_visible()
    page.route("**/api/v1/session", lambda route: route.abort())
    log_out(page)
    told = page.get_by_role("status").get_by_text("You are still logged in.")
    expect(told).to_be_visible()
    expect(page.get_by_role("heading", name="Help")).to_be_visible()
