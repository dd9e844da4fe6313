"""One picture, large: opened over a place, which is told where it goes and when it closes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.app_rig import DESKTOP, PHONE, App, Pages
from tests.browser.looks import everybody_can_use
from tests.browser.viewer_rig import OPENER, opened, sharp, some_images

ZOOM = "parseFloat(document.querySelector('.zoom-now').textContent)"


@pytest.fixture
def images(app: App) -> list[dict[str, Any]]:
    return some_images(app)


def test_the_picture_its_number_and_the_large_preview_are_shown(
    pages: Pages, images: list[dict[str, Any]]
) -> None:
    page = opened(pages, images, 4, name="sand dunes")
    expect(page.get_by_text("5 of 8 in “sand dunes”")).to_be_visible()
    assert images[4]["id"] in sharp(page)
    box = page.locator(".frame").bounding_box()
    assert box is not None
    assert box["width"] / box["height"] == pytest.approx(
        images[4]["width_px"] / images[4]["height_px"], rel=0.01
    )
    expect(page.locator(".similar-row a")).to_have_count(12)


def test_arrows_go_on_and_tell_the_opener_and_escape_closes(
    pages: Pages, images: list[dict[str, Any]]
) -> None:
    page = opened(pages, images)
    expect(page.get_by_role("button", name="Previous picture")).to_be_hidden()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("2 of 8")).to_be_visible()
    page.get_by_role("button", name="Next picture").click()
    expect(page.get_by_text("3 of 8")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("2 of 8")).to_be_visible()
    assert page.evaluate("told.moves") == [images[at]["id"] for at in (1, 2, 1)]
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.wait_for_function("told.closed === 1")


def test_what_the_opener_shows_or_closes_is_not_told_back(
    pages: Pages, images: list[dict[str, Any]]
) -> None:
    page = opened(pages, images)
    page.evaluate("id => viewer.show(id)", images[5]["id"])
    expect(page.get_by_text("6 of 8")).to_be_visible()
    page.evaluate("viewer.close()")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.evaluate("told") == {"moves": [], "closed": 0}


def test_a_picture_that_no_list_knows_is_shown_alone(
    pages: Pages, app: App, images: list[dict[str, Any]]
) -> None:
    page = opened(pages, images)
    other = app.http.get("/api/v1/images?limit=1&sort=taken_at&order=desc").json()["images"][0]
    page.evaluate("id => viewer.show(id)", other["id"])
    expect(page.locator(".details").get_by_text(other["filename"]).first).to_be_visible()
    expect(page.get_by_role("button", name="Next picture")).to_be_hidden()


def test_a_picture_that_is_not_in_the_collection_says_so(
    pages: Pages, images: list[dict[str, Any]]
) -> None:
    pages.expected.append("status of 404")
    page = opened(pages, images)
    page.evaluate("viewer.show('00000000-0000-4000-8000-000000000000')")
    expect(page.get_by_text("not in the collection any more")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Back").last.click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_zoom_goes_to_full_size_stays_in_its_bounds_and_is_whole_again_for_the_next(
    pages: Pages, images: list[dict[str, Any]]
) -> None:
    page = opened(pages, images, size=(800, 600))
    sharp(page)
    stage = page.locator(".stage").bounding_box()
    assert stage is not None
    middle = (stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2)
    page.mouse.move(*middle)
    page.mouse.wheel(0, -400)
    near = page.locator(".stage.near")
    expect(near).to_be_visible()
    page.mouse.down()
    page.mouse.move(middle[0] + 3000, middle[1] + 3000, steps=4)
    page.mouse.up()
    frame = page.locator(".frame").bounding_box()
    assert frame is not None
    assert frame["x"] <= stage["x"] + stage["width"]
    assert frame["y"] <= stage["y"] + stage["height"]
    page.keyboard.press("0")
    expect(near).to_have_count(0)
    page.mouse.dblclick(*middle)
    expect(near).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("2 of 8")).to_be_visible()
    expect(near).to_have_count(0)


def test_buttons_zoom_in_steps_and_name_the_percents(
    pages: Pages, images: list[dict[str, Any]]
) -> None:
    page = opened(pages, images)
    now = page.locator(".zoom-now")
    expect(now).to_have_text("Fit")
    page.get_by_role("button", name="Nearer").click()
    expect(now).to_have_text(re.compile(r"^\d+ %$"))
    first = page.evaluate(ZOOM)
    page.keyboard.press("+")
    assert page.evaluate(ZOOM) > first
    now.click()
    expect(now).to_have_text("Fit")


def test_similar_pictures_are_gone_through_and_left_again(
    pages: Pages, images: list[dict[str, Any]]
) -> None:
    page = opened(pages, images, 2)
    page.locator(".similar-row a").first.click()
    expect(page.get_by_text(re.compile("^1 of 12 similar to"))).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text(re.compile("^2 of 12 similar to"))).to_be_visible()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("3 of 8")).to_be_visible()
    see_all = page.get_by_role("link", name="See all")
    expect(see_all).to_have_attribute("href", f"/?like={images[2]['id']}")


def test_the_panel_tells_what_the_file_says_and_is_kept_closed(
    pages: Pages, images: list[dict[str, Any]]
) -> None:
    at, image = next(
        (at, one) for at, one in enumerate(images) if one["latitude"] is not None and one["lens"]
    )
    page = opened(pages, images, at)
    panel = page.get_by_role("complementary", name="Details")
    expect(panel.get_by_text("Fits well")).to_be_visible()
    expect(panel.get_by_text("0.78")).to_be_visible()
    expect(panel.get_by_text(image["lens"])).to_be_visible()
    expect(panel.get_by_text("read from: the image")).to_be_visible()
    expect(panel.locator("code")).to_have_text(image["path"])
    expect(panel.get_by_role("link", name="Show on the map")).to_have_attribute(
        "href", re.compile(r"^/map\?box=")
    )
    expect(panel.get_by_role("link", name="Show this folder")).to_have_attribute(
        "href", f"/?folder={Path(image['path']).parent}"
    )
    page.keyboard.press("i")
    expect(panel).to_be_hidden()
    page.evaluate("viewer.close()")
    page.evaluate(OPENER, {"ids": [image["id"]], "at": image["id"], "name": None})
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_role("button", name="Details")).to_have_attribute("aria-pressed", "false")
    expect(panel).to_be_hidden()


def test_on_a_phone_a_swipe_goes_on_and_another_closes(
    pages: Pages, images: list[dict[str, Any]]
) -> None:
    page = opened(pages, images, size=PHONE)
    sharp(page)
    client = page.context.new_cdp_session(page)

    def swipe(by_x: int, by_y: int) -> None:
        at = {"x": 200, "y": 350}
        client.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [at]})
        for part in (0.3, 0.6, 1):
            to = {"x": at["x"] + by_x * part, "y": at["y"] + by_y * part}
            client.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [to]})
        client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    swipe(-150, 10)
    expect(page.get_by_text("2 of 8")).to_be_visible()
    swipe(150, 10)
    expect(page.get_by_text("1 of 8")).to_be_visible()
    swipe(5, 200)
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.wait_for_function("told.closed === 1")


def test_two_fingers_zoom_to_where_they_are(pages: Pages, images: list[dict[str, Any]]) -> None:
    page = opened(pages, images, size=PHONE)
    sharp(page)
    client = page.context.new_cdp_session(page)
    for kind, apart in (("touchStart", 20), ("touchMove", 60), ("touchMove", 120)):
        fingers = [{"x": 195 - apart, "y": 350, "id": 0}, {"x": 195 + apart, "y": 350, "id": 1}]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page.locator(".stage.near")).to_be_visible()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate("told.moves") == []


def test_that_nobody_answers_is_said_over_the_picture(
    pages: Pages, images: list[dict[str, Any]]
) -> None:
    pages.expected.append("ERR_FAILED")
    page = opened(pages, images)
    sharp(page)
    page.route("**/api/**", lambda route: route.abort())
    page.keyboard.press("ArrowRight")
    said = page.get_by_role("dialog").get_by_text("No connection to Photoseek. Next try")
    expect(said).to_be_visible()
    page.unroute("**/api/**")
    page.get_by_role("button", name="Try now").click()
    expect(page.get_by_text("Next try in")).to_have_count(0)


def test_a_key_asks_for_more_like_it_by_the_address(
    pages: Pages, images: list[dict[str, Any]]
) -> None:
    page = opened(pages, images)
    sharp(page)
    page.keyboard.press("l")
    expect(page).to_have_url(f"{pages.app.url}/?like={images[0]['id']}")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_everybody_can_use_it(
    size: tuple[int, int], pages: Pages, images: list[dict[str, Any]]
) -> None:
    page = opened(pages, images, 2, size=size, name="red", language="de-DE")
    sharp(page)
    if size == PHONE:
        page.get_by_role("button", name="Details").click()
    expect(page.get_by_role("complementary", name="Details")).to_be_visible()
    expect(page.locator(".details-title")).to_be_visible()
    everybody_can_use(page, within="dialog")
