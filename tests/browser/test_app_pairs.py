"""Each pair of place, width, theme, language, key and hand, but for those that are looked at by
default: nothing complains, everybody can use it, and the keyboard reaches what the place is for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.app_rig import DESKTOP, PHONE, App, Pages, real_app
from tests.browser.looks import everybody_can_use, settled
from tests.browser.pairs import Row, pairs_of, pairwise

KEY = "correct horse battery"
MOST_STEPS = 120  # of the Tab key
CHOICES = {
    "place": ("photos", "search", "viewer", "map", "albums", "duplicates", "imports", "system"),
    "width": ("1440", "390"),
    "theme": ("light", "dark"),
    "language": ("en-GB", "de-DE"),
    "key": ("none", "key"),
    "hand": ("mouse", "keyboard"),
}
# What `test_app_everywhere` looks at, for every place.
BY_DEFAULT = [
    {"place": place, "width": width, "theme": theme, "language": language, "key": "none"}
    for width, theme, language in (("1440", "light", "en-GB"), ("390", "dark", "de-DE"))
    for place in CHOICES["place"]
]
ROWS = pairwise(CHOICES, done=BY_DEFAULT)
# The letter that leads there after `g`, and what the place is for.
PLACES = {
    "photos": ("p", ".tile-link"),
    "map": ("m", ".map-stage"),
    "albums": ("a", ".album-card"),
    "duplicates": ("u", ".tidy-keeps button"),
    "imports": ("i", ".job-row, .jobs .job a"),
    "system": ("s", "main a[href*='/system/collections/']"),
}
PATHS = {"viewer": "/", **{place: f"/{place.removeprefix('photos')}" for place in PLACES}}
WITHIN = "one => one === document.activeElement || one.contains(document.activeElement)"


@pytest.fixture(scope="module")
def apps(
    chromium: Browser, inference_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, App]]:
    """One without a key and one with it; in both are copies and an album."""
    assert chromium, "without one the libraries need not be made"
    with ExitStack() as stack:
        made: dict[str, App] = {}
        for key in (None, KEY):
            folder = tmp_path_factory.mktemp("pairs")
            app = stack.enter_context(real_app(folder, inference_url, key=key, count=24))
            app.running.finished("duplicates")
            image = app.http.get("/api/v1/images?limit=1").json()["images"][0]["id"]
            body = {"name": "Summer", "image_ids": [image]}
            app.http.post("/api/v1/albums", json=body).raise_for_status()
            made["none" if key is None else "key"] = app
        yield made


def test_the_rows_have_every_pair() -> None:
    seen = set().union(*(pairs_of(row) for row in (*ROWS, *BY_DEFAULT)))
    for name, values in CHOICES.items():
        for other, others in CHOICES.items():
            if name < other:
                wanted = {frozenset(((name, a), (other, b))) for a in values for b in others}
                assert wanted <= seen
    assert pairwise(CHOICES, done=BY_DEFAULT) == ROWS
    assert len(ROWS) <= 24


def tabbed_to(page: Page, wanted: Locator) -> None:
    """By Tab alone, from wherever the focus is."""
    for _ in range(MOST_STEPS):
        if wanted.evaluate_all(f"all => all.some({WITHIN})"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{MOST_STEPS} steps of Tab do not lead to {wanted}")


def log_in(page: Page) -> None:
    page.locator("input[type=password]").fill(KEY)
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation").first).to_be_visible()


def arrive(page: Page, row: Row) -> Locator:
    """Goes to the place, by that hand; gives what it is for."""
    place = row["place"]
    letter, wanted = PLACES.get(place, PLACES["photos"])
    if place == "search":
        if row["hand"] == "keyboard":
            page.keyboard.press("/")
        else:
            page.get_by_role("searchbox").click()
        page.keyboard.type("red")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"\?q=red$"))
    elif row["hand"] == "keyboard":
        page.keyboard.press("g")
        page.keyboard.press(letter)
    else:
        by_mouse(page, PATHS[place])
    found = page.locator(wanted)
    expect(found.first).to_be_visible()
    if place != "viewer":
        return found
    if row["hand"] == "keyboard":
        tabbed_to(page, found)
        page.keyboard.press("Enter")
    else:
        found.first.click()
    expect(page.locator(".frame > img")).to_have_attribute("src", re.compile("/preview|/file"))
    return page.locator("dialog.viewer .step.next")


def by_mouse(page: Page, path: str) -> None:
    """By the navigation, or by its menu where it has no room."""
    link = page.locator(f"nav a.place[href='{path}']:visible")
    if link.count():
        link.first.click()
    else:
        page.locator("nav a.only-phone").click()
        page.locator(f".menu [href='{path}']").click()


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=["-".join(row.values()) for row in ROWS])
def test_each_pair_of_choices(row: Row, pages: Pages, apps: dict[str, App]) -> None:
    app = apps[row["key"]]
    if row["key"] == "key":
        pages.expected.append("status of 401")
    look: dict[str, Any] = {
        "size": DESKTOP if row["width"] == "1440" else PHONE,
        "dark": row["theme"] == "dark",
        "language": row["language"],
    }
    page = pages.at("/help", url=app.url, **look)
    if row["key"] == "key":
        log_in(page)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    wanted = arrive(page, row)
    settled(page)
    expect(wanted.first).to_be_visible()
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
    html = page.locator("html")
    expect(html).to_have_attribute("data-theme", row["theme"])
    expect(html).to_have_attribute("lang", row["language"][:2])
    everybody_can_use(page)
    tabbed_to(page, wanted)
    assert pages.complaints == []
