"""The map: where pictures were taken, and a part of it as a filter."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.app_rig import DESKTOP, PHONE, Pages

DEGREES_A_PIXEL = 360 / (256 * 2**5)  # at zoom 5


def middle(url: str) -> list[float]:
    """Latitude, longitude and zoom of an address."""
    [view] = parse_qs(urlsplit(url).query)["view"]
    return [float(one) for one in view.split(",")]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["large", "small"])
def test_a_mark_shows_its_pictures_and_leads_to_them_as_a_list(
    size: tuple[int, int], pages: Pages
) -> None:
    page = pages.at("/map?view=46,12,4", size=size)
    page.get_by_role("button", name="photos taken here").first.click()
    panel = page.get_by_role("complementary")
    expect(panel.get_by_role("heading")).to_contain_text(",")  # a city and its country
    expect(panel.get_by_role("img").first).to_be_visible()
    box = page.evaluate("new URLSearchParams(location.search).get('box')")
    edges = dict(zip(("south", "west", "north", "east"), map(float, box.split(",")), strict=True))
    filters = json.dumps({"box": edges})
    found = pages.app.http.get("/api/v1/images", params={"filters": filters}).json()["total"]
    expect(panel.get_by_text(f"{found} photos")).to_be_visible()
    panel.get_by_role("link", name="Open as grid").click()
    expect(page).to_have_url(re.compile(r"/\?(?!.*/map).*box="))
    page.go_back()
    expect(panel.get_by_role("img").first).to_be_visible()
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_be_hidden()


def test_it_is_moved_by_keys_and_mouse_and_the_address_remembers_where(pages: Pages) -> None:
    page = pages.at("/map?view=46,12,4")
    stage = page.get_by_role("application")
    expect(page.get_by_role("button", name="photos taken here").first).to_be_visible()
    stage.focus()
    page.keyboard.press("+")
    expect(page).to_have_url(re.compile("5.00$"))
    nearer = page.url
    page.keyboard.press("ArrowRight")
    expect(page).not_to_have_url(nearer)
    moved = page.url
    assert middle(moved)[1] > 12.5
    page.mouse.move(700, 500)
    page.mouse.down()
    page.mouse.move(500, 500, steps=4)
    page.mouse.up()
    east = middle(moved)[1] + 200 * DEGREES_A_PIXEL
    page.wait_for_url(lambda url: abs(middle(url)[1] - east) < 0.1)
    kept = page.url
    page.reload()
    expect(page.get_by_role("application")).to_be_visible()
    assert page.url == kept


def test_what_has_no_location_is_counted_and_found(pages: Pages) -> None:
    without = pages.app.http.get("/api/v1/images", params={"has_gps": False}).json()["total"]
    page = pages.at("/map")
    page.get_by_role("link", name=f"{without} photos have no location").click()
    expect(page).to_have_url(f"{pages.app.url}/?gps=0")
