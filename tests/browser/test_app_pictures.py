"""How pictures come into a list: those that are seen first, a thumbnail before what is sharper, and
all else that a page asks for after them."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Route, expect

from tests.browser.app_rig import Pages

AT_ONCE = 12
THUMBNAILS, PREVIEWS = "**/thumbnail?*", "**/preview?*"
# Which of these pictures are not in the window.
UNSEEN = """ids => {
  const { top, bottom } = document.querySelector(".wall").getBoundingClientRect();
  return ids.filter(id => {
    const at = document.querySelector(`[data-id='${id}']`).getBoundingClientRect();
    return at.bottom <= top || at.top >= bottom;
  });
}"""


def id_of(url: str) -> str:
    return url.rpartition("/images/")[2].partition("/")[0]


class Gate:
    """Holds requests of a page until it is opened."""

    def __init__(self, page: Page, addresses: str) -> None:
        self._held: list[Route] = []
        self._is_open = False
        page.route(addresses, lambda route: self._came(route))

    def _came(self, route: Route) -> None:
        self._held.append(route)
        if self._is_open:
            self.let_one_go()

    def let_one_go(self) -> None:
        """The one that came last."""
        self._held.pop().continue_()

    def open(self) -> None:
        self._is_open = True
        while self._held:
            self.let_one_go()


def large_tiles(pages: Pages) -> Page:
    """A page whose tiles are larger than a thumbnail."""
    page = pages.at("/help")
    page.evaluate("localStorage.setItem('tile-size', 'L')")
    return page


def test_few_are_asked_for_at_once_and_those_that_are_seen_first(pages: Pages) -> None:
    page = pages.at("/help")
    gate = Gate(page, THUMBNAILS)
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "/thumbnail" in one.url else None)
    with page.expect_request(lambda _: len(asked) == AT_ONCE):
        page.goto(pages.app.url + "/")
    assert page.evaluate(UNSEEN, [id_of(one) for one in asked]) == []
    asked.clear()  # and nobody waits for them any more:
    with page.expect_request(lambda _: len(asked) == AT_ONCE):
        page.locator(".wall").evaluate("one => { one.scrollTop = one.scrollHeight; }")
    assert page.evaluate(UNSEEN, [id_of(one) for one in asked]) == []
    with page.expect_request(THUMBNAILS):
        gate.let_one_go()
    assert len(asked) == AT_ONCE + 1, "one went, one came"


def test_a_thumbnail_is_seen_until_a_sharper_picture_is_there(pages: Pages) -> None:
    page = large_tiles(pages)
    gate = Gate(page, PREVIEWS)
    with page.expect_request(PREVIEWS) as asked:
        page.goto(pages.app.url + "/")
    shown = page.locator(f"[data-id='{id_of(asked.value.url)}']")
    expect(shown).to_have_class("tile loaded")
    assert "/thumbnail" in shown.locator("img").evaluate("one => one.currentSrc")
    gate.open()
    expect(shown.locator("img")).to_have_attribute("src", re.compile("/preview"))
    expect(shown).to_have_class("tile loaded")


def test_where_no_sharper_picture_can_be_had_the_thumbnail_stays(pages: Pages) -> None:
    pages.expected.append("Failed to load resource")
    page = large_tiles(pages)
    page.route(PREVIEWS, lambda route: route.fulfill(status=404))
    with page.expect_response(PREVIEWS) as refused:
        page.goto(pages.app.url + "/")
    shown = page.locator(f"[data-id='{id_of(refused.value.url)}']")
    expect(shown.locator("img")).to_have_attribute("src", re.compile("/thumbnail"))
    expect(shown).to_have_class("tile loaded")


def test_filters_are_asked_for_when_the_pictures_are_there(pages: Pages) -> None:
    """Or late: what never comes holds nothing up for ever."""
    page = pages.at("/help")
    gate = Gate(page, THUMBNAILS)
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "/thumbnail" in one.url else None)
    with page.expect_request("**/images/facets?*"):
        page.goto(pages.app.url + "/")
    assert asked, "pictures were asked for before"
    expect(
        page.get_by_role("complementary", name="Filters").get_by_role("checkbox").first
    ).to_be_visible()
    gate.open()
