"""Albums in the app: made, filled by hand or by a search, shown, renamed, deleted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app_rig import App, Pages

# A module of the app, called as the tool bar of a search does.
SAVED_AND_BACK = """async ({ address }) => {
  const { asked } = await import("/static/js/photos/address.js");
  const { savedSearch, searchHref } = await import("/static/js/albums/saved.js");
  const search = savedSearch(asked(new URLSearchParams(address)));
  return { search, href: searchHref(search) };
}"""


@pytest.fixture(autouse=True)
def tidy(pages: Pages, app: App) -> Iterator[None]:
    yield
    for one in app.http.get("/api/v1/albums").json()["albums"]:
        app.http.delete(f"/api/v1/albums/{one['id']}")
    assert pages.complaints == []


def first_ids(app: App, count: int) -> list[str]:
    images = app.http.get("/api/v1/images", params={"limit": count}).json()["images"]
    return [one["id"] for one in images]


def made(app: App, name: str, **more: Any) -> str:
    album = app.http.post("/api/v1/albums", json={"name": name, **more}).json()
    return str(album["id"])


def select_first(page: Page) -> None:
    page.locator(".tile").first.hover()
    page.locator(".tile-check").first.click()


def test_the_first_album_is_made_where_there_is_none_and_says_how_pictures_come_in(
    pages: Pages,
) -> None:
    page = pages.at("/albums")
    expect(page.get_by_role("heading", name="No albums yet")).to_be_visible()
    page.get_by_role("button", name="New album").click()
    page.get_by_role("textbox", name="Name").fill("For the wall")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="For the wall")).to_be_visible()
    expect(page.get_by_role("heading", name="No pictures in it yet")).to_be_visible()
    expect(page).to_have_title("For the wall · Albums · Photoseek")


def test_what_was_put_in_is_taken_out_again_and_what_was_in_it_stays(
    pages: Pages, app: App
) -> None:
    page = pages.at("/")
    expect(page.get_by_role("gridcell").first).to_be_visible()
    first, second = (page.locator(".tile").nth(one).get_attribute("data-id") for one in (0, 1))
    album = made(app, "Half full", image_ids=[first])
    select_first(page)
    page.locator(".tile").nth(1).hover()
    page.locator(".tile-check").nth(1).click()
    page.get_by_role("button", name="Add to album").click()
    page.get_by_role("button", name="Half full").click()
    said = page.get_by_role("status")
    expect(said.get_by_text("1 picture")).to_be_visible()
    images = f"/api/v1/albums/{album}/images"
    assert {one["id"] for one in app.http.get(images).json()["results"]} == {first, second}
    said.get_by_role("button", name="Undo").click()
    expect(said.get_by_text("taken out")).to_be_visible()
    assert [one["id"] for one in app.http.get(images).json()["results"]] == [first]
    page.get_by_role("button", name="Add to album").click()
    page.get_by_role("button", name="Half full").click()
    expect(said.get_by_role("button", name="Open the album")).to_be_visible()


def test_selected_pictures_go_into_a_new_album_and_out_of_it_again(pages: Pages, app: App) -> None:
    page = pages.at("/")
    select_first(page)
    page.get_by_role("button", name="Add to album").click()
    page.get_by_label("Find an album, or name a new one").fill("Chosen")
    page.get_by_role("button", name="New album “Chosen”").click()
    page.get_by_role("button", name="Open the album").click()
    expect(page.get_by_role("heading", name="Chosen")).to_be_visible()
    expect(page.get_by_text("1 picture", exact=True)).to_be_visible()
    select_first(page)
    page.get_by_role("button", name="Take out").click()
    expect(page.get_by_role("heading", name="No pictures in it yet")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("gridcell")).to_have_count(1)
    [album] = app.http.get("/api/v1/albums").json()["albums"]
    assert album["images"] == 1


def test_a_card_says_how_many_and_that_a_search_fills_it(pages: Pages, app: App) -> None:
    made(app, "By hand", image_ids=first_ids(app, 3))
    filled = made(app, "Placed", search={"filters": {"has_gps": True}})
    count = app.http.get(f"/api/v1/albums/{filled}/images").json()["total"]
    page = pages.at("/albums")
    cards = page.get_by_role("listitem")
    expect(cards.filter(has_text="By hand")).to_contain_text("3 pictures")
    expect(cards.filter(has_text="Placed")).to_contain_text("Fills itself")
    cards.filter(has_text="Placed").get_by_role("link").click()
    expect(page.get_by_text("Has a location")).to_be_visible()
    expect(page.get_by_text(f"{count} picture", exact=False).first).to_be_visible()
    page.get_by_role("link", name="Open as a search").click()
    expect(page).to_have_url(f"{app.url}/?gps=1")


def test_the_viewer_goes_on_in_the_album_and_back_closes_it(pages: Pages, app: App) -> None:
    album = made(app, "Two", image_ids=first_ids(app, 2))
    page = pages.at(f"/albums/{album}")
    expect(page.get_by_role("gridcell").nth(1)).to_be_visible()
    shown = page.locator(".tile").evaluate_all("tiles => tiles.map(one => one.dataset.id)")
    page.locator(".tile-link").first.click()
    viewer = page.locator("dialog.viewer")
    expect(viewer).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(f"{app.url}/albums/{album}?photo={shown[1]}")
    page.go_back()
    expect(viewer).to_have_count(0)
    expect(page).to_have_url(f"{app.url}/albums/{album}")
    assert page.evaluate("document.activeElement.closest('.tile').dataset.id") == shown[1]


@pytest.mark.parametrize(
    "address",
    [
        "q=red+circle&from=2008-09-01&to=2019-12-31&camera=Canon&camera=Nikon&rating=3&rating=0&sort=date",
        "folder=/photos/2019&format=jpeg&keyword=sea&tag=wall&favourite=1&orientation=landscape",
        "box=1,2,3,4&captioned=0&rating=5",
        "size=0.5-&megapixels=12-24.5",
        "size=-7.25&megapixels=-2",
    ],
)
def test_a_saved_search_becomes_the_address_that_it_was_made_of(address: str, pages: Pages) -> None:
    answer = pages.at("/help").evaluate(SAVED_AND_BACK, {"address": address})
    assert sorted(answer["href"].removeprefix("/?").replace("%2C", ",").split("&")) == sorted(
        address.split("&")
    )


def test_an_album_is_renamed_and_deleted_by_its_name_alone(pages: Pages, app: App) -> None:
    album = made(app, "Old", image_ids=first_ids(app, 1))
    page = pages.at(f"/albums/{album}")
    more = page.get_by_role("button", name="More for this album")
    more.click()
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_role("textbox", name="Name").fill("New")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="New", exact=True)).to_be_visible()
    more.click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("button", name="Delete the album").click()
    expect(page.get_by_role("alert").filter(has_text="Type")).to_be_visible()
    page.get_by_label("Type “New”").fill("New")
    page.get_by_role("button", name="Delete the album").click()
    expect(page.get_by_role("heading", name="No albums yet")).to_be_visible()
    assert app.http.get("/api/v1/albums").json()["albums"] == []
