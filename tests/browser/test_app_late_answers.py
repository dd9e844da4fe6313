"""Answers that come late: after another choice, after the place was left, or not at all."""

from __future__ import annotations

import logging
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, Route, expect

from tests.browser.app_rig import App, Pages
from tests.browser.late_answers import hold_answers, hold_calls, let_go, wait_for_held

CODES = ("ERR_DECODING_IMAGE", "ERR_FILE_EMPTY")


def go_to(page: Page, address: str) -> None:
    """Within the app, as its own links do."""
    script = "async to => (await import('/static/js/core/router.js')).go(to)"
    page.evaluate(script, address)


def a_job(app: App, **changes: object) -> dict[str, Any]:
    """The import of the library, changed."""
    jobs = app.http.get("/api/v1/jobs", params={"kind": "ingest"}).json()["jobs"]
    return {**jobs[-1], **changes}


def chosen(page: Page, folder: str) -> None:
    page.get_by_role("treeitem", name=folder).click()
    expect(page.get_by_role("treeitem", name=folder)).to_have_attribute("aria-selected", "true")


def test_a_list_of_jobs_that_was_left_follows_none_of_them(pages: Pages) -> None:
    job = a_job(pages.app, state="running", finished_at=None)
    page = pages.at("/help")
    expect(page.get_by_role("heading", name="Help")).to_be_visible()
    page.route(
        "**/api/v1/jobs?*",
        lambda route: route.fulfill(json={"jobs": [job], "total": 1, "next_offset": None}),
    )
    followed: list[str] = []
    page.on("request", lambda request: followed.append(request.url))
    hold_answers(page, "/jobs?")
    page.get_by_role("link", name="Imports").click()
    wait_for_held(page, 2)
    page.get_by_role("link", name="Help").click()
    expect(page.get_by_role("heading", name="Help")).to_be_visible()
    let_go(page)
    page.evaluate("fetch('/health/live')")  # whatever was asked for before is known by then
    assert [url for url in followed if url.endswith("/events")] == []


def test_the_dry_run_of_a_folder_is_not_told_of_another(pages: Pages) -> None:
    page = pages.at("/imports")
    chosen(page, "2019")
    hold_answers(page, "/ingest")
    page.get_by_role("button", name="Dry run").click()
    wait_for_held(page, 1)
    chosen(page, "2021")
    with page.expect_response(re.compile(r"/api/v1/jobs/[0-9a-f]+$")):
        let_go(page)
    let_go(page)
    expect(page.locator(".import-form > [aria-live]")).to_be_empty()


def test_a_folder_that_is_chosen_while_the_folders_are_read_anew_stays_so(pages: Pages) -> None:
    page = pages.at("/imports")
    chosen(page, "2019")
    hold_answers(page, "/roots/folders")
    page.evaluate("async () => (await import('/static/js/core/bus.js')).emit('images')")
    wait_for_held(page, 1)
    chosen(page, "2021")
    let_go(page)
    wait_for_held(page, 1)  # what lies in the folder that was open
    let_go(page)
    expect(page.locator(".picked code")).to_have_text(re.compile("/2021$"))
    expect(page.get_by_role("treeitem", selected=True)).to_have_text(re.compile("2021"))


def test_pressed_twice_a_folder_is_imported_once(pages: Pages) -> None:
    page = pages.at("/imports")
    chosen(page, "2019")
    hold_calls(page, "/ingest")  # and never let go: nothing is imported
    page.get_by_role("button", name="Import", exact=True).dblclick()
    wait_for_held(page, 1)
    assert page.evaluate("held.length") == 1


def failures(route: Route, all_of: int) -> None:
    """As the service gives them."""
    asked = {name: value for name, (value,) in parse_qs(urlsplit(route.request.url).query).items()}
    limit, offset, code = int(asked["limit"]), int(asked.get("offset", 0)), asked.get("code")
    assert limit <= 1000, "the service gives no more at once"
    same = {"code": code or CODES[0], "detail": "…", "at": "2026-05-03T12:00:05Z"}
    beside = {"previous": None, "next": None}
    found = [
        {"path": f"/photos/{code}-{number}.jpg", **same, **beside}
        for number in range(offset, min(all_of, offset + limit))
    ]
    route.fulfill(json={"failures": found, "total": all_of, "next_offset": None})


def failed_job(pages: Pages, *, of_each: int) -> Page:
    job = a_job(pages.app, errors_by_code=dict.fromkeys(CODES, of_each))
    page = pages.blank(size=(1440, 900), dark=False, language="en-GB")
    page.route(f"**/api/v1/jobs/{job['job_id']}", lambda route: route.fulfill(json=job))
    page.route("**/failures?*", lambda route: failures(route, of_each))
    page.goto(f"{pages.app.url}/imports/{job['job_id']}")
    expect(page.locator(".failure").first).to_be_visible()
    return page


def test_of_two_codes_that_are_chosen_the_failures_of_the_last_are_shown(pages: Pages) -> None:
    page = failed_job(pages, of_each=1)
    hold_answers(page, "/failures?")
    codes = page.get_by_role("radiogroup").get_by_role("radio")
    codes.nth(1).click()
    codes.nth(2).click()
    wait_for_held(page, 2)
    let_go(page, first=1)
    shown = page.locator(".failure-file strong")
    expect(shown).to_contain_text(CODES[1])
    let_go(page)
    expect(shown).to_contain_text(CODES[1])


