"""What holds for every view, large and light in English, small and dark in German: everybody can
use it, nothing jumps, nothing is cut off, every word is one."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.app_rig import DESKTOP, PHONE, App, Pages
from tests.browser.looks import (
    WATCH_SHIFTS,
    everybody_can_use,
    nothing_is_cut,
    nothing_jumps,
    settled,
)

# A key that nobody gave words looks like `area.what_it_says`.
KEY_LIKE = re.compile(r"\b[a-z]+\.[a-z]+_[a-z_]+\b")


def _first_image(app: App) -> str:
    return str(app.http.get("/api/v1/images?limit=1&sort=taken_at").json()["images"][0]["id"])


def _first_job(app: App) -> str:
    return str(app.http.get("/api/v1/jobs?kind=ingest").json()["jobs"][-1]["job_id"])


VIEWS: dict[str, Callable[[App], str]] = {
    "photos": lambda _: "/",
    "photos, narrowed": lambda _: "/?camera=Canon%20Canon%20EOS%2040D&from=2020&to=2022",
    "search": lambda _: "/?q=a%20red%20circle",
    "search without a hit": lambda _: "/?q=red&from=1950&to=1951",
    "viewer": lambda app: f"/?photo={_first_image(app)}",
    "map": lambda _: "/map",
    "albums": lambda _: "/albums",
    "duplicates": lambda _: "/duplicates",
    "imports": lambda _: "/imports",
    "new import": lambda _: "/imports/new",
    "one job": lambda app: f"/imports/{_first_job(app)}",
    "system": lambda _: "/system",
    "settings": lambda _: "/system/settings",
    "log": lambda _: "/system/log",
    "collection": lambda _: "/system/collections/default",
    "help": lambda _: "/help",
    "a place that is none": lambda _: "/help/there/is/no/such/place",
}
LOOKS = {
    "large": {"size": DESKTOP, "dark": False, "language": "en-GB"},
    "small": {"size": PHONE, "dark": True, "language": "de-DE"},
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("view", VIEWS)
def test_everybody_can_use_it_and_nothing_jumps(
    view: str, look: str, app: App, pages: Pages
) -> None:
    page = pages.blank(**LOOKS[look])  # type: ignore[arg-type]  # by name
    page.add_init_script(WATCH_SHIFTS)
    page.goto(app.url + VIEWS[view](app))
    expect(page.get_by_role("navigation").first).to_be_attached()
    settled(page)
    nothing_jumps(page)
    nothing_is_cut(page)
    assert re.fullmatch(r"(.+ · )?Photoseek", page.title())
    assert KEY_LIKE.findall(page.locator("body").inner_text()) == []
    assert page.locator("html").get_attribute("lang") == ("en" if look == "large" else "de")
    everybody_can_use(page)
