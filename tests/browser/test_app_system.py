"""The system: collections are made, renamed and deleted; what runs, settings and log are seen."""

from __future__ import annotations

import logging

from playwright.sync_api import expect

from tests.browser.app_rig import PHONE, Pages


def test_a_collection_is_made_renamed_and_deleted_by_its_typed_name(pages: Pages) -> None:
    page = pages.at("/system")
    page.get_by_role("button", name="New").click()
    page.get_by_role("textbox", name="Name").fill("holidays")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("row", name="holidays")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="was made")).to_be_visible()
    page.get_by_role("button", name="Actions for holidays").click()
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_role("textbox", name="Name").fill("journeys")
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("link", name="journeys").click()
    expect(page.get_by_role("heading", name="journeys")).to_be_visible()
    assert page.title() == "journeys · System · Photoseek"
    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("another")
    dialog.get_by_role("button", name="Delete").click()
    expect(dialog.get_by_role("alert")).to_contain_text("journeys")
    assert "journeys" in pages.app.running.collections()
    dialog.get_by_role("textbox").fill("journeys")
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("row", name="default")).to_be_visible()
    expect(page.get_by_role("row", name="journeys")).to_have_count(0)
    assert pages.app.running.collections() == ["default"]


def test_a_name_that_cannot_be_is_told_in_words(pages: Pages) -> None:
    pages.expected.append("status of 4")
    page = pages.at("/system")
    page.get_by_role("button", name="New").click()
    page.get_by_role("textbox", name="Name").fill("default")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("status").filter(has_text="default")).to_be_visible()


def test_what_runs_and_what_it_takes_is_seen(pages: Pages) -> None:
    system = pages.app.http.get("/api/v1/system").json()
    page = pages.at("/system", size=PHONE)
    expect(page.get_by_text("All is well")).to_be_visible()
    expect(page.get_by_text("tiny-shapes").first).to_be_visible()
    expect(
        page.get_by_text(f"{system['version']} · schema {system['schema_version']}")
    ).to_be_visible()
    expect(page.get_by_role("heading", name="Storage")).to_be_visible()


def test_settings_are_found_and_the_log_runs_on(pages: Pages) -> None:
    page = pages.at("/system/settings")
    page.get_by_role("searchbox", name="Find a setting").fill("thumbnail")
    expect(page.get_by_text("THUMBNAIL_SIDE_PX")).to_be_visible()
    expect(page.get_by_text("MAX_RUNNING_JOBS")).to_have_count(0)
    page.get_by_role("link", name="Log", exact=True).click()
    for line in ("first_line", "second_line"):  # the service runs in this process
        logging.getLogger("tests").warning(line)
        expect(page.locator(".log li", has_text=line)).to_be_visible()
    page.get_by_role("radio", name="Errors").click()
    expect(page.locator(".log li", has_text="first_line")).to_have_count(0)


def test_what_is_written_in_a_dialog_is_left_by_a_click_beside_it_alone(pages: Pages) -> None:
    page = pages.at("/system")
    page.get_by_role("button", name="New").click()
    dialog = page.get_by_role("dialog")
    name = dialog.get_by_role("textbox", name="Name")
    name.fill("a long name")
    dialog.click(position={"x": 5, "y": 5})
    expect(name).to_have_value("a long name")
    box = name.bounding_box()
    assert box
    page.mouse.move(box["x"] + 60, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(10, 400, steps=4)  # a selection that ends beside the dialog
    page.mouse.up()
    expect(name).to_be_focused()
    page.mouse.click(10, 400)
    expect(dialog).to_have_count(0)
