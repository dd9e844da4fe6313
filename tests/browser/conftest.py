"""One Chromium for each file of tests; a fresh profile, and a record of it, for each test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.app_rig import App, Pages, real_app, real_inference

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
PATIENCE_MS = 30_000
# Names of other people that resolve to this machine, as a name server of theirs can say.
REBOUND = "MAP *.test 127.0.0.1"


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: sudo apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                f"--host-resolver-rules={REBOUND}",
                # What Chromium itself keeps from other sites' pages is not what is tried here.
                "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
            ],
            chromium_sandbox=os.getuid() != 0,  # it refuses to be root's
        )
        yield browser
        browser.close()


@dataclass
class Watched:
    """What a browser asked for, and what it complained of."""

    context: BrowserContext
    page: Page
    urls: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def hosts(self) -> set[str]:
        """Those that were asked. Addresses without one are data of the page itself."""
        return {host for url in self.urls if (host := urlsplit(url).netloc)}

    @property
    def policy_violations(self) -> list[str]:
        return [text for text in self.complaints if "Content Security Policy" in text]


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Watched]:
    context = chromium.new_context()
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    watched = Watched(context, context.new_page())
    context.on("request", lambda request: watched.urls.append(request.url))
    watched.page.on("console", lambda message: watched.complaints.append(message.text))
    yield watched
    context.close()


@pytest.fixture(scope="package")
def inference_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of the inference service with the tiny models."""
    with real_inference(tmp_path_factory.mktemp("inference")) as url:
        yield url


@pytest.fixture(scope="package")
def app(
    chromium: Browser, inference_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[App]:
    """The app with a library, for all tests that leave it as it was."""
    assert chromium, "without one the library need not be made"
    with real_app(tmp_path_factory.mktemp("app"), inference_url) as running:
        yield running


@pytest.fixture
def pages(chromium: Browser, app: App) -> Iterator[Pages]:
    """Pages of the app; none may complain in its console."""
    opened = Pages(chromium, app)
    yield opened
    opened.close()
    assert opened.complaints == []
