"""All photos: rows that fill the width, a document that holds only what is near, keys and mouse,
months that one can go to and come back to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Response, expect

from tests.browser.app_rig import App, Pages

LAYOUT = "/static/js/photos/wall/layout.js"
ROWS = f"""async ({{ ratios, measures }}) => {{
  const {{ rows }} = await import("{LAYOUT}");
  return rows(ratios, measures);
}}"""
# Months of usual photographs: two thirds wide, some high, square, and a panorama now and then.
MANY = f"""async count => {{
  const {{ rows }} = await import("{LAYOUT}");
  let state = 7;
  const dice = () => (state = (state * 48271) % 2147483647) / 2147483647;
  const shapes = [1.5, 1.5, 1.5, 1.33, 1.33, 0.67, 0.75, 1, 1.78, 3.2];
  const ratios = Float64Array.from({{ length: count }}, () => shapes[Math.floor(dice() * 10)]);
  const measures = {{ width: 1140, target: 180, gap: 4 }};
  const looks = some => {{
    let seen = 0;
    const get = (target, key) => {{
      if (/^\\d+$/.test(String(key))) seen += 1;
      return target[key];
    }};
    rows(new Proxy(some, {{ get }}), measures);
    return seen;
  }};
  const times = looks(ratios.subarray(0, 10_000)) / looks(ratios.subarray(0, 1000));
  const found = rows(ratios, measures);
  const near = found.filter(({{ height }}) => height > 126 && height < 252).length;
  return {{ times, near: near / found.length }};
}}"""

# The picture that is seen first, and how far down it is.
SEEN = """() => {
  const tile = [...document.querySelectorAll(".tile")].find(one => {
    const { top, bottom } = one.getBoundingClientRect();
    return top > 150 && bottom < 850;
  });
  return [tile.dataset.id, Math.round(tile.getBoundingClientRect().top)];
}"""
TOP_OF = "id => Math.round(document.querySelector(`[data-id='${id}']`).getBoundingClientRect().top)"
SETTLED = """() => {
  const tiles = [...document.querySelectorAll(".tile")];
  return tiles.every(one => one.className.match(/ed$/)) && tiles.some(one => {
    const { top, bottom } = one.getBoundingClientRect();
    return top > 150 && bottom < 850;
  });
}"""


# Each month's title ends with how many photos it has.
TITLES_SAY = """count => [...document.querySelectorAll(".wall-title .quiet")]
  .map(one => parseInt(one.textContent.split(" · ").at(-1)))
  .reduce((sum, one) => sum + one, 0) === count"""


@pytest.fixture
def photos(pages: Pages) -> Iterator[Page]:
    page = pages.at("/")
    expect(page.get_by_role("gridcell").first).to_be_visible()
    yield page
    assert pages.complaints == []


def rows(page: Page, ratios: list[float], **measures: Any) -> list[dict[str, Any]]:
    given = {"width": 1140, "target": 180, "gap": 4, **measures}
    found = page.evaluate(ROWS, {"ratios": ratios, "measures": given})
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("width", [363, 390, 724, 1140, 2200])
def test_rows_fill_the_width_hold_every_picture_once_and_keep_its_shape(
    width: int, pages: Pages
) -> None:
    page = pages.at("/help")
    ratios = [[1.5, 0.67, 1.33, 3.2, 0.5, 1][number * 7 % 6] for number in range(157)]
    found = rows(page, ratios, width=width, target=118)
    assert [row["first"] for row in found] == [
        sum(len(row["widths"]) for row in found[:number]) for number in range(len(found))
    ]
    assert sum(len(row["widths"]) for row in found) == len(ratios)
    for row in found[:-1]:
        assert sum(row["widths"]) + 4 * (len(row["widths"]) - 1) == width
        assert 0.5 * 118 - 1 <= row["height"] <= 2.2 * 118 + 1
        for at, pixels in enumerate(row["widths"]):
            assert abs(pixels - row["height"] * ratios[row["first"] + at]) < 3


def test_a_last_row_is_left_open_unless_more_pictures_come_below_it(pages: Pages) -> None:
    page = pages.at("/help")
    [only] = rows(page, [1.5])
    assert (only["height"], only["widths"]) == (180, [270])
    closed = rows(page, [1.5] * 40, closed=True)
    assert all(sum(row["widths"]) + 4 * (len(row["widths"]) - 1) == 1140 for row in closed)
    assert rows(page, []) == []
    assert [row["widths"] for row in rows(page, [1.5, 0.5], single=True)] == [[1140], [1140]]


def test_ten_times_as_many_pictures_are_laid_out_with_ten_times_as_many_looks(pages: Pages) -> None:
    found = pages.at("/help").evaluate(MANY, 100_000)
    assert found["near"] > 0.97
    assert 9 < found["times"] < 11, "where each looks at all others it is a hundred"


def test_the_document_holds_what_is_near_and_one_tab_stop(photos: Page, app: App) -> None:
    grid = photos.get_by_role("grid")
    photos.wait_for_function(SETTLED)
    assert photos.locator(".tile").count() < app.library.pictures
    assert grid.locator("a[tabindex='0']").count() == 1
    rows_seen = grid.get_by_role("row")
    assert int(rows_seen.first.get_attribute("aria-rowindex") or "") >= 1


def test_the_arrows_go_from_picture_to_picture_and_space_selects(photos: Page) -> None:
    photos.locator("a[tabindex='0'].tile-link").focus()
    ids = photos.locator(".tile").evaluate_all("tiles => tiles.map(one => one.dataset.id)")
    focused = "document.activeElement.closest('.tile').dataset.id"
    photos.keyboard.press("ArrowRight")
    photos.keyboard.press("ArrowRight")
    assert photos.evaluate(focused) == ids[2]
    photos.keyboard.press("Space")
    photos.keyboard.press("Shift+ArrowRight")
    chosen = photos.locator(".tile[aria-selected=true]")
    expect(chosen).to_have_count(2)
    photos.keyboard.press("Escape")
    expect(chosen).to_have_count(0)
    photos.keyboard.press("Home")
    assert photos.evaluate(focused) == ids[0]


def test_a_frame_drawn_with_the_mouse_selects_what_it_touches(photos: Page) -> None:
    photos.wait_for_function(SETTLED)
    first, third = photos.locator(".tile").nth(0), photos.locator(".tile").nth(2)
    begin, end = first.bounding_box(), third.bounding_box()
    assert begin
    assert end
    photos.mouse.move(begin["x"] + 60, begin["y"] + 60)
    photos.mouse.down()
    photos.mouse.move(end["x"] + 20, end["y"] + 70, steps=4)
    photos.mouse.up()
    expect(photos.locator(".tile[aria-selected=true]")).to_have_count(3)
    assert "photo=" not in photos.url
    photos.locator(".tile").nth(4).click(position={"x": 80, "y": 80})
    expect(photos.locator(".tile[aria-selected=true]")).to_have_count(4)


def said_of_some(response: Response) -> bool:
    return response.url.endswith("/selection/annotation")


def test_f_makes_a_favourite_and_undo_takes_it_back(photos: Page, app: App) -> None:
    link = photos.locator("a[tabindex='0'].tile-link")
    link.focus()
    image = photos.evaluate("document.activeElement.closest('.tile').dataset.id")
    with photos.expect_response(said_of_some):
        photos.keyboard.press("f")
    expect(photos.locator(f"[data-id='{image}'] .tile-heart")).to_be_visible()
    said = app.http.get(f"/api/v1/images/{image}/annotation").json()
    assert said["favourite"] is True
    with photos.expect_response(said_of_some):
        photos.get_by_role("button", name="Undo").click()
    expect(photos.locator(f"[data-id='{image}'] .tile-heart")).to_have_count(0)
    assert app.http.get(f"/api/v1/images/{image}/annotation").json()["favourite"] is None


def test_the_month_stands_in_the_address_and_a_reload_comes_back_to_the_very_picture(
    photos: Page,
) -> None:
    photos.mouse.move(700, 500)
    photos.mouse.wheel(0, 1700)
    photos.wait_for_url("**/?at=20*")
    photos.wait_for_function(SETTLED)
    before = photos.evaluate(SEEN)
    photos.reload()
    photos.wait_for_selector(f"[data-id='{before[0]}']")
    photos.wait_for_function(SETTLED)
    assert photos.evaluate(SEEN) == before
    photos.get_by_role("link", name="Map").click()
    photos.go_back()
    photos.wait_for_selector(f"[data-id='{before[0]}']")
    photos.wait_for_function(SETTLED)
    assert photos.evaluate(SEEN) == before


def test_what_comes_in_above_moves_nothing_that_is_seen(pages: Pages, app: App) -> None:
    months = app.http.get("/api/v1/images/timeline").json()["buckets"]
    page = pages.at(f"/?at={months[len(months) // 2]['bucket']}")
    page.wait_for_selector(".tile")
    page.wait_for_function(SETTLED)
    page.mouse.move(700, 500)
    for _ in range(12):
        image, top = page.evaluate(SEEN)
        at = page.evaluate("document.querySelector('.wall').scrollTop")
        page.mouse.wheel(0, -120)
        page.wait_for_function(f"id => ({TOP_OF})(id) === {top + 120}", arg=image)
        page.wait_for_function(SETTLED)
        assert page.evaluate(TOP_OF, image) == top + 120
        assert at > 120


def test_the_scroll_bar_of_time_goes_by_months_and_years(photos: Page) -> None:
    bar = photos.get_by_role("slider", name="Go to a month")
    newest = bar.get_attribute("aria-valuetext") or ""
    year = re.compile(f"{newest[-4:]}$")
    bar.focus()
    photos.keyboard.press("ArrowDown")
    expect(bar).to_have_attribute("aria-valuenow", "1")
    photos.keyboard.press("PageDown")
    expect(bar).not_to_have_attribute("aria-valuetext", year)
    assert (bar.get_attribute("aria-valuetext") or "")[-4:] < newest[-4:]
    photos.keyboard.press("End")
    expect(bar).to_have_attribute("aria-valuetext", "2019")
    expect(photos.get_by_role("heading", name="2019", exact=True)).to_be_visible()
    photos.keyboard.press("Home")
    expect(bar).to_have_attribute("aria-valuetext", newest)


def test_filters_leave_only_the_photos_that_they_let_through(pages: Pages, app: App) -> None:
    wanted = "camera=Canon%20EOS%2040D&taken_before=2020&limit=1"
    expected = app.http.get(f"/api/v1/images?{wanted}").json()["total"]
    page = pages.at("/?camera=Canon%20Canon%20EOS%2040D&to=2020")
    expect(page.locator(".tools-said")).to_have_text(f"Photos{expected}")
    page.wait_for_function(TITLES_SAY, arg=expected)
    page.goto(f"{app.url}/?from=1950&to=1951")
    page.get_by_role("link", name="Show all photos").click()
    expect(page.get_by_role("gridcell").first).to_be_visible()


def test_an_empty_library_says_what_to_do(pages: Pages, app: App) -> None:
    app.http.post("/api/v1/collections", json={"name": "empty"}).raise_for_status()
    page = pages.at("/?in=empty")
    expect(page.get_by_role("heading", name="No photos yet")).to_be_visible()
    page.get_by_role("link", name="Import a folder").click()
    expect(page).to_have_url(f"{app.url}/imports/new?in=empty")
    page.close()  # it would go on asking for what is deleted now
    app.http.delete("/api/v1/collections/empty").raise_for_status()


def test_the_viewer_opens_over_the_photos_and_gives_the_focus_to_the_last_that_was_seen(
    photos: Page, app: App
) -> None:
    photos.mouse.move(700, 500)
    photos.mouse.wheel(0, 900)
    photos.wait_for_url("**/?at=20*")
    photos.wait_for_function(SETTLED)
    before = photos.evaluate("document.querySelector('.wall').scrollTop")
    image, _ = photos.evaluate(SEEN)
    photos.locator(f"[data-id='{image}'] .tile-link").click()
    photos.wait_for_url(f"**/?*photo={image}")
    viewer = photos.get_by_role("dialog")
    expect(viewer).to_be_visible()
    photos.keyboard.press("ArrowRight")
    photos.wait_for_url(lambda url: "photo=" in url and image not in url)
    photos.go_back()
    expect(viewer).to_have_count(0)
    focused = photos.evaluate("document.activeElement.closest('.tile').dataset.id")
    ids = photos.locator(".tile").evaluate_all("tiles => tiles.map(one => one.dataset.id)")
    assert ids.index(focused) == ids.index(image) + 1
    assert photos.evaluate("document.querySelector('.wall').scrollTop") == before
    photos.goto(f"{app.url}/?photo={image}")
    expect(viewer.get_by_text(f"of {app.library.pictures}")).to_be_visible()
    photos.keyboard.press("Escape")
    expect(viewer).to_have_count(0)
    expect(photos).to_have_url(re.compile(r"^[^?]+/(\?at=[\d-]+)?$"))
    photos.wait_for_function(f"document.activeElement.closest('.tile')?.dataset.id === '{image}'")


def test_a_picture_that_is_forgotten_is_marked_until_it_is_back(photos: Page) -> None:
    tell = """async ([id, gone]) => {
      const { emit } = await import("/static/js/core/bus.js");
      emit("images", { ids: [id], gone });
    }"""
    image, _ = photos.evaluate(SEEN)
    photos.evaluate(tell, [image, True])
    said = photos.locator(f"[data-id='{image}']").get_by_text("Forgotten")
    expect(said).to_be_visible()
    photos.evaluate(tell, [image, False])
    expect(said).to_be_hidden()
