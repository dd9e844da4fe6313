"""The place of imports and jobs, with an app of its own: its tests import, exclude and upload."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.app_rig import PHONE, App, Pages, real_app, real_inference
from tests.browser.bad_moments import Gate

PICTURES = 24


@pytest.fixture(scope="module")
def gate() -> Gate:
    gate = Gate()
    gate.opened.set()
    return gate


@pytest.fixture(scope="module")
def app(chromium: Browser, gate: Gate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """In place of the shared one."""
    assert chromium, "without one the library need not be made"
    with (
        real_inference(tmp_path_factory.mktemp("inference"), gate=gate) as url,
        real_app(tmp_path_factory.mktemp("imports"), url, count=PICTURES) as running,
    ):
        yield running
        gate.opened.set()


def more_pictures(app: App, name: str, *, count: int = 9) -> Path:
    """A new folder, of content that was never embedded."""
    folder = app.library.folder / name
    folder.mkdir()
    for number in range(count):
        Image.effect_noise((300, 200), 40 + number).save(folder / f"{number}.jpg")
    return folder


def chosen(page: Page, folder: str) -> None:
    page.get_by_role("treeitem", name=folder).click()
    expect(page.get_by_role("treeitem", name=folder)).to_have_attribute("aria-selected", "true")


def newest(app: App) -> dict[str, Any]:
    job: dict[str, Any] = app.http.get("/api/v1/jobs", params={"limit": 1}).json()["jobs"][0]
    return job


def card(page: Page) -> Any:
    return page.locator(".job").first


def test_an_import_is_watched_live_paused_resumed_and_cancelled(pages: Pages, gate: Gate) -> None:
    app = pages.app
    app.http.post("/api/v1/collections", json={"name": "live"})
    more_pictures(app, "stopped")
    gate.opened.clear()
    page = pages.at("/imports?in=live")
    chosen(page, "stopped")
    page.get_by_role("button", name="Import", exact=True).click()
    page.wait_for_url("**/imports/*")
    job = newest(app)
    expect(card(page)).to_contain_text("of 9 photos")
    expect(card(page).locator(".badge")).to_have_text("Running")
    card(page).get_by_role("button", name="Pause").click()
    expect(card(page).locator(".badge")).to_have_text("Paused")
    assert app.http.get(f"/api/v1/jobs/{job['job_id']}").json()["state"] == "paused"
    card(page).get_by_role("button", name="Go on").click()
    expect(card(page).locator(".badge")).to_have_text("Running")
    card(page).get_by_role("button", name="Cancel").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("What is in already stays")
    dialog.get_by_role("button", name="Cancel the job").click()
    expect(card(page).locator(".badge")).to_have_text("Cancelled")
    expect(page.get_by_role("status").filter(has_text="Cancelled")).to_have_count(1)
    gate.opened.set()


def test_numbers_of_a_running_import_come_without_a_reload(pages: Pages, gate: Gate) -> None:
    app = pages.app
    app.http.post("/api/v1/collections", json={"name": "moving"})
    folder = more_pictures(app, "moving")
    gate.opened.clear()
    asked = {"directory_path": str(folder), "collection": "moving"}
    app.http.post("/api/v1/ingest", json=asked)
    page = pages.at("/imports?in=moving")
    expect(page.get_by_role("tab", selected=True)).to_have_text("Running 1")
    expect(card(page).locator(".number")).to_have_text("0")
    gate.opened.set()
    expect(card(page).locator(".number")).to_have_text("9")
    expect(card(page).locator(".badge")).to_have_text("Done")  # and stays, though it ended
    expect(card(page)).to_contain_text("9 new")
    expect(page.get_by_role("tab", name="Running")).to_have_text("Running 0")


def test_what_failed_is_told_in_sentences_and_tried_again(pages: Pages) -> None:
    app = pages.app
    page = pages.at("/imports?show=finished")
    page.get_by_role("link", name="Import of").last.click()
    expect(page.get_by_role("heading", name="2 files failed")).to_be_visible()
    failed = page.locator(".failure")
    expect(failed).to_have_count(2)
    expect(failed.first).to_contain_text("cut.jpg")
    expect(failed.first).to_contain_text("The picture is damaged or ends too early.")
    expect(failed.first).to_contain_text("ERR_DECODING_IMAGE")
    page.get_by_role("button", name="Retry all").click()
    page.get_by_role("button", name="See progress").click()
    expect(page).to_have_url(re.compile(newest(app)["job_id"]))
    expect(page.get_by_role("heading", name="2 files failed")).to_be_visible()
    page.go_back()
    page.get_by_role("button", name="Retry cut.jpg").click()
    page.get_by_role("button", name="See progress").click()
    expect(page.get_by_role("heading", name="1 file failed")).to_be_visible()


def test_a_dry_run_says_what_would_come_in_and_changes_nothing(pages: Pages) -> None:
    app = pages.app
    app.http.post("/api/v1/collections", json={"name": "empty"})
    page = pages.at("/imports?in=empty")
    chosen(page, "copies")
    page.get_by_role("button", name="Dry run").click()
    told = page.locator(".dry")
    expect(told).to_contain_text("2 pictures would come in.")
    expect(told).to_contain_text("of space needed")
    chosen(page, "2019")
    expect(told).to_have_count(0)
    assert app.http.get("/api/v1/images", params={"collection": "empty"}).json()["total"] == 0
    page = pages.at("/imports")
    chosen(page, "broken")
    page.get_by_role("button", name="Dry run").click()
    expect(page.locator(".dry")).to_contain_text("0 pictures would come in.")
    expect(page.locator(".dry")).to_contain_text("2 would fail")


def test_any_kind_of_job_is_started_by_a_form_of_its_options(pages: Pages) -> None:
    page = pages.at("/imports")
    page.get_by_role("button", name="More jobs").click()
    page.get_by_role("menuitem", name="Check the collection").click()
    dialog = page.get_by_role("dialog", name="Check the collection")
    mend = dialog.get_by_role("checkbox", name="mend")
    expect(mend).to_be_checked()
    mend.uncheck()
    dialog.get_by_role("button", name="Start").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Check the collection")
    expect(page.get_by_text("All is well")).to_be_visible()


def test_a_problem_of_an_option_is_shown_at_its_field(pages: Pages) -> None:
    pages.expected.append("400")
    page = pages.at("/imports")
    page.get_by_role("button", name="More jobs").click()
    page.get_by_role("menuitem", name="Find duplicates").click()
    dialog = page.get_by_role("dialog")
    cosine = dialog.get_by_label("Look alike from")
    cosine.fill("5")
    dialog.get_by_role("button", name="Start").click()
    expect(cosine).to_be_focused()
    expect(cosine).to_have_attribute("aria-invalid", "true")
    expect(dialog.locator(".field", has=page.get_by_label("Look alike from"))).to_contain_text(
        "less than or equal to 1"
    )
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="More jobs")).to_be_focused()


def test_a_folder_is_excluded_and_taken_back(pages: Pages) -> None:
    app = pages.app
    page = pages.at("/imports")
    chosen(page, "copies")
    page.get_by_role("button", name="More for copies").click()
    page.get_by_role("menuitem", name="Exclude from imports").click()
    expect(page.get_by_role("dialog")).to_contain_text("The files stay.")
    page.get_by_role("dialog").get_by_role("button", name="Exclude").click()
    expect(page.get_by_role("heading", name="Excluded folders")).to_be_visible()
    expect(page.get_by_role("treeitem", name="copies")).to_contain_text("excluded")
    path = str(app.library.folder / "copies")
    listed = app.http.get("/api/v1/collections/default/folders/excluded").json()["folders"]
    assert [one["path"] for one in listed] == [path]
    page.get_by_role("button", name=f"Take back {path}").click()
    expect(page.get_by_role("heading", name="Excluded folders")).to_have_count(0)
    app.running.ingest()


def test_a_folder_is_watched_until_somebody_switches_that_off(pages: Pages) -> None:
    app = pages.app
    page = pages.at("/imports")
    chosen(page, "2021")
    page.get_by_role("switch", name="Watch for changes").click()
    page.get_by_role("button", name="Import", exact=True).click()
    path = str(app.library.folder / "2021")
    watching = page.get_by_role("switch", name=f"Watch {path}")
    expect(watching).to_be_checked()
    watching.click()
    expect(watching).to_have_count(0)
    assert app.http.get("/api/v1/collections/default").json()["watches"] == []


def test_what_an_import_forgot_is_brought_back(pages: Pages) -> None:
    app = pages.app
    folder = more_pictures(app, "shrinking", count=3)
    app.running.ingest()
    (folder / "0.jpg").unlink()
    page = pages.at(f"/imports/new?path={folder}")
    expect(page.get_by_role("treeitem", name="shrinking")).to_have_attribute(
        "aria-selected", "true"
    )
    page.get_by_role("switch", name="Forget what is gone").click()
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("1 image left the collection")).to_be_visible()
    page.get_by_role("button", name="Bring back").click()
    page.get_by_role("button", name="See progress").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bring back images")
    expect(card(page).locator(".badge")).to_have_text("Done")
    expect(page.locator(".figures")).to_contain_text("brought back1")


def test_pictures_of_this_computer_are_sent_and_imported(pages: Pages, tmp_path: Path) -> None:
    picture, text = tmp_path / "from here.png", tmp_path / "notes.txt"
    Image.new("RGB", (64, 48), (200, 30, 30)).save(picture)
    text.write_text("no picture")
    page = pages.at("/imports")
    page.get_by_label("From this computer").set_input_files([picture, text])
    expect(page.get_by_text("1 stored · 1 refused")).to_be_visible()
    expect(page.get_by_text("notes.txt")).to_be_visible()
    page.get_by_role("button", name="See progress").click()
    expect(card(page)).to_contain_text("1 new")


def test_a_phone_has_the_form_on_a_page_of_its_own(pages: Pages) -> None:
    page = pages.at("/imports", size=PHONE, language="de-DE")
    expect(page.get_by_role("tree")).not_to_be_visible()
    page.get_by_role("link", name="Ordner importieren").click()
    expect(page).to_have_url(re.compile("/imports/new"))
    page.get_by_role("treeitem", name="2019").click()
    path = pages.app.library.folder / "2019"
    expect(page).to_have_url(f"{pages.app.url}/imports/new?path={path}")
    page.reload()
    expect(page.get_by_role("treeitem", name="2019")).to_have_attribute("aria-selected", "true")
    wide = page.evaluate("document.scrollingElement.scrollWidth")
    assert wide <= PHONE[0]
    page.get_by_role("link", name="Alle Importe").click()
    expect(page.get_by_role("heading", name="Importe")).to_be_visible()


def test_the_folders_are_walked_by_keys(pages: Pages) -> None:
    page = pages.at("/imports")
    root = page.get_by_role("treeitem").first
    expect(root).to_have_attribute("aria-expanded", "true")
    root.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    second = page.get_by_role("treeitem").nth(1)
    expect(second).to_be_focused()
    expect(second).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowLeft")
    expect(root).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(root).to_have_attribute("aria-expanded", "false")
    expect(second).not_to_be_visible()
