"""Opens the viewer over a page of the app, as a place with a list does."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.app_rig import DESKTOP, App, Pages

# The place that opens it, with a list of tiles. What the viewer tells is kept in `told`.
OPENER = """
async ({ ids, at, name }) => {
  const { openViewer } = await import("/static/js/viewer/page.js");
  const { call } = await import("/static/js/core/api.js");
  const { images: tiles } = await call("/images/tiles", { query: { limit: 500 } });
  const images = ids.map(id => tiles.find(one => one.id === id));
  images.forEach(one => { one.relevance = 0.78; });
  const list = {
    total: images.length, name,
    async around(id) {
      const at = images.findIndex(one => one.id === id);
      const [image, previous, next] = [images[at], images[at - 1] ?? null, images[at + 1] ?? null];
      return image ? { image, previous, next, position: at } : null;
    },
  };
  window.told = { moves: [], closed: 0 };
  window.viewer = openViewer({
    list: ids.length ? list : null, id: at,
    onMove: id => window.told.moves.push(id), onClose: () => { window.told.closed += 1; },
  });
}
"""


def some_images(app: App) -> list[dict[str, Any]]:
    """The first of the library by date."""
    found = app.http.get("/api/v1/images?limit=8&sort=taken_at").json()["images"]
    assert isinstance(found, list)
    return found


def opened(
    pages: Pages,
    images: list[dict[str, Any]],
    at: int = 0,
    *,
    size: tuple[int, int] = DESKTOP,
    name: str | None = None,
    language: str = "en-GB",
) -> Page:
    page = pages.at("/help", size=size, language=language)
    expect(page.locator(".keys").first).to_be_visible()
    ids = [one["id"] for one in images]
    page.evaluate(OPENER, {"ids": ids, "at": ids[at], "name": name})
    expect(page.get_by_role("dialog")).to_be_visible()
    return page


def sharp(page: Page) -> str:
    """The address of the large picture, once it is the one that is seen."""
    expect(page.locator(".frame > img")).to_have_attribute("src", re.compile("/preview|/file"))
    expect(page.locator(".frame > img")).to_have_count(1)
    return str(page.locator(".frame > img").get_attribute("src"))
