"""Both services with the tiny models, a library that was really imported, and pages that look at
it. Shared by all tests of the app: a test takes back what it changes, or changes what no other
looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, expect

from benchmarks.services import free_ports
from ingestion_orchestration_fastapi_app.main import create_app
from ingestion_orchestration_fastapi_app.settings import Settings
from ml_inference_fastapi_app.main import create_app as create_inference_app
from ml_inference_fastapi_app.settings import Settings as InferenceSettings
from tests.browser.bad_moments import Gate
from tests.browser.made_library import PICTURES, MadeLibrary, make_library
from tests.browser.rig import PATIENCE_S, Orchestrator, listening

DESKTOP, PHONE = (1440, 900), (390, 844)
PATIENCE_MS = 30_000


@dataclass(frozen=True, slots=True)
class App:
    """`running` speaks to it as a program does. `library` is what was imported into `default`."""

    running: Orchestrator
    library: MadeLibrary
    inference_url: str

    @property
    def url(self) -> str:
        return self.running.url

    @property
    def http(self) -> httpx.Client:
        return self.running.http


@contextmanager
def real_inference(folder: Path, *, gate: Gate | None = None) -> Iterator[str]:
    """The inference service with the tiny models, ready to answer, behind the gate if given."""
    settings = InferenceSettings.model_validate(
        {
            "model_cache_dir": folder,
            "clip_model": "tiny-shapes",
            "blip_model": "tiny-captions",
            "ml_compile": "off",
        }
    )
    app = create_inference_app(settings)
    if gate is not None:
        app.add_middleware(gate.wraps)
    with listening(app, free_ports(1)[0]) as url:
        with httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE_S) as http:
            while http.get("/health/ready").status_code != 200:
                pass  # the service answers when its model is loaded, or after a moment
        yield url


@contextmanager
def real_app(
    folder: Path,
    inference_url: str,
    *,
    key: str | None = None,
    count: int = PICTURES,
    more: Callable[[Path], None] = lambda _photos: None,
    is_imported: bool = True,
) -> Iterator[App]:
    """An orchestrator beside that inference service, with a made library in it, or beside it.

    `more` adds to its photographs before they are imported.
    """
    photos, port = folder / "photos", free_ports(1)[0]
    photos.mkdir(parents=True)
    library = make_library(photos, count=count)
    more(photos)
    settings = Settings.model_validate(
        {
            "data_dir": folder / "data",
            "ingest_roots": (photos,),
            "store_linger_s": 0.05,
            "min_free_bytes": 0,
            "orchestrator_port": port,
            "api_key": key,
            "ml_inference_service_url": inference_url,
        }
    )
    headers = {} if key is None else {"X-API-Key": key}
    with (
        listening(create_app(settings), port) as url,
        httpx.Client(base_url=url, trust_env=False, headers=headers, timeout=PATIENCE_S) as http,
    ):
        running = Orchestrator(url, port, key, photos, http)
        if is_imported:
            running.ingest()
        yield App(running, library, inference_url)


@dataclass
class Pages:
    """Opens pages of the app, each with a profile of its own, and hears what they complain of.

    `expected`: parts of complaints that a test provokes.
    """

    chromium: Browser
    app: App
    expected: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def at(
        self,
        address: str = "/",
        *,
        size: tuple[int, int] = DESKTOP,
        dark: bool = False,
        language: str = "en-GB",
        url: str | None = None,
    ) -> Page:
        """A page at an address of the app, such as `/imports?in=scans`."""
        page = self.blank(size=size, dark=dark, language=language)
        page.goto((url or self.app.url) + address)
        return page

    def blank(self, *, size: tuple[int, int], dark: bool, language: str) -> Page:
        """A page that shows nothing yet."""
        width, height = size
        context = self.chromium.new_context(
            viewport={"width": width, "height": height},
            has_touch=size == PHONE,
            locale=language,
            color_scheme="dark" if dark else "light",
        )
        self.contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        page = context.new_page()
        page.on("console", lambda said: self._hear(said.type, said.text))
        page.on("pageerror", lambda error: self._hear("error", str(error)))
        return page

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not any(one in text for one in self.expected):
            self.complaints.append(text)

    def close(self) -> None:
        for context in self.contexts:
            context.close()
