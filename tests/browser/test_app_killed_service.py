"""`kill -9` of the orchestrator under the open app, and an inference service that is away: with a
real process, and a small library of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from benchmarks.services import free_ports
from tests.browser.app_rig import App, Pages, real_inference
from tests.browser.bad_moments import Gate, Line, is_back, line_to, offline_notice
from tests.browser.made_library import make_library
from tests.browser.rig import PATIENCE_S, Orchestrator
from tests.e2e.conftest import ServiceProcess

PICTURES = 24


@dataclass(frozen=True, slots=True)
class Killed:
    """`line` leads from the orchestrator's process to the inference service, which has a gate."""

    process: ServiceProcess
    line: Line
    gate: Gate


@pytest.fixture(scope="module")
def killed(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killed]:
    assert chromium, "without one no service need be started"
    folder, gate, [port] = tmp_path_factory.mktemp("killed"), Gate(), free_ports(1)
    gate.opened.set()
    photos = folder / "photos"
    photos.mkdir()
    with ExitStack() as stack:
        url = stack.enter_context(real_inference(folder / "models", gate=gate))
        line = stack.enter_context(line_to(url))
        stack.callback(gate.opened.set)
        environment = {
            "ORCHESTRATOR_HOST": "127.0.0.1",
            "ORCHESTRATOR_PORT": str(port),
            "ML_INFERENCE_SERVICE_URL": line.url,
            "DATA_DIR": str(folder / "data"),
            "INGEST_ROOTS": str(photos),
            "STORE_LINGER_S": "0.05",
            "MIN_FREE_BYTES": "0",
        }
        module, log = "ingestion_orchestration_fastapi_app", folder / "orchestrator.log"
        process = ServiceProcess("orchestrator", module, port, environment, log)
        stack.callback(process.kill)
        yield Killed(process, line, gate)


@pytest.fixture(scope="module")
def app(killed: Killed) -> Iterator[App]:
    """In place of the shared one."""
    process = killed.process
    photos = process.log_path.parent / "photos"
    library = make_library(photos, count=PICTURES)
    process.start()
    with httpx.Client(base_url=process.url, trust_env=False, timeout=PATIENCE_S) as http:
        running = Orchestrator(process.url, process.port, None, photos, http)
        running.ingest()
        yield App(running, library, killed.line.url)


def started(app: App, name: str, *, count: int) -> str:
    """The id of a job over pictures that were never embedded."""
    folder = app.library.folder / name
    folder.mkdir()
    for number in range(count):
        Image.effect_noise((300, 200), 40 + number).save(folder / f"{number}.jpg")
    answer = app.http.post("/api/v1/ingest", json={"directory_path": str(folder)})
    return str(answer.json()["job_id"])


def job_of(app: App, job_id: str) -> dict[str, Any]:
    job = app.http.get(f"/api/v1/jobs/{job_id}").json()
    assert isinstance(job, dict)
    return job


def badge(page: Page) -> Any:
    return page.locator(".job .badge").first


@pytest.mark.parametrize("place", ["/imports/{job}", "/imports"])
def test_a_running_import_goes_on_on_the_page_after_kill_9(
    place: str, pages: Pages, app: App, killed: Killed
) -> None:
    pages.expected += ["Failed to load resource: net::ERR_", "ERR_INCOMPLETE_CHUNKED_ENCODING"]
    killed.gate.opened.clear()
    job_id = started(app, f"during {place.count('job')}", count=9)
    page = pages.at(place.format(job=job_id))
    expect(page.locator(".job").first).to_contain_text("of 9 photos")
    expect(badge(page)).to_have_text("Running")
    killed.process.kill()
    expect(offline_notice(page)).to_be_visible()
    expect(offline_notice(page)).to_have_count(1)
    expect(page.locator(".job").first).to_contain_text("of 9 photos")
    expect(page.get_by_text("Done")).to_have_count(0)
    killed.gate.opened.set()
    killed.process.start()
    is_back(page)
    expect(badge(page)).to_have_text("Done")
    job = job_of(app, job_id)
    assert (job["state"], job["counts"]["failed"]) == ("completed", 0)
    assert job["counts"]["found"] == 9


def test_without_a_model_it_is_said_and_words_answer_until_one_is_back(
    pages: Pages, killed: Killed
) -> None:
    pages.expected.append("status of 503")
    killed.line.cut()
    try:
        page = pages.at("/?q=circle")
        said = page.get_by_text("No inference service answers: these have the words")
        expect(said.first).to_be_visible()
        tiles = page.get_by_role("gridcell")
        expect(tiles.first).to_be_visible()
        page.get_by_role("searchbox").fill("zebra")
        page.keyboard.press("Enter")
        away = "Search is not available: no inference service answers. Browsing works."
        expect(page.get_by_role("heading", name=away)).to_be_visible()
        expect(
            page.get_by_text("No caption, name or keyword has these words either.")
        ).to_be_visible()
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
    finally:
        killed.line.mend()
    expect(page.get_by_role("heading", name=away)).to_have_count(0)
    expect(page.locator(".results")).not_to_contain_text("No inference service answers")
