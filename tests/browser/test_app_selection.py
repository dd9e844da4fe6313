"""The bar of what is selected: it does to all of them what it says, and can be taken back."""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.app_rig import PHONE, App, Pages


@pytest.fixture
def photos(pages: Pages) -> Iterator[Page]:
    page = pages.at("/")
    expect(page.get_by_role("gridcell").first).to_be_visible()
    yield page
    assert pages.complaints == []


def chosen(page: Page, *numbers: int) -> tuple[Locator, list[str]]:
    """The bar, after these pictures of the list were selected, and their ids."""
    ids = page.locator(".tile").evaluate_all("tiles => tiles.map(one => one.dataset.id)")
    for number in numbers:
        page.locator(".tile").nth(number).hover()
        page.locator(".tile-check").nth(number).click()
    bar = page.get_by_role("toolbar", name="What to do with the selected pictures")
    expect(bar).to_contain_text(f"{len(numbers)} selected")
    return bar, [ids[number] for number in numbers]


def said_of(app: App, image: str) -> dict[str, Any]:
    said = app.http.get(f"/api/v1/images/{image}/annotation").json()
    assert isinstance(said, dict)
    return said


def test_escape_and_the_cross_end_the_selection_and_the_bar_with_it(photos: Page) -> None:
    bar, _ = chosen(photos, 0, 1)
    photos.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    bar, _ = chosen(photos, 2)
    bar.get_by_role("button", name="Select none").click()
    expect(bar).to_be_hidden()
    assert photos.evaluate("document.activeElement.className") == "tile-link"


def test_stars_tags_and_hearts_are_given_to_all_and_stars_are_taken_back(
    photos: Page, app: App
) -> None:
    bar, ids = chosen(photos, 0, 2)
    bar.get_by_role("button", name="Rate").click()
    photos.get_by_role("menuitem", name="4 stars").click()
    expect(photos.get_by_role("status").get_by_text("2 pictures rated")).to_be_visible()
    assert [said_of(app, one)["rating"] for one in ids] == [4, 4]
    photos.get_by_role("button", name="Undo").click()
    expect(photos.get_by_role("button", name="Undo")).to_have_count(0)
    bar.get_by_role("button", name="Tags").click()
    photos.get_by_label("Add to all of them").fill("to print, wall")
    photos.keyboard.press("Enter")
    expect(photos.get_by_text("Tags of 2 pictures changed")).to_be_visible()
    expect(photos.get_by_role("dialog")).to_have_count(0)
    for one in ids:
        assert said_of(app, one) == {
            "rating": None,
            "favourite": None,
            "tags": ["to print", "wall"],
        }
    expect(bar).to_be_visible()


def test_tags_are_taken_back_from_those_alone_that_had_them_not(photos: Page, app: App) -> None:
    bar, ids = chosen(photos, 1, 3, 5)
    url = "/api/v1/images/{}/annotation"
    app.http.put(url.format(ids[1]), json={"tags": ["Sea", "old"], "rating": 2})
    bar.get_by_role("button", name="Tags").click()
    photos.get_by_label("Add to all of them").fill("sea, new")
    photos.get_by_label("Take off all of them").fill("OLD")
    photos.keyboard.press("Enter")
    expect(photos.get_by_text("Tags of 3 pictures changed")).to_be_visible()
    tags = [said_of(app, one)["tags"] for one in ids]
    assert tags == [["new", "sea"], ["new", "Sea"], ["new", "sea"]]
    photos.get_by_role("button", name="Undo").click()
    expect(photos.get_by_text("The tags are as they were")).to_be_visible()
    assert said_of(app, ids[1]) == {"rating": 2, "favourite": None, "tags": ["old", "Sea"]}
    assert said_of(app, ids[0])["tags"] == said_of(app, ids[2])["tags"] == []
    app.http.put(url.format(ids[1]), json={})


