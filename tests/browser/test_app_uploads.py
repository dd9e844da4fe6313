"""An upload goes on while somebody looks elsewhere, tells its end, and is not lost in silence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Dialog, Locator, Page, Route, expect

from tests.browser.app_rig import DESKTOP, PHONE, App, Pages, real_app
from tests.browser.bad_moments import MOST_WAIT_MS, is_back
from tests.browser.looks import everybody_can_use
from tests.browser.test_app_session_ends import KEY, log_in, log_out

COLOURS = iter(range(10, 250, 3))


@pytest.fixture(scope="module")
def app(
    chromium: Browser, inference_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[App]:
    """In place of the shared one: with a key, and an inbox that these tests fill."""
    assert chromium, "without one the library need not be made"
    with real_app(tmp_path_factory.mktemp("uploads"), inference_url, key=KEY, count=12) as keyed:
        yield keyed


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """One that was not sent before."""
    path = tmp_path / "from here.png"
    Image.new("RGB", (64, 48), (next(COLOURS), 30, 30)).save(path)
    return path


@dataclass
class Upload:
    """A page of which an upload waits until somebody lets it go."""

    page: Page
    held: list[Route] = field(default_factory=list)

    @property
    def panel(self) -> Locator:
        return self.page.get_by_role("region", name="Upload")

    def sends(self, *files: Path) -> None:
        self.page.get_by_label("From this computer").set_input_files(files)
        expect(self.panel.get_by_role("progressbar")).to_be_visible()

    def waits(self) -> Route:
        """The call that came last, once it is there."""
        while not self.held:
            self.page.wait_for_timeout(20)
        return self.held.pop()


def uploading(pages: Pages, *files: Path, size: tuple[int, int] = DESKTOP) -> Upload:
    pages.expected.append("status of 401")
    page = pages.at("/imports/new", size=size)
    log_in(page)
    expect(page.get_by_role("navigation").first).to_be_visible(timeout=MOST_WAIT_MS)
    upload = Upload(page)
    page.route("**/ingest/upload**", lambda route: upload.held.append(route))
    upload.sends(*files)
    return upload


def to(page: Page, name: str) -> None:
    page.get_by_role("navigation").first.get_by_role("link", name=name, exact=True).click()


def test_it_goes_on_while_somebody_looks_elsewhere_and_tells_its_end(
    pages: Pages, picture: Path
) -> None:
    upload = uploading(pages, picture)
    page = upload.page
    for name in ("Photos", "Map", "Imports", "System"):
        to(page, name)
        expect(page.get_by_role("link", name=name, exact=True)).to_have_attribute(
            "aria-current", "page"
        )
        expect(upload.panel.get_by_role("progressbar")).to_be_visible()
    upload.waits().continue_()
    expect(page.get_by_role("status").get_by_text("Upload: 1 stored")).to_be_visible()
    expect(upload.panel).to_have_count(0)
    page.get_by_role("button", name="See progress").click()
    expect(page.locator(".job").first).to_contain_text("1 new")


def test_closing_the_tab_asks_while_it_runs_alone(pages: Pages, picture: Path) -> None:
    upload = uploading(pages, picture)
    page = upload.page
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    to(page, "Photos")
    page.evaluate("location.reload()")
    page.wait_for_timeout(200)
    expect(upload.panel).to_be_visible()
    assert asked == ["beforeunload"]
    upload.waits().continue_()
    expect(upload.panel).to_have_count(0)
    page.reload()
    expect(page.locator(".tile").first).to_be_visible()
    assert asked == ["beforeunload"]


def test_what_was_refused_is_listed_in_sentences_until_it_was_seen(
    pages: Pages, picture: Path, tmp_path: Path
) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no picture")
    upload = uploading(pages, picture, text)
    to(upload.page, "Albums")
    upload.waits().continue_()
    expect(upload.panel.get_by_text("1 stored · 1 refused")).to_be_visible()
    expect(upload.panel.get_by_role("listitem")).to_have_text(re.compile(r"^notes\.txt .+\w"))
    to(upload.page, "Photos")
    upload.panel.get_by_role("button", name="Close").click()
    expect(upload.panel).to_have_count(0)


def test_it_is_broken_off_and_the_rest_is_sent_later(pages: Pages, picture: Path) -> None:
    pages.expected.append("ERR_")
    upload = uploading(pages, picture)
    to(upload.page, "Photos")
    upload.waits()
    upload.panel.get_by_role("button", name="Break the upload off").click()
    expect(upload.panel.get_by_text("1 file was not sent")).to_be_visible()
    upload.panel.get_by_role("button", name="Send the rest").click()
    upload.waits().continue_()
    expect(upload.page.get_by_text("Upload: 1 stored")).to_be_visible()


def test_it_goes_on_by_itself_after_nobody_answered(pages: Pages, picture: Path) -> None:
    pages.expected.append("ERR_")
    upload = uploading(pages, picture)
    page = upload.page
    to(page, "Photos")
    page.route("**/api/v1/session", lambda route: route.abort())
    upload.waits().abort()
    expect(upload.panel.get_by_text("Goes on when Photoseek answers")).to_be_visible()
    page.unroute("**/api/v1/session")
    is_back(page)
    upload.waits().continue_()
    expect(page.get_by_text("Upload: 1 stored")).to_be_visible()


def test_a_service_that_breaks_it_off_again_and_again_is_told(pages: Pages, picture: Path) -> None:
    pages.expected.append("ERR_")
    upload = uploading(pages, picture)
    for _ in range(3):
        upload.waits().abort()
    expect(upload.panel.get_by_text("No connection to Photoseek.")).to_be_visible()
    expect(upload.panel.get_by_text("1 file was not sent")).to_be_visible()


def test_a_session_that_ends_meanwhile_costs_nothing_of_it(pages: Pages, picture: Path) -> None:
    upload = uploading(pages, picture)
    page = upload.page
    to(page, "Photos")
    page.context.clear_cookies()
    upload.waits().continue_()
    expect(page.get_by_role("dialog", name="Log in")).to_be_visible()
    log_in(page)
    upload.waits().continue_()
    expect(page.get_by_text("Upload: 1 stored")).to_be_visible()


def test_a_logout_asks_first_and_breaks_it_off(pages: Pages, picture: Path) -> None:
    pages.expected.append("ERR_")
    upload = uploading(pages, picture)
    page = upload.page
    to(page, "Photos")
    for answer in ("Cancel", "Log out"):
        log_out(page)
        asked = page.get_by_role("dialog", name="Log out during the upload?")
        expect(asked).to_be_visible()
        expect(upload.panel).to_be_visible()
        asked.get_by_role("button", name=answer).click()
    expect(page.get_by_label("API key")).to_be_visible()
    expect(page.get_by_text("The upload was broken off by the logout.")).to_be_visible()
    page.reload()
    expect(page.get_by_label("API key")).to_be_visible()
    expect(page.get_by_text("The upload was broken off by the logout.")).to_have_count(0)


def test_a_logout_in_another_tab_is_not_silent_about_it(pages: Pages, picture: Path) -> None:
    pages.expected.append("ERR_")
    upload = uploading(pages, picture)
    other = upload.page.context.new_page()
    other.goto(f"{pages.app.url}/help")
    log_out(other)
    expect(upload.page.get_by_text("The upload was broken off by the logout.")).to_be_visible()
    expect(other.get_by_label("API key")).to_be_visible()
    expect(other.get_by_text("broken off")).to_have_count(0)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_everybody_can_use_it(
    size: tuple[int, int], pages: Pages, picture: Path, tmp_path: Path
) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no picture")
    upload = uploading(pages, picture, text, size=size)
    to(upload.page, "Photos")
    expect(upload.page.locator(".tile").first).to_be_visible()
    everybody_can_use(upload.page)
    upload.waits().continue_()
    expect(upload.panel.get_by_role("listitem")).to_be_visible()
    everybody_can_use(upload.page)