def test_all_failures_are_shown_however_many_they_are(pages: Pages) -> None:
    page = failed_job(pages, of_each=1003)
    for count in (*range(100, 1001, 50), 1003):
        page.get_by_role("button", name="Show more").click()
        expect(page.locator(".failure")).to_have_count(count)
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)


def test_lines_of_the_log_that_come_late_are_not_shown_at_another_level(pages: Pages) -> None:
    page = pages.at("/system/log")
    logging.getLogger("tests").warning("first_line")  # the service runs in this process
    expect(page.locator(".log li", has_text="first_line")).to_be_visible()
    hold_answers(page, "/system/log")
    logging.getLogger("tests").warning("late_line")
    wait_for_held(page, 1)
    page.get_by_role("radio", name="Errors").click()
    wait_for_held(page, 2)
    page.evaluate("held[0]()")
    let_go(page, first=1)
    expect(page.get_by_role("radio", name="Errors")).to_be_checked()
    assert page.locator(".log li:not(.log-error, .log-critical)").count() == 0


def test_the_state_of_all_is_told_where_it_was_asked_for_alone(pages: Pages) -> None:
    page = pages.at("/help")
    expect(page.get_by_role("heading", name="Help")).to_be_visible()
    hold_answers(page, "/capabilities")
    page.get_by_role("link", name="System").click()
    wait_for_held(page, 1)
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("searchbox", name="Find a setting")).to_be_visible()
    let_go(page)
    expect(page.get_by_text("All is well")).to_be_hidden()


def test_what_the_map_cannot_show_is_told_of_the_filters_that_hold_now(pages: Pages) -> None:
    page = pages.at("/map")
    said = page.locator(".map-status")
    expect(said).to_contain_text(re.compile(r"\d"))
    before = said.inner_text()
    hold_answers(page, "/api/v1/images?")
    go_to(page, "/map?format=png")
    wait_for_held(page, 2)
    go_to(page, "/map")
    wait_for_held(page, 4)
    let_go(page, first=2)
    let_go(page)
    expect(said).to_have_text(before)


def test_the_outline_of_the_land_is_asked_for_again(pages: Pages) -> None:
    pages.expected.append("ERR_FAILED")
    page = pages.blank(size=(1440, 900), dark=False, language="en-GB")
    page.route("**/land.json", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        page.goto(f"{pages.app.url}/map")
    page.unroute("**/land.json")
    with page.expect_response("**/land.json"):
        page.get_by_role("button", name="Nearer").click()


def test_an_empty_place_that_was_left_does_not_look_again(pages: Pages) -> None:
    app = pages.app
    app.http.post("/api/v1/collections", json={"name": "left"}).raise_for_status()
    job = a_job(app, state="running", finished_at=None)
    page = pages.blank(size=(1440, 900), dark=False, language="en-GB")
    page.clock.install()
    page.route(
        "**/api/v1/jobs?*",
        lambda route: route.fulfill(json={"jobs": [job], "total": 1, "next_offset": None}),
    )
    page.goto(f"{app.url}/help?in=left")
    expect(page.get_by_role("heading", name="Help")).to_be_visible()
    hold_answers(page, "/jobs?")
    page.get_by_role("link", name="Photos", exact=True).click()
    wait_for_held(page, 1)
    page.get_by_role("link", name="Help").click()
    expect(page.get_by_role("heading", name="Help")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    let_go(page)
    page.clock.run_for(15_000)
    page.evaluate("fetch('/health/live')")
    assert [url for url in asked if "/timeline" in url] == []
    app.http.delete("/api/v1/collections/left").raise_for_status()


# Four jobs are followed, three of them by streams; the place is hidden and shown again while the
# fourth is asked for.
FOLLOWED = """async job => {
  window.EventSource = class { addEventListener() {} close() {} };
  const { follow } = await import("/static/js/imports/live.js");
  window.ends = [1, 2, 3, 4].map(() => follow(job, () => {}));
}"""
SHOWN_AGAIN = "document.dispatchEvent(new Event('visibilitychange'))"


def test_a_job_is_asked_for_once_at_a_time_however_often_a_page_is_shown(pages: Pages) -> None:
    job = a_job(pages.app, state="running", finished_at=None)
    page = pages.blank(size=(1440, 900), dark=False, language="en-GB")
    page.clock.install()
    page.goto(f"{pages.app.url}/help")
    expect(page.get_by_role("heading", name="Help")).to_be_visible()
    asked: list[str] = []

    def answered(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(json=job)

    page.route(f"**/api/v1/jobs/{job['job_id']}", answered)
    hold_answers(page, job["job_id"])
    page.evaluate(FOLLOWED, job)
    wait_for_held(page, 1)
    page.evaluate(SHOWN_AGAIN)
    wait_for_held(page, 2)
    page.evaluate("for (const go of held.splice(0)) go()")
    page.wait_for_function("new Promise(resolve => queueMicrotask(() => resolve(true)))")
    asked.clear()
    page.clock.run_for(3500)
    page.evaluate("fetch('/health/live')")
    assert len(asked) == 1
    page.evaluate("ends.forEach(end => end())")
