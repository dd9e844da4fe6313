"""Originals that were moved away after the import: what is kept of them is shown, what is not is
said in words, and nothing breaks."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app_rig import DESKTOP, PHONE, App, Pages

GONE = "This file left its folder."
FIRST = 90  # by date: no other test looks at these, so that no preview of them is kept


@pytest.fixture
def vanished(app: App, pages: Pages) -> Iterator[list[dict[str, Any]]]:
    """Two images of which the first has no original."""
    pages.expected.append("status of 404")
    query = f"/api/v1/images?limit=2&sort=taken_at&offset={FIRST}"
    images: list[dict[str, Any]] = app.http.get(query).json()["images"]
    path = Path(images[0]["path"])
    aside = path.with_suffix(".aside")
    path.rename(aside)
    yield images
    pages.close()
    aside.rename(path)


def in_viewer(pages: Pages, image: dict[str, Any]) -> Page:
    page = pages.at(f"/?photo={image['id']}")
    expect(page.locator(".frame > img")).to_be_visible()
    return page


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_the_photos_show_what_is_kept_of_it(
    size: tuple[int, int], pages: Pages, vanished: list[dict[str, Any]]
) -> None:
    page = pages.at(f"/?at={vanished[0]['taken_at'][:7]}", size=size)
    tile = page.locator(f".tile[data-id='{vanished[0]['id']}']")
    expect(tile).to_have_class(re.compile(r"\bloaded\b"))
    seen = tile.locator("img")
    expect(seen).to_have_attribute("src", re.compile("/thumbnail|/preview"))
    assert seen.evaluate("one => one.naturalWidth") > 0


def test_neither_key_nor_menu_lead_to_a_file_that_is_none(
    pages: Pages, vanished: list[dict[str, Any]]
) -> None:
    page = in_viewer(pages, vanished[0])
    told = page.get_by_text(GONE)
    expect(told).to_be_visible()
    downloads: list[object] = []
    page.on("download", lambda one: downloads.append(one))
    for name in ("Open original in a new tab", "Download original"):
        page.get_by_role("button", name="More", exact=True).click()
        with page.expect_response(lambda answer: answer.request.method == "HEAD") as head:
            page.get_by_role("menuitem", name=name).click()
        assert head.value.status == 404
        expect(told).to_be_visible()
        expect(page.get_by_role("dialog").get_by_role("button", name="Forget")).to_be_visible()
    assert page.context.pages == [page]
    assert downloads == []


def test_the_next_picture_is_as_ever(pages: Pages, vanished: list[dict[str, Any]]) -> None:
    page = in_viewer(pages, vanished[0])
    expect(page.get_by_text(GONE)).to_be_visible()
    page.keyboard.press("ArrowLeft")  # the newer one: the photos begin with the newest
    expect(page).to_have_url(re.compile(vanished[1]["id"]))
    expect(page.get_by_text(GONE)).to_have_count(0)
    expect(page.locator(".frame > img")).to_have_attribute("src", re.compile("/preview|/file"))
    with page.expect_download() as download:
        page.keyboard.press("d")
    assert download.value.suggested_filename == vanished[1]["filename"]


def test_that_nobody_knows_whether_it_is_there_is_told(
    pages: Pages, vanished: list[dict[str, Any]]
) -> None:
    pages.expected.append("ERR_FAILED")
    page = in_viewer(pages, vanished[1])
    page.route("**/file?**", lambda route: route.abort())
    page.keyboard.press("d")
    expect(page.get_by_role("status").get_by_text("No connection to Photoseek.")).to_be_visible()
    expect(page.get_by_text(GONE)).to_have_count(0)


def test_a_zip_tells_which_are_missing(pages: Pages, vanished: list[dict[str, Any]]) -> None:
    page = pages.at(f"/?at={vanished[0]['taken_at'][:7]}")
    for image in vanished:
        tile = page.locator(f".tile[data-id='{image['id']}']")
        tile.hover()
        tile.locator(".tile-check").click()
    bar = page.get_by_role("toolbar", name="What to do with the selected pictures")
    expect(bar).to_contain_text("2 selected")
    with page.expect_download() as download:
        bar.get_by_role("button", name="Download ZIP").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert sorted(archive.namelist()) == sorted(["MISSING.txt", vanished[1]["filename"]])
        missing = archive.read("MISSING.txt").decode()
    assert vanished[0]["path"] in missing
    assert vanished[1]["path"] not in missing
