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
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Log in").click()


def test_with_the_key_pictures_originals_and_event_streams_open_until_the_logout(
    keyed: Orchestrator, browser: Watched
) -> None:
    job_id = keyed.ingest()
    page = browser.page
    log_in(page, keyed)
    logout = page.get_by_role("button", name="Log out")
    expect(logout).to_be_visible()
    page.get_by_role("searchbox").fill("red")
    page.get_by_role("button", name="Search").click()
    first = page.locator("#results a").first
    expect(first).to_be_visible()
    assert page.locator("#results img").first.evaluate(WIDTH_PX) == 64

    with page.expect_popup() as opening:
        first.click()
    original = opening.value
    original.wait_for_load_state()
    assert original.evaluate("document.contentType").startswith("image/")
    assert original.evaluate("document.images[0].naturalWidth") == 64
    file_url = original.url
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

    logout.click()
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
            page.get_by_label("API key").fill(key)
            page.get_by_role("button", name="Log in").click()
            expect(page.get_by_role("button", name="Log out")).to_be_visible()
            [cookie] = browser.context.cookies()
            assert cookie["path"] == "/photos"
        page.get_by_role("searchbox").fill("red")
        page.get_by_role("button", name="Search").click()
        first = page.locator("#results a").first
        assert first.locator("img").evaluate(WIDTH_PX) == 64
        file_url = first.evaluate("link => link.href")
        assert file_url.startswith(f"{site}api/v1/images/")
        assert page.evaluate(STATUS_OF, file_url) == 200
        page.goto(f"{site}docs")
        expect(page.locator(".opblock").first).to_be_visible()
        assert browser.hosts == {f"photos.test:{port}"}
        assert browser.policy_violations == []


def test_a_wrong_key_is_said_and_opens_nothing(keyed: Orchestrator, browser: Watched) -> None:
    browser.page.goto(f"{keyed.url}/")
    expect(browser.page.get_by_role("alert")).to_contain_text("Log in with the API key")
    log_in(browser.page, keyed, "wrong")
    expect(browser.page.get_by_role("alert")).to_contain_text("not the API key")
    assert browser.context.cookies() == []


def test_the_page_asks_nobody_else_and_keeps_to_its_policy(
    tmp_path: Path, browser: Watched
) -> None:
    with orchestrator(tmp_path) as running:
        paint(running.photos / "red.png", "red")
        running.ingest()
        browser.page.goto(f"{running.url}/?q=red")
        expect(browser.page.locator("#results img")).to_be_visible()
        assert browser.page.locator("#results img").evaluate(WIDTH_PX) == 64
        browser.page.get_by_role("searchbox").fill("red " * 100)
        browser.page.get_by_role("button", name="Search").click()
        expect(browser.page.locator("#summary")).to_contain_text("Warning: ")
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
    expect(browser.page.get_by_role("button", name="Log out")).to_be_visible()
    browser.page.goto(f"{keyed.url}/docs")
    operation = browser.page.locator(".opblock", has_text="/api/v1/collections").first
    operation.locator(".opblock-summary-control").first.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    status = operation.locator(".live-responses-table .response-col_status")
    expect(status.last).to_contain_text("200")
    assert browser.policy_violations == []
