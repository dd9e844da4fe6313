"""A bad mobile network: 400 ms until anything is answered, 50 KB a second. Nothing overtakes what
was asked later, whatever waits ends, and nobody is told that something is wrong."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

from playwright.sync_api import Error, Page, Route, expect

from tests.browser.app_rig import DESKTOP, PHONE, App, Pages
from tests.browser.bad_moments import offline_notice, slow_down

LATENCY_MS, BYTES_PER_S = 400, 50_000
SLOW_MS = 90_000  # what takes seconds on such a line, on a busy machine
# Whether every picture in sight is there before so many milliseconds have passed.
LOADED = """limit_ms => new Promise(done => {
  const end = performance.now() + limit_ms;
  const isThere = tile => {
    const { top, bottom } = tile.getBoundingClientRect();
    return bottom < 0 || top > innerHeight || tile.classList.contains("loaded");
  };
  const look = () => {
    if ([...document.querySelectorAll(".tile")].every(isThere)) done(true);
    else if (performance.now() > end) done(false);
    else requestAnimationFrame(look);
  };
  look();
})"""


def slow(page: Page) -> None:
    slow_down(page, latency_ms=LATENCY_MS, bytes_per_s=BYTES_PER_S)


def nothing_waits(page: Page) -> None:
    """Every picture in sight is there, and nothing is said to be loading or wrong."""
    assert page.evaluate(LOADED, SLOW_MS)
    expect(page.locator("[aria-busy=true]")).to_have_count(0, timeout=SLOW_MS)
    expect(page.locator(".tile.failed, .wall-failed, .empty[role=alert]")).to_have_count(0)
    expect(offline_notice(page)).to_have_count(0)


def shown(page: Page) -> list[str]:
    ids = page.locator(".tile").evaluate_all("all => all.map(one => one.dataset.id)")
    assert isinstance(ids, list)
    return ids


def found(app: App, words: str) -> list[str]:
    body = {"query": words, "mode": "auto", "limit": 100, "parse": True}
    hits: list[dict[str, Any]] = app.http.post("/api/v1/search", json=body).json()["results"]
    return [one["id"] for one in hits]


def test_the_photos_and_their_filters_come_in(pages: Pages) -> None:
    page = pages.blank(size=PHONE, dark=False, language="en-GB")
    slow(page)
    page.goto(pages.app.url, timeout=SLOW_MS)
    expect(page.get_by_role("gridcell").first).to_be_visible(timeout=SLOW_MS)
    nothing_waits(page)
    page.get_by_role("button", name="Filters").click()
    sheet = page.get_by_role("dialog", name="Filters")
    expect(sheet.get_by_text("Apple iPhone 13 Pro Max")).to_be_visible(timeout=SLOW_MS)


def test_a_search_that_is_typed_ends_with_the_answer_to_its_last_letter(
    pages: Pages, app: App
) -> None:
    page = pages.at("/")
    expect(page.get_by_role("gridcell").first).to_be_visible()
    slow(page)
    page.keyboard.press("/")
    page.keyboard.type("blue square", delay=300)  # each letter, or two, is a search
    expect(page).to_have_url(re.compile(r"q=blue\+square$"))
    expect(page).to_have_title("blue square · Photos · Photoseek", timeout=SLOW_MS)
    said = page.locator(".results > [role=status]")
    expect(said).to_have_text(re.compile(r"^\d+ photos$"), timeout=SLOW_MS)
    first = page.locator(f".tile[data-id='{found(app, 'blue square')[0]}']")
    expect(first).to_be_visible(timeout=SLOW_MS)
    nothing_waits(page)
    best = found(app, "blue square")
    seen = shown(page)
    assert seen == best[: len(seen)]


def test_an_answer_that_comes_late_does_not_take_the_place_of_a_newer_one(
    pages: Pages, app: App
) -> None:
    page = pages.at("/")
    expect(page.get_by_role("gridcell").first).to_be_visible()
    held: list[Route] = []

    def hold(route: Route) -> None:
        body = route.request.post_data_json or {}
        if body["query"] == "red":
            held.append(route)
        else:
            route.continue_()

    page.route("**/api/v1/search", hold)
    page.get_by_role("searchbox").fill("red")
    expect(page).to_have_url(re.compile(r"q=red$"))
    expect(page.locator(".results[aria-busy=true]")).to_be_visible()
    page.get_by_role("searchbox").fill("green star")
    best = found(app, "green star")
    expect(page.locator(f".tile[data-id='{best[0]}']")).to_be_visible()
    assert held
    with page.expect_response("**/health/live"):
        for route in held:
            with suppress(Error):  # the page may have stopped waiting
                route.continue_()
        page.evaluate("fetch('/health/live')")
    nothing_waits(page)
    seen = shown(page)
    assert seen == best[: len(seen)]
    assert page.title() == "green star · Photos · Photoseek"


def test_the_viewer_goes_on_faster_than_pictures_come(pages: Pages, app: App) -> None:
    query = "/api/v1/images?limit=8&sort=taken_at&order=desc"
    images = app.http.get(query).json()["images"]
    page = pages.at(f"/?photo={images[0]['id']}", size=DESKTOP)
    sharp = page.locator(".frame > img[src*='/preview'], .frame > img[src*='/file']")
    expect(sharp).to_be_visible()
    slow(page)
    for step in range(1, 6):
        page.keyboard.press("ArrowRight")
        expect(page).to_have_url(re.compile(images[step]["id"]), timeout=SLOW_MS)
    expect(page.get_by_text(f"6 of {app.library.pictures}")).to_be_visible(timeout=SLOW_MS)
    expect(sharp).to_be_visible(timeout=SLOW_MS)
    assert images[5]["id"] in str(sharp.get_attribute("src"))
    expect(page.locator(".viewer-trouble")).to_be_empty(timeout=SLOW_MS)
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile(images[4]["id"]), timeout=SLOW_MS)
    expect(page.locator(f".frame > img[src*='{images[4]['id']}']")).to_be_visible(timeout=SLOW_MS)
    expect(page.locator(".viewer-trouble")).to_be_empty(timeout=SLOW_MS)
    assert pages.complaints == []
