"""The page and `/docs` in a browser: logging in, pictures, links, streams, nothing foreign."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watched
from tests.browser.rig import Orchestrator, inference, orchestrator, proxy
from tests.component.orchestrator_app import paint

KEY = "correct horse battery"
WIDTH_PX = "image => image.decode().then(() => image.naturalWidth)"
STATUS_OF = "url => fetch(url).then(answer => answer.status)"


@pytest.fixture
def keyed(tmp_path: Path) -> Iterator[Orchestrator]:
    with orchestrator(tmp_path, key=KEY) as running:
        paint(running.photos / "red.png", "red")
        paint(running.photos / "blue.png", "blue")
        yield running


def log_in(page: Page, running: Orchestrator, key: str = KEY) -> None:
    page.goto(f"{running.url}/")
    give_key(page, key)


def give_key(page: Page, key: str = KEY) -> None:
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Log in").click()


def inside(page: Page) -> None:
    """Until the app is there."""
    expect(page.get_by_role("navigation").first).to_be_visible()


def log_out(page: Page) -> None:
    page.get_by_role("button", name="Language and account").click()
    page.get_by_role("menuitem", name="Log out").click()


def search(page: Page, words: str) -> None:
    page.get_by_role("searchbox").first.fill(words)
    page.keyboard.press("Enter")


def test_with_the_key_pictures_originals_and_event_streams_open_until_the_logout(
    keyed: Orchestrator, browser: Watched
) -> None:
    job_id = keyed.ingest()
    page = browser.page
    log_in(page, keyed)
    inside(page)
    search(page, "red")
    expect(page.locator(".tile img").first).to_be_visible()
    assert page.locator(".tile img").first.evaluate(WIDTH_PX) == 64

    file_url = keyed.url + keyed.search()[0]["file_url"]
    original = browser.context.new_page()
    original.goto(file_url)
    assert original.evaluate("document.contentType").startswith("image/")
    assert original.evaluate("document.images[0].naturalWidth") == 64
    original.close()

    told = page.evaluate(
        """url => new Promise((resolve, reject) => {
            const stream = new EventSource(url);
            stream.onmessage = ({ data }) => { stream.close(); resolve(JSON.parse(data).state); };
            stream.onerror = () => reject(new Error("no stream"));
        })""",
        f"{keyed.url}/api/v1/jobs/{job_id}/events",
    )
    assert told == "completed"

    [cookie] = browser.context.cookies()
    assert cookie["name"] == f"photoseek_session_{keyed.port}"
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/")
    assert page.evaluate("[document.cookie, sessionStorage.length, localStorage.length]") == [
        "",
        0,
        0,
    ]
    assert not any("correct" in url for url in browser.urls)

    log_out(page)
    expect(page.get_by_label("API key")).to_be_visible()
    for url in (file_url, f"{keyed.url}/api/v1/jobs/{job_id}/events"):
        assert page.evaluate(STATUS_OF, url) == 401
    browser.context.add_cookies(
        [{"name": cookie["name"], "value": cookie["value"], "url": keyed.url}]
    )
    assert page.evaluate(STATUS_OF, file_url) == 401
    assert browser.policy_violations == []


@pytest.mark.parametrize("key", [None, KEY])
def test_behind_a_proxy_below_a_path_and_by_a_name_of_the_network_all_of_it_works(
    key: str | None, tmp_path: Path, browser: Watched
) -> None:
    hosts = ("photos.test",) if key is None else ()
    with (
        orchestrator(tmp_path, key=key, hosts=hosts) as running,
        proxy(running.url, "/photos") as port,
    ):
        paint(running.photos / "red.png", "red")
        running.ingest()
        page, site = browser.page, f"http://photos.test:{port}/photos/"
        page.goto(site)
        if key is not None:
            give_key(page, key)
            inside(page)
            [cookie] = browser.context.cookies()
            assert cookie["path"] == "/photos"
        search(page, "red")
        first = page.locator(".tile img").first
        assert first.evaluate(WIDTH_PX) == 64
        assert first.evaluate("image => image.src").startswith(f"{site}api/v1/images/")
        page.get_by_role("link", name="Imports", exact=True).click()
        assert page.url == f"{site}imports"
        page.reload()
        expect(page.get_by_role("heading", name="Imports")).to_be_visible()
        file_url = site.removesuffix("/photos/") + "/photos" + running.search()[0]["file_url"]
        assert page.evaluate(STATUS_OF, file_url) == 200
        page.goto(f"{site}docs")
        expect(page.locator(".opblock").first).to_be_visible()
        assert browser.hosts == {f"photos.test:{port}"}
        assert browser.policy_violations == []


def test_the_page_asks_nobody_else_and_keeps_to_its_policy(
    tmp_path: Path, browser: Watched
) -> None:
    with orchestrator(tmp_path) as running:
        paint(running.photos / "red.png", "red")
        running.ingest()
        browser.page.goto(f"{running.url}/?q=red")
        expect(browser.page.locator(".tile img")).to_be_visible()
        assert browser.page.locator(".tile img").evaluate(WIDTH_PX) == 64
        search(browser.page, "red " * 100)
        expect(browser.page.get_by_text("longer than the model reads")).to_be_visible()
        assert browser.hosts == {f"127.0.0.1:{running.port}"}
        assert browser.complaints == []
        inline = "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"stop=1\">')"
        browser.page.evaluate(inline)
        browser.page.wait_for_timeout(100)
        assert browser.policy_violations, "the policy would have been noticed"
        assert browser.page.evaluate("typeof stop") == "function"  # the window's own, still


@pytest.mark.parametrize("service", ["orchestrator", "inference"])
def test_docs_show_every_operation_offline(service: str, tmp_path: Path, browser: Watched) -> None:
    serving = orchestrator(tmp_path) if service == "orchestrator" else inference(tmp_path)
    with serving as running:
        url = running if isinstance(running, str) else running.url
        answer = browser.page.goto(f"{url}/docs")
        assert answer is not None
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        expect(browser.page.locator(".opblock").first).to_be_visible()
        document = browser.page.evaluate(
            "url => fetch(url).then(answer => answer.json())", f"{url}/openapi.json"
        )
        operations = sum(len(item) for item in document["paths"].values())
        expect(browser.page.locator(".opblock")).to_have_count(operations)
        for summary in browser.page.locator(".opblock-summary-control").all()[:4]:
            summary.click()
        expect(browser.page.locator(".opblock-body").first).to_be_visible()
        assert browser.hosts == {url.removeprefix("http://")}
        assert browser.complaints == []


def test_docs_call_the_api_by_the_sessions_cookie(keyed: Orchestrator, browser: Watched) -> None:
    log_in(browser.page, keyed)
    inside(browser.page)
    browser.page.goto(f"{keyed.url}/docs")
    operation = browser.page.locator(".opblock", has_text="/api/v1/collections").first
    operation.locator(".opblock-summary-control").first.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    status = operation.locator(".live-responses-table .response-col_status")
    expect(status.last).to_contain_text("200")
    assert browser.policy_violations == []
