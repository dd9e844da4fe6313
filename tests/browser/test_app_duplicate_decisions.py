"""What was decided about duplicates is the service's: in every browser, or taken back and said."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.browser.app_rig import DESKTOP, PHONE, App, Pages
from tests.browser.tidy_rig import decided, groups, listed, tidied, tidying

FULL = {"code": "ERR_DISK_FULL", "title": "The disk is full.", "status": 507}


@pytest.fixture(scope="module")
def tidy(inference_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with tidied(tmp_path_factory.mktemp("tidy"), inference_url) as app:
        yield app


@pytest.fixture
def pages(chromium: Browser, tidy: App) -> Iterator[Pages]:
    with tidying(chromium, tidy) as opened:
        yield opened


@pytest.mark.parametrize(
    ("size", "language", "progress"),
    [(DESKTOP, "en-GB", "{} of 2 decided"), (PHONE, "de-DE", "{} von 2 entschieden")],
    ids=["large", "small"],
)
def test_what_was_decided_is_there_in_another_browser(
    size: tuple[int, int], language: str, progress: str, pages: Pages
) -> None:
    first, other = [pages.blank(size=size, dark=False, language=language) for _ in range(2)]
    first.goto(pages.app.url + "/duplicates?class=same_bytes")
    decided(first, progress.format(0))
    with first.expect_response(re.compile("/decisions")):
        first.keyboard.press("1")
    other.goto(pages.app.url + "/duplicates?class=same_bytes")
    decided(other, progress.format(1))
    assert first.context is not other.context
    with first.expect_response(re.compile("/decisions")):
        first.keyboard.press("u")
    decided(first, progress.format(0))
    other.reload()
    decided(other, progress.format(0))


def test_where_a_decision_cannot_be_written_it_is_taken_back_and_said(pages: Pages) -> None:
    pages.expected.append("status of 507")
    page = pages.at("/duplicates?class=same_bytes")
    decided(page, "0 of 2 decided")
    held: list[Route] = []
    page.route("**/decisions?*", lambda route: held.append(route))
    with page.expect_request(re.compile("/decisions")):
        page.keyboard.press("1")
    decided(page, "1 of 2 decided")  # before anybody has answered
    expect(page.get_by_role("heading", name="Group 2 of 2")).to_be_visible()
    held[0].fulfill(status=507, json=FULL, content_type="application/problem+json")
    expect(page.get_by_role("heading", name="Group 1 of 2")).to_be_visible()
    decided(page, "0 of 2 decided")
    expect(page.locator(".toast")).to_be_visible()
    page.unroute("**/decisions?*")
    with page.expect_response(re.compile("/decisions")):
        page.keyboard.press("1")
    page.reload()
    decided(page, "1 of 2 decided")


def test_what_an_older_app_kept_in_the_browser_is_taken_over_once(pages: Pages) -> None:
    [first, _] = groups(pages.app, "same_bytes")
    best, copy = first["images"]
    listed_before = {
        **{name: copy[name] for name in ("id", "path", "bytes", "sha256")},
        "kept": best["path"],
    }
    step = {"job": "before", "group": 1, "cls": "same_bytes", "did": "keep", "isEnd": True}
    gone = {**listed_before, "id": "0b9f6f2e-4b0e-5c39-9a51-2f0d3a1c7e44", "path": "/old.jpg"}
    other = {**step, "cls": "burst", "listed": [{**gone, "sha256": "ab" * 32}]}
    page = pages.at("/duplicates?class=same_bytes")
    decided(page, "0 of 2 decided")
    kept = json.dumps([{**step, "listed": [listed_before]}, other])
    page.evaluate("kept => localStorage.setItem('tidy:default', kept)", kept)
    page.route("**/duplicates/not-needed", lambda route: route.fulfill(status=507, json=FULL))
    pages.expected.append("status of 507")
    page.reload()
    decided(page, "0 of 2 decided")
    assert page.evaluate("localStorage.getItem('tidy:default')") == kept
    page.unroute("**/duplicates/not-needed")
    page.reload()
    decided(page, "1 of 2 decided")
    assert page.evaluate("localStorage.getItem('tidy:default')") is None
    assert {(line["path"], line["kept"]) for line in listed(page)} == {
        (copy["path"], best["path"]),
        ("/old.jpg", best["path"]),
    }
