"""Every call of every place fails, or breaks off: it is said, and nothing is left unhandled."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.app_rig import App, Pages

PROBLEM = json.dumps({"code": "ERR_INTERNAL", "title": "Internal error", "status": 500})
PLACES = ("/", "/?q=red", "/map", "/albums", "/duplicates", "/imports", "/system", "/system/log")
FIRST = re.compile(r"/api/v1/(session|collections)$")  # without them there is no place yet


def fails(route: Route) -> None:
    route.fulfill(status=500, content_type="application/problem+json", body=PROBLEM)


def breaks(route: Route) -> None:
    route.abort()


@pytest.fixture
def page(pages: Pages) -> Page:
    """What is said of the answers themselves is no complaint; what nobody handles is one."""
    pages.expected += ["status of 500", "ERR_FAILED"]
    page = pages.at("/help")
    expect(page.get_by_role("heading", name="Help")).to_be_visible()
    return page


def go_to(page: Page, address: str) -> None:
    script = "async to => (await import('/static/js/core/router.js')).go(to)"
    page.evaluate(script, address)


@pytest.mark.parametrize("how", [fails, breaks])
def test_no_place_leaves_a_failure_unhandled(how: Callable[[Route], None], page: Page) -> None:
    page.route("**/api/**", how)
    for place in PLACES:
        with page.expect_event("requestfinished" if how is fails else "requestfailed"):
            go_to(page, place)
        page.wait_for_load_state("networkidle")


def test_folders_that_are_watched_or_hidden_say_that_they_cannot_be_read(page: Page) -> None:
    page.route("**/folders/hidden", fails)
    go_to(page, "/imports")
    said = page.get_by_role("alert").filter(has_text="Watched and hidden folders")
    expect(said).to_contain_text("Something broke on our side")
    page.unroute("**/folders/hidden")
    said.get_by_role("button", name="Try again").click()
    expect(said).to_have_count(0)


def test_a_folder_that_cannot_be_read_says_so_and_opens_later(page: Page) -> None:
    go_to(page, "/")
    folder = page.get_by_role("tree", name="Folder").get_by_role("treeitem").first
    expect(folder).to_be_visible()
    page.route("**/folders?*path=*", fails)
    folder.locator(".twist").click()
    expect(page.get_by_role("status").get_by_text("Something broke on our side")).to_be_visible()
    expect(folder).to_have_attribute("aria-expanded", "false")
    page.unroute("**/folders?*path=*")
    folder.locator(".twist").click()
    expect(page.get_by_role("treeitem", name=re.compile("^2020"))).to_be_visible()


def test_a_group_of_duplicates_that_cannot_be_shown_says_so(page: Page, app: App) -> None:
    app.running.finished("duplicates")
    go_to(page, "/duplicates")
    expect(page.locator(".tidy-thumb").first).to_be_visible()
    page.route("**/duplicates/groups/**", fails)
    go_to(page, "/duplicates?group=999999")
    expect(page.get_by_role("alert").get_by_text("Something broke on our side")).to_be_visible()


@pytest.mark.parametrize("part", ["**/i18n/*.json", "**/js/shell.js"])
def test_an_app_that_cannot_be_loaded_says_so(part: str, pages: Pages) -> None:
    pages.expected += ["status of 500", "HTTP 500", "module script"]
    page = pages.at("/help")
    expect(page.get_by_role("heading", name="Help")).to_be_visible()
    page.route(part, lambda route: route.fulfill(status=500, body=""))
    page.reload()
    expect(page.get_by_role("alert")).to_be_visible()
    page.unroute(part)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Help")).to_be_visible()


def test_a_heart_is_what_the_filter_of_favourites_finds(page: Page) -> None:
    def from_takeout(route: Route) -> None:
        answer: dict[str, Any] = route.fetch().json()
        for one in answer["images"]:
            one["favourite"] = True
        route.fulfill(json=answer)

    page.route("**/images/tiles?**", from_takeout)
    go_to(page, "/")
    expect(page.locator(".tile.loaded").first).to_be_visible()
    expect(page.locator(".tile-heart")).to_have_count(0)
    page.unroute_all(behavior="wait")
