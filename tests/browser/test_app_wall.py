"""The wall of pictures by itself: which of its parts are loaded, and which are let go."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.app_rig import Pages

# A wall of 200 parts with a picture each, of which the first screens are asked for as they are
# drawn. Somebody asks for one far below; then the first one comes, and then that one.
FAR_BELOW = """async () => {
  const { Wall } = await import("/static/js/photos/wall/wall.js");
  const { section } = await import("/static/js/photos/wall/sections.js");
  const { Selection } = await import("/static/js/photos/selection.js");
  const image = id => ({ id, filename: id, width_px: 3, height_px: 2, format: "jpeg",
    thumbnail_url: "/static/icon.svg", preview_url: "/static/icon.svg?" });
  const asked = new Map();
  const wall = new Wall({ selection: new Selection(), collection: "default", label: "many",
    load: ({ key }, signal) => new Promise((resolve, reject) => {
      asked.set(key, () => resolve([image(key)]));
      signal.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
    }) });
  Object.assign(wall.element.style, { position: "fixed", inset: "0", height: "600px" });
  document.body.append(wall.element);
  wall.show(Array.from({ length: 200 }, (_, at) => section({ key: String(at), count: 1 })));
  const far = wall.at(150);
  for (const key of ["0", "150"]) {
    asked.get(key)();
    await new Promise(requestAnimationFrame);
  }
  const found = await far;
  wall.leave();
  wall.element.remove();
  return { asked: asked.size, found: found?.id };
}"""


def test_a_part_that_somebody_waits_for_is_loaded_though_nobody_sees_it(pages: Pages) -> None:
    page = pages.at("/help")
    expect(page.get_by_role("heading", name="Help")).to_be_visible()
    told = page.evaluate(FAR_BELOW)
    assert told["found"] == "150"
    assert 1 < told["asked"] < 100, "of the others only those that are near"


def test_a_month_names_one_place_and_how_many_others_there_are(pages: Pages) -> None:
    page = pages.at("/")
    said = page.locator("h2 + .quiet").filter(has_text="more place")
    expect(said.first).to_have_text(re.compile(r"^[^,·]+ and \d+ more places? · \d+ photos$"))