def test_what_is_forgotten_leaves_its_file_and_comes_back_with_undo(photos: Page, app: App) -> None:
    bar, ids = chosen(photos, 1)
    bar.get_by_role("button", name="Forget").click()
    asked = photos.get_by_role("dialog", name="Forget 1 picture?")
    expect(asked).to_contain_text("The files stay untouched")
    asked.get_by_role("button", name="Forget").click()
    expect(photos.get_by_role("status").get_by_text("forgotten")).to_be_visible()
    expect(bar).to_be_hidden()
    tile = photos.locator(f".tile[data-id='{ids[0]}']")
    expect(tile).to_have_class(re.compile(r"\bgone\b"))
    assert app.http.get(f"/api/v1/images/{ids[0]}").status_code == 404
    photos.get_by_role("button", name="Undo").click()
    expect(photos.get_by_role("status").get_by_text("back")).to_be_visible()
    expect(tile).not_to_have_class(re.compile(r"\bgone\b"))
    assert app.http.get(f"/api/v1/images/{ids[0]}").status_code == 200


def test_a_refusal_is_told_and_nothing_is_claimed(photos: Page, pages: Pages) -> None:
    pages.expected.append("503")
    refusal = {"code": "ERR_STORAGE_FULL", "detail": "The disk is full.", "status": 507}
    photos.route("**/selection/annotation", lambda route: route.fulfill(status=503, json=refusal))
    bar, _ = chosen(photos, 0)
    bar.get_by_role("button", name="Favourite").click()
    expect(photos.get_by_role("status").get_by_text("Something broke on our side")).to_be_visible()
    expect(photos.get_by_role("button", name="Undo")).to_have_count(0)
    expect(bar.get_by_role("button", name="Favourite")).to_have_attribute("aria-pressed", "false")
    expect(photos.locator(".tile-heart")).to_have_count(0)


def test_the_originals_come_as_a_zip(photos: Page) -> None:
    bar, _ = chosen(photos, 0, 1)
    with photos.expect_download() as download:
        bar.get_by_role("button", name="Download ZIP").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert len(archive.namelist()) == 2
    expect(bar).to_be_visible()


def test_a_selection_comes_as_a_table_for_spreadsheets(photos: Page) -> None:
    bar, ids = chosen(photos, 0, 1)
    bar.get_by_role("button", name="Export").click()
    with photos.expect_download() as download:
        photos.get_by_role("menuitem", name="Table for spreadsheets (CSV)").click()
    assert download.value.suggested_filename == "photoseek-images.csv"
    with open(download.value.path(), newline="", encoding="utf-8") as file:
        assert [row["id"] for row in csv.DictReader(file)] == ids
    expect(photos.get_by_role("status").get_by_text("The table of 2 pictures")).to_be_visible()


def test_a_selection_is_exported_and_the_files_are_downloaded_from_its_job(
    photos: Page, pages: Pages, app: App
) -> None:
    bar, ids = chosen(photos, 0, 3)
    bar.get_by_role("button", name="Export").click()
    photos.get_by_role("menuitem", name="With vectors (Parquet)").click()
    expect(photos.get_by_role("status").get_by_text("The export of 2 pictures")).to_be_visible()
    photos.get_by_role("status").get_by_role("button", name="Show", exact=True).click()
    file = photos.get_by_role("link", name="images-00000.parquet")
    with photos.expect_download() as download:
        file.click()
    table = pq.read_table(download.value.path())
    assert sorted(table["id"].to_pylist()) == sorted(ids)
    expect(photos.get_by_role("link", name="manifest.json")).to_be_visible()
    [made] = app.http.get("/api/v1/exports").json()["exports"]
    app.http.delete(f"/api/v1/exports/{made['id']}")
    pages.expected.append("404 (Not Found)")
    photos.reload()
    expect(photos.get_by_text("It is not there any more.")).to_be_visible()


def test_on_a_phone_every_action_has_a_name_and_can_be_scrolled_to(pages: Pages) -> None:
    page = pages.at("/", size=PHONE)
    expect(page.get_by_role("gridcell").first).to_be_visible()
    page.locator("a.tile-link[tabindex='0']").focus()
    page.keyboard.press("Space")
    forget = page.get_by_role("toolbar").get_by_role("button", name="Forget")
    forget.scroll_into_view_if_needed()
    box = forget.bounding_box()
    assert box
    assert box["x"] + box["width"] <= PHONE[0]
    assert box["height"] >= 44
    assert pages.complaints == []
