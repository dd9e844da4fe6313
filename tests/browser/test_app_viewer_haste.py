"""Somebody goes on faster than pictures are loaded: no step is lost, and the last one is shown."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.app_rig import App, Pages
from tests.browser.late_answers import hold_calls, let_go, wait_for_held

PRESSES = 10
# All in one task of the page: nothing that it waits for comes in between.
PRESS = """([key, times]) => {
  for (let i = 0; i < times; i += 1) {
    const said = { key, bubbles: true, cancelable: true };
    document.querySelector("dialog.viewer").dispatchEvent(new KeyboardEvent("keydown", said));
  }
}"""


@pytest.fixture
def ids(app: App) -> list[str]:
    """Of all pictures, the newest first, as they are shown."""
    asked = "/api/v1/images/tiles?limit=500&sort=taken_at&order=desc"
    return [one["id"] for one in app.http.get(asked).json()["images"]]


def press(page: Page, key: str, times: int) -> None:
    page.evaluate(PRESS, [key, times])


def preview(image_id: str) -> re.Pattern[str]:
    return re.compile(f"/{image_id}/(preview|file)")


def shows(page: Page, image_id: str) -> None:
    """The picture, large, and by its address."""
    expect(page.locator(".frame > img")).to_have_attribute("src", preview(image_id))
    expect(page).to_have_url(re.compile(f"photo={image_id}"))


def test_ten_quick_presses_end_ten_pictures_on_in_both_directions(
    pages: Pages, ids: list[str]
) -> None:
    page = pages.at(f"/?photo={ids[0]}")
    shows(page, ids[0])
    press(page, "ArrowRight", PRESSES)
    shows(page, ids[PRESSES])
    press(page, "ArrowRight", PRESSES)
    press(page, "ArrowLeft", 3)
    shows(page, ids[2 * PRESSES - 3])
    press(page, "ArrowLeft", 2 * PRESSES)
    shows(page, ids[0])
    press(page, "ArrowRight", 1)
    shows(page, ids[1])


def test_presses_at_the_end_of_the_list_stay_there_and_are_not_kept(
    pages: Pages, ids: list[str]
) -> None:
    page = pages.at(f"/?photo={ids[-3]}")
    shows(page, ids[-3])
    press(page, "ArrowRight", PRESSES)
    shows(page, ids[-1])
    press(page, "ArrowLeft", 1)
    shows(page, ids[-2])


def test_presses_wait_for_what_the_list_has_not_loaded_yet(pages: Pages, ids: list[str]) -> None:
    page = pages.at(f"/?photo={ids[60]}")
    shows(page, ids[60])
    hold_calls(page, "/images/tiles")
    press(page, "ArrowRight", 60)
    wait_for_held(page, 1)
    press(page, "ArrowRight", 5)
    page.evaluate("setInterval(() => held.splice(0).forEach(go => go()), 5)")
    shows(page, ids[125])


def test_presses_go_on_into_the_next_page_of_results(pages: Pages, app: App) -> None:
    body = {"query": "red circle", "limit": 140}
    found = [one["id"] for one in app.http.post("/api/v1/search", json=body).json()["results"]]
    page = pages.at(f"/?q=red+circle&photo={found[96]}")
    shows(page, found[96])
    hold_calls(page, "/search")
    press(page, "ArrowRight", PRESSES)
    let_go(page)
    shows(page, found[96 + PRESSES])


def test_what_was_passed_is_not_loaded_and_what_is_beside_the_last_is(
    pages: Pages, ids: list[str]
) -> None:
    pages.expected.append("ERR_")
    page = pages.at(f"/?photo={ids[20]}")
    shows(page, ids[20])
    page.wait_for_load_state("networkidle")
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    page.route("**/preview?**", lambda route: held.append(route))
    held: list[Route] = []
    press(page, "ArrowRight", PRESSES)
    with page.expect_request(preview(ids[30])):
        press(page, "ArrowLeft", 0)
    with page.expect_event("requestfailed", lambda one: bool(preview(ids[30]).search(one.url))):
        press(page, "ArrowRight", PRESSES)
    page.unroute("**/preview?**")
    shows(page, ids[40])
    expect(page.locator(".peek").first).to_have_attribute("src", preview(ids[41]))
    passed = [one for one in range(23, 39) if one != 30]
    assert [at for at in passed if any(preview(ids[at]).search(url) for url in asked)] == []
