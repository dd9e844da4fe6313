"""Names that mean harm, or are only long: script, marks that turn the writing around, line breaks,
255 bytes. They are shown as what they are, and can be read to their end on a phone."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.app_rig import PHONE, App, Pages, real_app
from tests.browser.looks import settled

SCRIPT = "<img src=x onerror=window.ran=1><script>window.ran=1</script>".replace("/", "∕")
TURNED = "holiday \u202egpj.exe \u2067 evil"
BROKEN = "line\nbreak\tand tab"
LONG = ("Ünïcødé " * 40).encode()[:250].decode("utf-8", "ignore").strip().replace(" ", "")
NAMES = {"script": SCRIPT, "turned": TURNED, "broken": BROKEN, "long": LONG}
# Whether some text with these words is to be seen to its end: nothing cuts it or moves it out.
READABLE = """wanted => {
  const squeezed = text => text.replace(/[\\s\\u2068\\u2069]+/g, " ").trim();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const fits = (box, { left, right }) => box.left >= left - 1 && box.right <= right + 1;
  while (walk.nextNode()) {
    const node = walk.currentNode;
    if (!squeezed(node.data).includes(squeezed(wanted))) continue;
    if (!node.parentElement.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const boxes = [...range.getClientRects()];
    let cut = boxes.length === 0 || !boxes.every(box => fits(box, { left: 0, right: innerWidth }));
    for (let one = node.parentElement; one && !cut; one = one.parentElement) {
      const clips = getComputedStyle(one).overflowX === "hidden";
      if (clips) cut = !boxes.every(box => fits(box, one.getBoundingClientRect()));
    }
    if (!cut) return true;
  }
  return false;
}"""


# Where the dot of a turning name lies, and what follows the name: in a sentence, and in a row.
PLACES = """async () => {
  const { t } = await import("/static/js/core/i18n.js");
  const name = "A \u202egpj.exe";
  const [sentence, row] = [document.createElement("p"), document.createElement("p")];
  sentence.textContent = `${t("selection.taken_out", { count: 1, name })} Z`;
  row.append(Object.assign(document.createElement("span"), { textContent: name }), " Z");
  document.body.prepend(sentence, row);
  const leftOf = (element, letter) => {
    const walk = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    while (walk.nextNode()) {
      const place = walk.currentNode.data.indexOf(letter);
      if (place < 0) continue;
      range.setStart(walk.currentNode, place);
      range.setEnd(walk.currentNode, place + 1);
      return range.getBoundingClientRect().left;
    }
  };
  return [sentence, row].map(one => [leftOf(one, "."), leftOf(one, "Z")]);
}"""


def hostile_files(folder: Path) -> None:
    """A folder of each name, in it a picture of that name and one that cannot be read."""
    dice = random.Random(5)  # pictures, not secrets
    for name in NAMES.values():
        within = folder / name
        within.mkdir()
        path = within / f"{name}.jpg"
        pixels = bytes(dice.randrange(256) for _ in range(12 * 8 * 3))
        Image.frombytes("RGB", (12, 8), pixels).resize((600, 400)).save(path, quality=95)
        shutil.copy(path, within / "copy.jpg")
        (within / f"{name}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(3000))


@pytest.fixture(scope="module")
def app(
    chromium: Browser, inference_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[App]:
    """In place of the shared one."""
    assert chromium, "without one the library need not be made"
    folder = tmp_path_factory.mktemp("hostile")
    with real_app(folder, inference_url, count=4, more=hostile_files) as running:
        running.running.finished("duplicates")
        yield running


@pytest.fixture(scope="module")
def images(app: App) -> dict[str, dict[str, Any]]:
    """By which name they have."""
    found = app.http.get("/api/v1/images?limit=100").json()["images"]
    return {
        kind: next(one for one in found if one["filename"] == f"{name}.jpg")
        for kind, name in NAMES.items()
    }


def nothing_ran(page: Page) -> None:
    assert page.evaluate("window.ran") is None
    assert page.locator("[onerror], main script, dialog script").count() == 0
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0


def is_readable(page: Page, words: str) -> None:
    assert page.evaluate(READABLE, words), f"not to be read to its end: {words!r}"


def opened(pages: Pages, address: str) -> Page:
    page = pages.at(address, size=PHONE)
    settled(page)
    return page


@pytest.mark.parametrize("kind", NAMES)
def test_a_file_a_folder_and_a_tag_are_read_to_their_end(
    kind: str, pages: Pages, app: App, images: dict[str, dict[str, Any]]
) -> None:
    name, image = NAMES[kind], images[kind]
    tag = " ".join(name.split())[:100].strip()
    app.http.put(
        f"/api/v1/images/{image['id']}/annotation", json={"tags": [tag]}
    ).raise_for_status()
    page = opened(pages, f"/?photo={image['id']}")
    page.keyboard.press("i")
    settled(page)
    is_readable(page, f"{name}.jpg")
    is_readable(page, tag)
    nothing_ran(page)
    folder = quote(str(Path(image["path"]).parent))
    page = opened(pages, f"/?folder={folder}")
    expect(page.get_by_role("gridcell")).to_have_count(2)
    is_readable(page, name)
    nothing_ran(page)
    page = opened(pages, f"/?tag={quote(tag)}")
    expect(page.get_by_role("gridcell")).to_have_count(2)  # what is said counts for the copy, too
    is_readable(page, tag)
    nothing_ran(page)


@pytest.mark.parametrize("kind", NAMES)
def test_an_album_a_saved_search_and_a_question_are_read_to_their_end(
    kind: str, pages: Pages, app: App, images: dict[str, dict[str, Any]]
) -> None:
    name = " ".join(NAMES[kind].split())[:200].strip()
    body = {"name": name, "image_ids": [images[kind]["id"]]}
    answer = app.http.post("/api/v1/albums", json=body)
    assert answer.is_success, answer.text
    album = answer.json()["id"]
    page = opened(pages, f"/albums/{album}")
    expect(page.get_by_role("gridcell")).to_have_count(2)
    is_readable(page, name)
    nothing_ran(page)
    page = opened(pages, "/albums")
    nothing_ran(page)
    page = opened(pages, f"/?q={quote(name)}")
    assert name in page.title()
    nothing_ran(page)


@pytest.mark.parametrize("address", ["/imports/{job}", "/duplicates", "/system/log", "/map", "/"])
def test_no_place_is_broken_by_them(address: str, pages: Pages, app: App) -> None:
    job = app.http.get("/api/v1/jobs?kind=ingest").json()["jobs"][-1]["job_id"]
    page = opened(pages, address.format(job=job))
    if address.startswith("/imports"):
        page.locator("summary").filter(has_text="Log").click()
        settled(page)
        for name in NAMES.values():
            is_readable(page, f"{name}.png")
    nothing_ran(page)


def test_what_turns_the_writing_around_ends_with_the_name(
    pages: Pages, app: App, images: dict[str, dict[str, Any]]
) -> None:
    body = {"name": f"{TURNED} 2", "image_ids": [images["turned"]["id"]]}
    album = app.http.post("/api/v1/albums", json=body).json()["id"]
    page = opened(pages, f"/albums/{album}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    for dot, after in page.evaluate(PLACES):
        assert dot < after, "what follows the name stands before it"
