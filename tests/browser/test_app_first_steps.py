"""What the app shows before the first import, and of a collection that is not there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.app_rig import DESKTOP, PHONE, App, Pages, real_app

# The browser notes each answer that is an error; who opens the app does not see it.
NOT_THERE = "404 (Not Found)"
IMPORT_MS = 60_000


@pytest.fixture
def fresh(chromium: Browser, inference_url: str, tmp_path: Path) -> Iterator[App]:
    with real_app(tmp_path / "new", inference_url, count=3, is_imported=False) as app:
        yield app


@pytest.fixture
def fresh_pages(chromium: Browser, fresh: App) -> Iterator[Pages]:
    pages = Pages(chromium, fresh, expected=[NOT_THERE])
    yield pages
    pages.close()
    assert pages.complaints == []


def test_who_has_imported_nothing_is_led_to_a_folder(fresh_pages: Pages, fresh: App) -> None:
    page = fresh_pages.at("/imports")
    expect(page.get_by_role("heading", name="Show Photoseek your pictures")).to_be_visible()
    page.get_by_role("link", name=str(fresh.library.folder)).click()
    expect(page.get_by_role("treeitem").first).to_have_attribute("aria-selected", "true")


def test_every_place_of_a_fresh_app_leads_to_the_first_import(
    fresh_pages: Pages, fresh: App
) -> None:
    for size in (DESKTOP, PHONE):
        page = fresh_pages.blank(size=size, dark=False, language="en-GB")
        for address in ("/", "/?q=red", "/?camera=X", "/map", "/duplicates"):
            page.goto(fresh.url + address)
            expect(page.get_by_role("heading", name="No photos yet")).to_be_visible()
            expect(page.locator("main")).not_to_contain_text("ERR_")
            expect(page.locator("main")).not_to_contain_text("no such collection")
            expect(page.locator(".facets:visible")).to_have_count(0)
            page.locator("main").get_by_role("link", name="Import").click()
            page.wait_for_url("**/imports/new*")


def test_the_first_import_leads_to_its_photos(fresh_pages: Pages) -> None:
    page = fresh_pages.at("/")
    page.get_by_role("link", name="Import a folder").click()
    expect(page.get_by_role("treeitem").first).to_have_attribute("aria-selected", "true")
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_role("link", name="See the photos").click(timeout=IMPORT_MS)
    expect(page.get_by_role("gridcell").first).to_be_visible()
    expect(page.locator(".facets")).to_be_visible()


def test_the_only_collection_is_shown_whatever_its_name(fresh_pages: Pages, fresh: App) -> None:
    fresh.http.post("/api/v1/collections", json={"name": "Holiday"}).raise_for_status()
    asked = {"directory_path": str(fresh.library.folder), "collection": "Holiday"}
    job = fresh.http.post("/api/v1/ingest", json=asked).raise_for_status().json()
    page = fresh_pages.at(f"/imports/{job['job_id']}")
    page.get_by_role("link", name="See the photos").click(timeout=IMPORT_MS)
    page.wait_for_url("**/?in=Holiday")
    page.goto(fresh.url)
    expect(page.get_by_role("gridcell").first).to_be_visible()
    page.get_by_role("link", name="Map").click()
    page.wait_for_url("**/map?in=Holiday")
    page.goto(f"{fresh.url}/?in=Holidays")
    expect(page.get_by_role("heading", name="There is no collection “Holidays”")).to_be_visible()
    page.get_by_role("link", name="To all photos", exact=True).click()
    expect(page.get_by_role("gridcell").first).to_be_visible()
