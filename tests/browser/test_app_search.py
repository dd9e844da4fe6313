"""Searching and narrowing: what is typed, dropped, understood, taken back, and what fits."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, Request, Route, expect

from tests.browser.app_rig import PHONE, Pages

SEARCH = "**/api/v1/search"
REST_MS = 300  # after so long without a key it is searched
DROP = """async ({ url, kind }) => {
  const bytes = await (await fetch(url)).blob();
  const data = new DataTransfer();
  data.items.add(new File([bytes], "mine.jpg", { type: bytes.type }));
  const given = { bubbles: true, cancelable: true };
  document.body.dispatchEvent(kind === "drop"
    ? new DragEvent("drop", { ...given, dataTransfer: data })
    : new ClipboardEvent("paste", { ...given, clipboardData: data }));
}"""


def count_of(page: Page) -> int:
    said = page.locator(".tools-said h1").inner_text()
    found = re.match(r"[\d,]+", said)
    assert found is not None, said
    return int(found[0].replace(",", ""))


def pixels_of(file: Path) -> int:
    with Image.open(file) as picture:
        return math.prod(picture.size)


def chips(page: Page) -> list[str]:
    return page.locator(".narrowing .chip").all_inner_texts()


def answered(page: Page, change: Callable[[dict[str, Any]], None]) -> None:
    """Searches are answered by the service, and then as `change` makes it."""

    def fulfil(route: Route) -> None:
        response = route.fetch()
        answer = response.json()
        change(answer)
        route.fulfill(response=response, body=json.dumps(answer))

    page.route(SEARCH, fulfil)


def test_typing_is_one_step_however_long_it_takes(pages: Pages) -> None:
    page = pages.blank(size=(1440, 900), dark=False, language="en-GB")
    page.clock.install()
    page.goto(pages.app.url + "/help")
    expect(page.get_by_role("heading", name="Help")).to_be_visible()
    page.clock.pause_at(page.evaluate("Date.now() / 1000 + 1"))  # however slow this machine is
    page.keyboard.press("/")
    page.keyboard.type("red")
    page.clock.run_for(REST_MS)
    expect(page).to_have_url(re.compile(r"/\?q=red$"))
    page.keyboard.type(" circle")
    page.clock.run_for(REST_MS)
    expect(page).to_have_url(re.compile(r"\?q=red\+circle$"))
    page.clock.resume()
    expect(page.locator(".results > [role=status]")).to_have_text(re.compile(r"^\d+ photos$"))
    expect(page.get_by_role("gridcell").first).to_be_visible()
    assert page.title() == "red circle · Photos · Photoseek"
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"/$"))
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("searchbox")).not_to_be_focused()
    page.go_back()
    expect(page.get_by_role("searchbox")).to_have_value("red circle")
    page.go_back()
    expect(page).to_have_url(re.compile(r"/help$"))
    assert pages.complaints == []


def test_what_was_understood_can_be_taken_back_and_stays_so(pages: Pages) -> None:
    page = pages.at("/?q=a+red+circle+in+Berlin+2020")
    understood = page.get_by_role("list", name="Understood")
    expect(understood.get_by_role("listitem")).to_have_text(["2020", "Berlin"], use_inner_text=True)
    both = count_of(page)
    understood.get_by_role("button", name="Remove Place: Berlin").focus()
    page.keyboard.press("Delete")
    expect(understood.get_by_role("listitem")).to_have_text(["2020"], use_inner_text=True)
    expect(page.get_by_role("button", name="Remove Date: 2020")).to_be_focused()
    expect(page.get_by_role("searchbox")).to_have_value("a red circle in Berlin 2020")
    expect(page.locator(".narrowing")).to_contain_text("by meaning: “a red circle in Berlin”")
    expect(page.locator(".tools-said h1")).not_to_have_text(f"{both} photos")
    more = count_of(page)
    assert more > both > 0
    page.reload()
    expect(understood.get_by_role("listitem")).to_have_text(["2020"], use_inner_text=True)
    assert count_of(page) == more
    page.get_by_role("searchbox").fill("a red circle in Berlin")
    expect(understood.get_by_role("listitem")).to_have_text(["Berlin"], use_inner_text=True)


def test_pictures_of_ones_own_and_of_the_library_are_searched_by(pages: Pages) -> None:
    page = pages.at("/map")
    image = pages.app.http.get("/api/v1/images?limit=9&sort=path").json()["images"][8]
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Search by a picture of your own").click()
    picture = pages.app.http.get(image["file_url"]).content
    chooser.value.set_files({"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": picture})
    expect(page.locator(".chip canvas")).to_be_visible()
    first = page.get_by_role("gridcell").first
    expect(first).to_have_attribute("data-id", image["id"])
    first.hover()
    first.get_by_role("button", name="Less like this").click()
    expect(page.get_by_role("button", name="Remove example: Less like this")).to_be_visible()
    expect(first).not_to_have_attribute("data-id", image["id"])
    liked = first.get_attribute("data-id")
    first.get_by_role("link").focus()
    page.keyboard.press("l")
    expect(page).to_have_url(re.compile(f"&like={liked}"))
    page.reload()
    expect(page.get_by_role("heading", name="Please choose the picture again.")).to_be_visible()
    page.get_by_role("button", name="Go on without it").click()
    expect(page.locator(".chip")).to_have_count(2)
    for kind in ("drop", "paste"):
        page.goto(pages.app.url + "/help")
        expect(page.get_by_role("heading", name="Help")).to_be_visible()
        page.evaluate(DROP, {"url": image["file_url"], "kind": kind})
        expect(first).to_have_attribute("data-id", image["id"])
    assert pages.complaints == []


def test_only_what_fits_is_shown_until_somebody_wants_the_rest(pages: Pages) -> None:
    page = pages.blank(size=(1440, 900), dark=False, language="en-GB")
    asked: list[dict[str, Any]] = []

    def judged(answer: dict[str, Any]) -> None:
        answer.update(calibrated=True, nothing_relevant=False, suggested_min_relevance=0.84)
        for hit in answer["results"]:
            hit["relevance"] = 0.75
        if asked[-1].get("min_relevance") == 0.84:
            answer.update(results=answer["results"][:7], total=7, cursor=None)

    def note(one: Request) -> None:
        if one.method == "POST":
            asked.append(json.loads(one.post_data or "{}"))

    page.on("request", note)
    answered(page, judged)
    page.goto(pages.app.url + "/?q=red")
    expect(page.locator(".results > [role=status]")).to_have_text("7 photos fit")
    expect(page.get_by_role("gridcell")).to_have_count(7)
    assert page.locator(".tile-fit").count() == 7
    all_of_them = pages.app.library.pictures - 2  # copies are one
    expect(page.locator(".tools-said")).to_contain_text(f"of {all_of_them} with these filters")
    expect(page.locator(".results-end")).to_contain_text(f"{all_of_them - 7} more fit less")
    page.get_by_role("button", name="Show the rest").click()
    only = page.get_by_role("switch", name="Only what fits")
    expect(only).to_have_attribute("aria-checked", "false")
    expect(page.locator(".tools-said")).to_contain_text(f"{all_of_them} photos")
    only.click()
    expect(page.get_by_role("gridcell")).to_have_count(7)
    page.unroute_all(behavior="ignoreErrors")


def test_where_nothing_fits_it_says_what_would_help(pages: Pages) -> None:
    page = pages.at("/?q=red&from=1950&to=1951&rating=5")
    expect(page.get_by_role("heading", name="No photo fits “red”.")).to_be_visible()
    expect(page.locator(".results")).to_contain_text(re.compile(r"Without the date, \d+ fit"))
    page.get_by_role("button", name="Remove the date").click()
    expect(page).to_have_url(re.compile(r"\?q=red&rating=5$"))
    expect(page.get_by_role("gridcell").first).to_be_visible()


def test_a_search_waits_for_the_model_by_itself(pages: Pages) -> None:
    pages.expected.append("503")
    page = pages.blank(size=(1440, 900), dark=False, language="en-GB")
    problem = {"code": "ERR_MODEL_LOADING", "status": 503, "retry_after_ms": 300}
    page.route(SEARCH, lambda route: route.fulfill(status=503, json=problem))
    page.goto(pages.app.url + "/?q=red")
    said = page.get_by_role("heading", name="Search starts in a moment. Browsing works now.")
    expect(said).to_be_visible()
    page.unroute(SEARCH)
    expect(page.get_by_role("gridcell").first).to_be_visible()
    assert pages.complaints == []


def test_facets_narrow_by_several_values_and_count_what_is_there(pages: Pages) -> None:
    page = pages.at("/")
    panel = page.get_by_role("complementary", name="Filters")
    cameras = pages.app.http.get("/api/v1/images/facets").json()["cameras"]["values"]
    expect(panel.get_by_role("checkbox").first).to_be_visible()
    shown = 0
    for name in ("Canon EOS 40D", "Apple iPhone 13 Pro Max"):
        row = panel.get_by_role("checkbox", name=name)
        row.focus()
        page.keyboard.press("Space")
        shown += sum(one["count"] for one in cameras if one["value"].endswith(name))
        expect(page.locator(".tools-said")).to_have_text(f"Photos{shown}")
        expect(row).to_be_focused()
        expect(row).to_be_checked()
    assert chips(page) == ["Canon EOS 40D", "Apple iPhone 13 Pro Max"]
    bar = panel.get_by_role("button", name=re.compile("^2020: "))
    bar.click()
    expect(page).to_have_url(re.compile(r"from=2020&to=2020$"))
    expect(bar).to_have_attribute("aria-pressed", "true")
    bar.hover()
    page.mouse.down()
    panel.get_by_role("button", name=re.compile("^2022: ")).hover()
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"from=2020&to=2022$"))
    page.get_by_role("button", name="Clear filters").click()
    expect(page.locator(".tools-said")).to_have_text(f"Photos{pages.app.library.pictures}")
    panel.get_by_role("treeitem", name=re.compile("photos")).click()
    panel.get_by_role("treeitem", name=re.compile("^2019")).click()
    expect(page).to_have_url(re.compile(r"folder=.*photos/2019$"))
    assert pages.complaints == []


def test_file_sizes_narrow_from_and_up_to_and_nonsense_is_said(pages: Pages) -> None:
    files = [one for one in pages.app.library.folder.rglob("*.jpg") if one.parent.name != "broken"]
    sizes = sorted(one.stat().st_size for one in files)
    assert len(sizes) == pages.app.library.pictures
    least = round(sizes[len(sizes) // 3] / 1000) / 1000
    most = round(sizes[len(sizes) * 2 // 3] / 1000) / 1000
    larger = sum(one >= least * 1e6 for one in sizes)
    between = sum(least * 1e6 <= one <= most * 1e6 for one in sizes)
    assert len(sizes) > larger > between > 0
    page = pages.at("/")
    panel = page.get_by_role("complementary", name="Filters")
    first, last = (
        panel.get_by_role("spinbutton", name=f"{one}, in megabytes") for one in ("From", "To")
    )
    first.fill(str(least))
    first.press("Tab")
    expect(page.locator(".tools-said")).to_have_text(f"Photos{larger}")
    expect(last).to_be_focused()
    assert chips(page) == [f"From {least} MB"]
    last.fill(str(least / 2))
    last.press("Enter")
    expect(panel.get_by_role("alert")).to_have_text("The first number must be the smaller one.")
    last.fill(str(most))
    last.press("Enter")
    expect(page.locator(".tools-said")).to_have_text(f"Photos{between}")
    expect(panel.locator("[role=alert]")).to_have_text(["", ""])
    expect(page).to_have_url(re.compile(rf"\?size={least}-{most}$"))
    page.reload()
    expect(page.locator(".tools-said")).to_have_text(f"Photos{between}")
    expect(first).to_have_value(str(least))
    assert chips(page) == [f"{least} MB to {most} MB"]
    page.get_by_role("button", name="Remove File size").click()
    expect(page.locator(".tools-said")).to_have_text(f"Photos{len(sizes)}")
    expect(last).to_have_value("")
    assert pages.complaints == []
    pages.expected.append("400 (Bad Request)")
    page.goto(pages.app.url + "/?size=huge")
    expect(page.get_by_text("min_size_bytes").first).to_be_visible()


def test_megapixels_narrow_beside_file_sizes(pages: Pages) -> None:
    files = [one for one in pages.app.library.folder.rglob("*.jpg") if one.parent.name != "broken"]
    pixels = sorted(map(pixels_of, files))
    least = pixels[len(pixels) // 2] / 1e6
    wanted = sum(one >= round(least * 1e6) for one in pixels)
    assert len(pixels) > wanted > 0
    page = pages.at("/")
    panel = page.get_by_role("complementary", name="Filters")
    field = panel.get_by_role("spinbutton", name="From, in megapixels")
    field.fill(f"{least:.6f}")
    field.press("Enter")
    expect(page.locator(".tools-said")).to_have_text(f"Photos{wanted}")
    expect(page).to_have_url(re.compile(r"\?megapixels=0\.\d+-$"))
    page.reload()
    expect(page.locator(".tools-said")).to_have_text(f"Photos{wanted}")
    expect(page.locator(".chip")).to_have_text(re.compile(r"^From 0\.\d+ MP"))
    page.get_by_role("button", name="Remove Megapixels").click()
    expect(page.locator(".tools-said")).to_have_text(f"Photos{len(pixels)}")
    assert pages.complaints == []


def test_on_a_phone_filters_are_a_sheet(pages: Pages) -> None:
    page = pages.at("/?q=red", size=PHONE)
    opener = page.get_by_role("button", name="Filters")
    opener.click()
    sheet = page.get_by_role("dialog", name="Filters")
    sheet.get_by_text("Apple iPhone 13 Pro Max").click()
    expect(page).to_have_url(re.compile("camera=Apple"))
    sheet.get_by_role("button", name="Show the photos").click()
    expect(sheet).not_to_be_visible()
    expect(opener).to_be_focused()
    expect(page.locator(".chip")).to_have_text("Apple iPhone 13 Pro Max")
