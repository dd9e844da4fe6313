"""Tidying up: what is not kept goes on a list, no file is touched, and all can be taken back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.app_rig import DESKTOP, PHONE, App, Pages
from tests.browser.looks import WATCH_SHIFTS, everybody_can_use, nothing_jumps, settled
from tests.browser.made_library import NASTY
from tests.browser.tidy_rig import decided, groups, is_there, listed, tidied, tidying


@pytest.fixture(scope="module")
def tidy(inference_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with tidied(tmp_path_factory.mktemp("tidy"), inference_url) as app:
        yield app


@pytest.fixture
def pages(chromium: Browser, tidy: App) -> Iterator[Pages]:
    with tidying(chromium, tidy) as opened:
        yield opened


def test_where_nobody_has_looked_a_button_does_and_shows_what_was_found(pages: Pages) -> None:
    app = pages.app
    app.http.post("/api/v1/collections", json={"name": "twice"})
    body = {"directory_path": str(app.library.folder / "copies"), "collection": "twice"}
    job = app.http.post("/api/v1/ingest", json=body).json()["job_id"]
    with app.http.stream("GET", f"/api/v1/jobs/{job}/events") as events:
        events.read()
    page = pages.at("/duplicates?in=twice")
    page.get_by_role("button", name="Look for duplicates").click()
    expect(page.get_by_role("link", name=re.compile("Same picture"))).to_be_visible()
    expect(page.get_by_role("heading", name="Group 1 of 1")).to_be_visible()
    expect(page).to_have_title("Same picture · Tidy up · Photoseek")
    expect(page.get_by_text(re.compile("Suggested to keep: more pixels"))).to_be_visible()


def test_what_is_not_kept_leaves_and_is_listed_until_it_is_taken_back(pages: Pages) -> None:
    [group] = groups(pages.app, "same_picture")
    best, second, third = group["images"]
    page = pages.at("/duplicates?class=same_picture")
    expect(page.get_by_text("3 files", exact=True)).to_be_visible()
    with page.expect_response(re.compile("/selection/forget")):  # what is shown is written then
        page.keyboard.press("1")  # the left one stays, the next comes to the right
    expect(page.get_by_text("2 files", exact=True)).to_be_visible()
    expect(page.get_by_role("columnheader", name=third["filename"])).to_be_visible()
    decided(page, "0 of 1 decided")
    with page.expect_response(re.compile("/selection/forget")):
        page.keyboard.press("2")
    expect(page.get_by_role("heading", name="One group decided")).to_be_visible()
    decided(page, "1 of 1 decided")
    assert [is_there(pages.app, one) for one in (best, second, third)] == [False, False, True]
    lines = {line["path"]: line["kept"] for line in listed(page)}
    copies = {one["path"] for one in best_copies(pages.app, best)}
    assert lines == {
        second["path"]: best["path"],
        best["path"]: third["path"],
        **dict.fromkeys(copies, third["path"]),
    }
    assert all(Path(one).is_file() for one in lines), "no file is ever deleted"
    page.reload()  # what was decided can be taken back later, too
    decided(page, "1 of 1 decided")
    page.keyboard.press("u")
    expect(page.get_by_text("2 files", exact=True)).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_text("3 files", exact=True)).to_be_visible()
    decided(page, "0 of 1 decided")
    assert all(is_there(pages.app, one) for one in group["images"])


def best_copies(app: App, image: dict[str, Any]) -> list[dict[str, Any]]:
    """Other files of its bytes that the library was made with."""
    same = Path(image["path"]).read_bytes()
    files = (one for one in app.library.folder.rglob("*.jpg") if str(one) != image["path"])
    return [{"path": str(one)} for one in files if one.read_bytes() == same]


def test_a_copy_of_the_same_file_only_goes_on_the_list_also_after_a_reload(pages: Pages) -> None:
    found = groups(pages.app, "same_bytes")
    page = pages.at("/duplicates?class=same_bytes")
    expect(
        page.get_by_text(re.compile("stays in Photoseek until its file is gone"))
    ).to_be_visible()
    for number in range(len(found)):
        decided(page, f"{number} of {len(found)} decided")
        with page.expect_response(re.compile("/decisions")):
            page.get_by_role("button", name="Keep left").click()
    decided(page, f"{len(found)} of {len(found)} decided")
    page.reload()
    expect(page.get_by_role("heading", name="All 2 groups are decided")).to_be_visible()
    assert {line["path"] for line in listed(page)} == {one["images"][1]["path"] for one in found}
    assert all(is_there(pages.app, image) for one in found for image in one["images"])
    page.keyboard.press("u")
    decided(page, "1 of 2 decided")
    expect(page.get_by_role("columnheader", name=NASTY)).to_be_visible()  # as a text


def test_what_is_put_off_comes_again_and_only_in_this_tab(pages: Pages) -> None:
    page = pages.at("/duplicates?class=same_bytes")
    expect(page.get_by_role("heading", name="Group 1 of 2")).to_be_visible()
    page.keyboard.press("s")
    expect(page.get_by_role("heading", name="Group 2 of 2")).to_be_visible()
    page.get_by_role("button", name="Later").click()
    expect(page.get_by_role("heading", name="2 groups are put off")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Decide now").click()
    expect(page.get_by_role("heading", name="Group 1 of 2")).to_be_visible()
    decided(page, "0 of 2 decided")


def test_both_pictures_are_shown_by_turns_in_one_place(pages: Pages) -> None:
    page = pages.at("/duplicates?class=same_bytes")
    frames = page.locator(".tidy-frame")
    expect(frames.first).to_be_visible()
    expect(frames.last).to_be_visible()
    page.keyboard.press("d")
    expect(frames.last).to_be_hidden()
    expect(frames.first).to_be_hidden()  # a moment later
    expect(frames.last).to_be_visible()
    page.keyboard.press("d")
    expect(frames.first).to_be_visible()
    expect(frames.last).to_be_visible()


def test_on_a_phone_one_frame_shows_the_one_that_is_chosen(pages: Pages) -> None:
    page = pages.at("/duplicates?class=same_picture", size=PHONE)
    frames = page.locator(".tidy-frame")
    expect(frames.first).to_be_visible()
    expect(frames.last).to_be_hidden()
    page.get_by_role("radio", name="B").click()
    expect(frames.first).to_be_hidden()
    expect(frames.last).to_be_visible()
    expect(page.get_by_role("button", name="Keep A", exact=True)).to_be_visible()


def test_a_picture_opens_large_and_comes_back_to_where_it_was(pages: Pages) -> None:
    [group] = groups(pages.app, "same_picture")
    first, second, third = (one["filename"] for one in group["images"])
    page = pages.at("/duplicates?class=same_picture")
    opener = page.get_by_role("button", name=f"Open {first} large")
    opener.focus()
    page.keyboard.press("Enter")
    viewer = page.get_by_role("dialog", name="Picture")
    expect(viewer).to_be_visible()
    expect(page).to_have_url(re.compile(f"photo={group['images'][0]['id']}"))
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(f"photo={group['images'][1]['id']}"))
    page.keyboard.press("1")  # stars, and no decision
    page.keyboard.press("Escape")
    expect(viewer).to_have_count(0)
    expect(page.get_by_role("button", name=f"Open {second} large")).to_be_focused()
    expect(page).to_have_url(re.compile(f"group={group['id']}$"))
    decided(page, "0 of 1 decided")
    assert all(is_there(pages.app, one) for one in group["images"])
    page.goto(f"{page.url}&photo={group['images'][2]['id']}")
    expect(viewer).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name=f"Compare with {third}")).to_be_focused()
    pages.app.http.put(f"/api/v1/images/{group['images'][1]['id']}/annotation", json={})


@pytest.mark.parametrize(
    ("size", "dark", "language"),
    [(DESKTOP, False, "en-GB"), (PHONE, True, "de-DE")],
    ids=["large", "small"],
)
def test_everybody_can_decide_and_nothing_jumps(
    size: tuple[int, int], dark: bool, language: str, pages: Pages
) -> None:
    page = pages.blank(size=size, dark=dark, language=language)
    page.add_init_script(WATCH_SHIFTS)
    page.goto(pages.app.url + "/duplicates?class=same_picture")
    expect(page.locator("img.whole.loaded").first).to_be_attached()
    settled(page)
    nothing_jumps(page)
    everybody_can_use(page)


def test_a_group_that_is_kept_is_dismissed_until_that_is_taken_back(pages: Pages) -> None:
    """The last one: the service knows the group no more."""
    found = groups(pages.app, "same_bytes")
    page = pages.at("/duplicates?class=same_bytes")
    decided(page, "0 of 2 decided")
    with page.expect_response(re.compile("/dismiss")):
        page.keyboard.press("b")
    decided(page, "1 of 2 decided")
    assert len(groups(pages.app, "same_bytes")) == 1
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="Kept as different").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(found[0]["images"][0]["path"])).to_be_visible()
    dialog.get_by_role("button", name="Take back").click()
    expect(dialog.get_by_text("the next search may find them again")).to_be_visible()
    assert pages.app.http.get("/api/v1/duplicates/dismissed").json()["dismissals"] == []
    dialog.get_by_role("button", name="Close").first.click()
    decided(page, "0 of 2 decided")  # it is asked about again
