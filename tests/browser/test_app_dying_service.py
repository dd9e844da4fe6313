"""The service dies while the app is open, and is there again: what is shown stays, what failed is
said once and never claimed, and all goes on by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.app_rig import App, Pages
from tests.browser.bad_moments import Line, is_back, line_to, offline_notice

NOT_SAVED = "This was not saved. No connection to Photoseek."


@pytest.fixture
def line(app: App, pages: Pages) -> Iterator[Line]:
    pages.expected.append("Failed to load resource: net::ERR_")
    with line_to(app.url) as line:
        yield line
        pages.close()  # its streams end before the line does


def first_images(app: App, count: int = 8) -> list[dict[str, Any]]:
    """Newest first, as the photos are."""
    found = app.http.get(f"/api/v1/images?limit={count}&sort=taken_at&order=desc").json()["images"]
    assert isinstance(found, list)
    return found


def annotation(app: App, image_id: str) -> dict[str, Any]:
    said = app.http.get(f"/api/v1/images/{image_id}/annotation").json()
    assert isinstance(said, dict)
    return said


def test_the_photos_stay_and_nothing_is_claimed_until_they_go_on_by_themselves(
    pages: Pages, app: App, line: Line
) -> None:
    page = pages.at("/?at=2019-01", url=line.url)
    tile = page.locator(".tile.loaded").last
    expect(tile).to_be_visible()
    image_id = str(tile.get_attribute("data-id"))
    line.cut()
    tile.locator(".tile-link").focus()
    page.keyboard.press("f")
    expect(page.get_by_role("status").get_by_text("No connection to Photoseek.")).to_be_visible()
    expect(page.locator(".tile-heart")).to_have_count(0)
    expect(offline_notice(page)).to_be_visible()
    expect(offline_notice(page)).to_have_count(1)
    expect(tile).to_be_visible()
    # What was never seen is not there.
    page.evaluate("document.querySelector('.wall').scrollTop = 0")
    expect(page.locator(".wall-failed, .tile.failed").first).to_be_visible()
    line.mend()
    is_back(page)
    expect(page.locator(".wall-failed, .tile.failed")).to_have_count(0)
    first = page.locator(".tile.loaded").first
    expect(first).to_be_visible()
    assert annotation(app, image_id)["favourite"] is None


def test_what_is_opened_meanwhile_is_there_afterwards(pages: Pages, line: Line) -> None:
    page = pages.at("/", url=line.url)
    expect(page.locator(".tile.loaded").first).to_be_visible()
    line.cut()
    page.get_by_role("link", name="Map", exact=True).click()
    expect(page.get_by_role("heading", name="No connection to Photoseek.")).to_be_visible()
    expect(offline_notice(page)).to_be_visible()
    line.mend()
    is_back(page)
    expect(page.get_by_role("application")).to_be_visible()


def test_a_search_that_nobody_answers_is_asked_again_by_itself(pages: Pages, line: Line) -> None:
    page = pages.at("/?q=red", url=line.url)
    expect(page.get_by_role("gridcell").first).to_be_visible()
    line.cut()
    page.get_by_role("searchbox").fill("red circle")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="No connection to Photoseek.")).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    line.mend()
    is_back(page)
    expect(page.locator(".results > [role=status]")).to_have_text(re.compile(r"^\d+ photos$"))
    expect(page.get_by_role("gridcell").first).to_be_visible()
    assert page.title() == "red circle · Photos · Photoseek"


def test_the_viewer_keeps_its_picture_takes_back_what_was_said_and_goes_on(
    pages: Pages, app: App, line: Line
) -> None:
    images = first_images(app, 24)
    at = next(number for number, one in enumerate(images) if number and one["rating"] is None)
    page = pages.at(f"/?photo={images[at]['id']}", url=line.url)
    viewer = page.get_by_role("dialog")
    large = page.locator(".frame > img[src*='/preview'], .frame > img[src*='/file']")
    expect(large).to_be_visible()
    line.cut()
    page.keyboard.press("3")
    expect(page.get_by_role("status").get_by_text(NOT_SAVED)).to_be_visible()
    expect(page.locator(".viewer-bar [aria-pressed=true].star")).to_have_count(0)
    page.keyboard.press("f")
    expect(viewer.get_by_role("button", name="Favourite")).to_have_attribute(
        "aria-pressed", "false"
    )
    page.keyboard.press("t")
    page.get_by_label("New tag").fill("kept back")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").get_by_text(NOT_SAVED)).to_be_visible()
    expect(viewer.get_by_text("kept back")).to_have_count(0)
    expect(large).to_be_visible()
    expect(offline_notice(page)).to_have_count(1)
    line.mend()
    is_back(page)
    assert annotation(app, images[at]["id"]) == {"rating": None, "favourite": None, "tags": []}
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(images[at + 1]["id"]))
    expect(large).to_be_visible()


def test_a_picture_that_could_not_be_had_comes_by_itself(
    pages: Pages, app: App, line: Line
) -> None:
    images = first_images(app)
    page = pages.at(f"/?photo={images[-1]['id']}", url=line.url)
    large = page.locator(".frame > img[src*='/preview'], .frame > img[src*='/file']")
    expect(large).to_be_visible()
    line.cut()
    other = app.http.get("/api/v1/images?limit=1&sort=taken_at&offset=20").json()["images"][0]
    page.evaluate(
        """id => { history.pushState(null, "", `/?photo=${id}`);
           dispatchEvent(new PopStateEvent("popstate")); }""",
        other["id"],
    )
    expect(offline_notice(page)).to_be_visible()
    line.mend()
    is_back(page)
    expect(large).to_be_visible()
    assert other["id"] in str(large.get_attribute("src"))
    expect(page.locator(".viewer-trouble")).to_be_empty()


def test_waiting_for_the_service_asks_seldom_and_says_so_once(pages: Pages, line: Line) -> None:
    page = pages.blank(size=(1440, 900), dark=False, language="en-GB")
    page.clock.install()
    page.goto(line.url + "/imports")
    page.clock.run_for(5_000)
    expect(page.get_by_role("heading", name="Imports")).to_be_visible()
    line.cut()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for _ in range(30):  # five minutes
        page.clock.run_for(10_000)
        page.evaluate("fetch('/static/icon.svg').catch(() => null)")  # the failures are in
    assert offline_notice(page).count() == 1
    calls = [url for url in asked if "/api/" in url or "/health/" in url]
    assert len(calls) <= 120, calls
    assert sum("/health/live" in url for url in calls) <= 15
