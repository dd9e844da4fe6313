"""What pages of other people try in a real browser, beside a running orchestrator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import Watched
from tests.browser.rig import HostileSite, Orchestrator, hostile_site, orchestrator
from tests.component.orchestrator_app import paint

KEY = "correct horse battery"
SCRIPT = b"<html><body><script>document.title='run';localStorage.run='run'</script></body></html>"

# Each tries to make a collection, with what browsers let a page send unasked, and more.
ATTACKS = """
<!doctype html><title>nice pictures</title>
<iframe name=sink></iframe>
<form id=plain method=post enctype=text/plain target=sink action="TARGET/api/v1/collections">
  <input name='{"name":"form-plain","x":"' value='"}'></form>
<form id=url method=post target=sink action="TARGET/api/v1/collections">
  <input name=name value=form-url></form>
<form id=multi method=post enctype=multipart/form-data target=sink
  action="TARGET/api/v1/collections"><input name=name value=form-multi></form>
<script>
const body = name => JSON.stringify({ name });
async function attack() {
  const url = "TARGET/api/v1/collections";
  const said = [];
  const one = (name, promise) => promise.then(
    async answer => said.push([name, answer.status, await answer.text()]),
    () => said.push([name, "refused", ""]));
  await one("simple", fetch(url, { method: "POST", mode: "no-cors", body: body("simple") }));
  await one("cookie", fetch(url, { method: "POST", mode: "no-cors", credentials: "include",
    body: body("cookie") }));
  await one("json", fetch(url, { method: "POST", credentials: "include", body: body("json"),
    headers: { "Content-Type": "application/json" } }));
  await one("key", fetch(url, { method: "POST", body: body("key"),
    headers: { "Content-Type": "application/json", "X-API-Key": "KEY" } }));
  await one("delete", fetch(url + "/mine", { method: "DELETE", credentials: "include" }));
  await one("read", fetch(url, { credentials: "include" }));
  await one("logout", fetch("TARGET/api/v1/session", { method: "DELETE", credentials: "include" }));
  navigator.sendBeacon(url, body("beacon"));
  for (const form of ["plain", "url", "multi"]) {
    document.getElementById(form).submit();
    await new Promise(resolve => setTimeout(resolve, 200));
  }
  const image = new Image();
  said.push(["image", await new Promise(resolve => {
    image.onload = () => resolve("shown");
    image.onerror = () => resolve("refused");
    image.src = "PICTURE";
  }), ""]);
  return said;
}
</script>
"""


@pytest.fixture
def hostile() -> Iterator[HostileSite]:
    with hostile_site() as site:
        yield site


def logged_in(browser: Watched, running: Orchestrator) -> None:
    browser.page.goto(f"{running.url}/")
    browser.page.get_by_label("API key").fill(KEY)
    browser.page.get_by_role("button", name="Log in").click()
    expect(browser.page.get_by_role("navigation").first).to_be_visible()


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("name", ["attacker.test", "127.0.0.1"])  # another port is another site
def test_a_page_of_another_site_changes_and_reads_nothing(
    key: str | None, name: str, tmp_path: Path, browser: Watched, hostile: HostileSite
) -> None:
    with orchestrator(tmp_path, key=key) as running:
        paint(running.photos / "red.png", "red")
        running.ingest()
        running.http.post("/api/v1/collections", json={"name": "mine"})
        if key is not None:
            logged_in(browser, running)
        refused = running.answered(403)
        picture = running.url + running.search()[0]["thumbnail_url"]
        hostile.pages["/"] = ATTACKS.replace("TARGET", running.url).replace("PICTURE", picture)
        browser.page.goto(f"http://{name}:{hostile.port}/")
        said = browser.page.evaluate("attack()")
        assert {one: (status, text) for one, status, text in said} == {
            "simple": ("refused", ""),
            "cookie": ("refused", ""),
            "json": ("refused", ""),
            "key": ("refused", ""),
            "delete": ("refused", ""),
            "read": ("refused", ""),
            "logout": ("refused", ""),
            "image": ("refused", ""),
        }
        assert sorted(running.collections()) == ["default", "mine"]
        if key is None:  # with one, strangers do not come so far
            assert running.answered(403) >= refused + 6, "they did arrive"
        if key is not None:
            browser.page.goto(f"{running.url}/")
            expect(browser.page.get_by_role("navigation").first).to_be_visible()


def test_a_name_that_resolves_to_this_machine_gets_nothing(
    tmp_path: Path, browser: Watched
) -> None:
    """DNS rebinding: the page came from `evil.test`, whose name now means 127.0.0.1."""
    with orchestrator(tmp_path) as running:
        paint(running.photos / "red.png", "red")
        running.ingest()
        [hit] = running.search()
        evil = f"http://evil.test:{running.port}"
        answer = browser.page.goto(f"{evil}/")
        assert answer is not None
        assert answer.status == 421
        assert "ERR_HOST_NOT_ALLOWED" in answer.text()
        # What the name server's owner served before: from here on all is one origin.
        browser.page.route(
            f"{evil}/bait", lambda route: route.fulfill(body="<p>", content_type="text/html")
        )
        browser.page.goto(f"{evil}/bait")
        for path in (
            "/api/v1/collections", "/api/v1/jobs", "/openapi.json", "/metrics",
            "/static/js/main.js", hit["thumbnail_url"], hit["file_url"],
        ):  # fmt: skip
            status, text = browser.page.evaluate(
                "path => fetch(path).then(async one => [one.status, await one.text()])", path
            )
            assert status == 421, path
            assert "ERR_HOST_NOT_ALLOWED" in text
        changed = browser.page.evaluate(
            """() => fetch("/api/v1/collections", { method: "POST", body: '{"name": "evil"}',
                headers: { "Content-Type": "application/json" } }).then(one => one.status)"""
        )
        assert changed == 421
        assert running.collections() == ["default"]
        for own in (f"http://localhost:{running.port}", running.url):
            good = browser.page.goto(f"{own}/")
            assert good is not None
            assert good.status == 200


def test_no_other_site_frames_the_page(
    tmp_path: Path, browser: Watched, hostile: HostileSite
) -> None:
    with orchestrator(tmp_path) as running:
        for path in ("/", "/docs"):
            hostile.pages["/"] = f'<iframe src="{running.url}{path}"></iframe>'
            browser.page.goto(f"http://attacker.test:{hostile.port}/")
            framed = browser.page.frames[-1]
            assert framed.locator("form, #swagger-ui").count() == 0
        assert any("frame" in text for text in browser.complaints)


@pytest.mark.parametrize("kind", ["JPEG", "GIF"])
def test_script_in_a_picture_never_runs_in_the_pages_origin(
    kind: str, tmp_path: Path, browser: Watched
) -> None:
    with orchestrator(tmp_path) as running:
        Image.new("RGB", (64, 64), "red").save(running.photos / "x.html", kind, comment=SCRIPT)
        running.ingest()
        [hit] = running.search()
        assert hit["filename"] == "x.html"
        for url in (hit["file_url"], hit["thumbnail_url"], f"/api/v1/images/{hit['id']}"):
            answer = browser.page.goto(running.url + url)
            assert answer is not None
            assert answer.headers["content-type"] in (
                "image/webp",
                "application/json",
                f"image/{kind.lower()}",
            )
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert browser.page.title() != "run"
        # As a page within the page, which is what a crafted link could ask for.
        browser.page.goto(f"{running.url}/")
        browser.page.evaluate(
            """url => new Promise(resolve => {
                const frame = document.createElement("iframe");
                frame.onload = resolve;
                frame.src = url;
                document.body.append(frame);
            })""",
            hit["file_url"],
        )
        assert browser.page.evaluate("localStorage.run ?? null") is None
