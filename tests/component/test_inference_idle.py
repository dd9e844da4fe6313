"""Models that nobody needs are unloaded, and loaded again by the first who does."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio
import anyio.to_thread
import httpx
import pytest
from prometheus_client import CollectorRegistry

from ml_inference_fastapi_app.backends.base import ClipOptions, OnPhase, StartPhase
from ml_inference_fastapi_app.metrics import EngineMetrics
from ml_inference_fastapi_app.models.clip_lifecycle import ModelLifecycle
from ml_inference_fastapi_app.models.clip_loading import ClipLoader, ClipPlan
from ml_inference_fastapi_app.models.probe_cache import ProbeCache
from ml_inference_fastapi_app.scheduling.model_thread import ModelThread
from tests.component.caption_fakes import FakeCaptioner, captioned, grey, with_caption_images
from tests.component.inference_fakes import (
    DESCRIPTION,
    FakeEmbedder,
    Served,
    eventually,
    files,
    loaded,
    picture,
    ppm,
    problem_of,
    quiet,
    served,
    settings,
    vector_of,
)
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio

URL = "/api/v1/batch_embed_and_caption"
IDLE_S = 0.1


@dataclass
class Loads:
    """Loads a new embedder each time, and holds none. While `gate` is clear, none is loaded."""

    fingerprint: str = DESCRIPTION.fingerprint
    begun: int = 0
    gate: threading.Event = field(default_factory=threading.Event)
    gone: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __post_init__(self) -> None:
        self.gate.set()

    def __call__(self, _options: ClipOptions, _on_phase: OnPhase) -> FakeEmbedder:
        self.begun += 1
        assert self.gate.wait(60)
        description = replace(DESCRIPTION, fingerprint=self.fingerprint)
        embedder = FakeEmbedder(description=description)
        weakref.finalize(embedder, self.gone.release)
        return embedder

    async def unloaded(self) -> None:
        """Until nothing in the process holds the embedder any more."""
        assert await anyio.to_thread.run_sync(lambda: self.gone.acquire(timeout=60))


@pytest.fixture
def loads() -> Loads:
    return Loads()


@pytest.fixture
async def service(loads: Loads, tmp_path: Path) -> AsyncIterator[Served]:
    async with served(
        FakeEmbedder(), load=loads, ml_idle_unload_s=IDLE_S, model_cache_dir=tmp_path
    ) as service:
        yield service


@pytest.fixture
async def client(service: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=service.url, timeout=60) as client:
        await loaded(client)
        yield client


async def counted(client: httpx.AsyncClient, line: str) -> bool:
    return f"photoseek_inference_{line}" in (await client.get("/metrics")).text


async def test_a_model_that_nobody_needs_is_dropped_though_its_health_is_asked_for(
    client: httpx.AsyncClient, loads: Loads
) -> None:
    async def unloaded() -> bool:
        assert (await client.get("/health/ready")).status_code == 200
        assert (await client.get("/api/v1/capabilities")).status_code == 200
        return await counted(client, 'unloaded_total{model="clip"} 1.0')

    await eventually(unloaded)
    await loads.unloaded()
    assert await counted(client, "model_loaded 0.0")


async def test_an_unloaded_model_stays_so_for_those_who_only_ask_about_it(
    client: httpx.AsyncClient, loads: Loads
) -> None:
    told = (await client.get("/api/v1/capabilities")).json()
    await loads.unloaded()
    told["models"][0]["state"] = "unloaded"
    for _ in range(3):
        assert (await client.get("/health/ready")).json()["status"] == "ok"
        assert (await client.get("/api/v1/capabilities")).json() == told
    assert loads.begun == 1


async def test_the_first_who_needs_an_unloaded_model_loads_it_once_for_all(
    client: httpx.AsyncClient, loads: Loads
) -> None:
    upload = files(("a", ppm(picture(1))))
    await loads.unloaded()
    loads.gate.clear()
    for _ in range(2):
        for response in (
            await client.post(URL, files=upload),
            await client.post("/api/v1/embed_text", json={"texts": ["a"]}),
        ):
            problem = problem_of(response)
            assert (problem.status, problem.code) == (503, ErrorCode.MODEL_LOADING)
            assert int(response.headers["Retry-After"]) >= 1
            assert problem.eta_s is not None
            assert problem.eta_s < 10, "as long as the first time"
    assert problem_of(await client.get("/health/ready")).code is ErrorCode.MODEL_LOADING
    assert (await client.get("/api/v1/capabilities")).status_code == 200
    loads.gate.set()
    while (response := await client.post(URL, files=upload)).status_code == 503:
        assert problem_of(response).code is ErrorCode.MODEL_LOADING
    (result,) = response.json()["results"]
    assert result["embedding"] == pytest.approx(vector_of(picture(1)).tolist())
    assert loads.begun == 2
    await loads.unloaded()


async def test_a_model_that_was_loaded_again_waits_for_those_who_asked_for_it(
    client: httpx.AsyncClient, loads: Loads
) -> None:
    await loads.unloaded()
    assert (await client.post("/api/v1/embed_text", json={"texts": ["a"]})).status_code == 503

    async def is_loaded() -> bool:
        return await counted(client, "model_loaded 1.0")

    await eventually(is_loaded)
    limit_s = time.monotonic() + 10 * IDLE_S
    while time.monotonic() < limit_s:
        assert await is_loaded()
    assert (await client.post("/api/v1/embed_text", json={"texts": ["a"]})).status_code == 200
    await loads.unloaded()
    assert loads.begun == 2


async def test_another_model_in_the_place_of_the_unloaded_one_ends_the_service(
    client: httpx.AsyncClient, service: Served, loads: Loads
) -> None:
    await loads.unloaded()
    loads.fingerprint = "fake-2"
    with quiet():
        await client.post("/api/v1/embed_text", json={"texts": ["a"]})
        assert await anyio.to_thread.run_sync(service.fatal.wait, 60)
    for path in ("/health/ready", "/api/v1/capabilities"):
        assert problem_of(await client.get(path)).code is ErrorCode.ML_UNAVAILABLE


async def test_the_model_threads_death_shows_while_the_model_is_unloaded(
    client: httpx.AsyncClient, service: Served, loads: Loads
) -> None:
    await loads.unloaded()
    service.app.state.engine.thread.stop()

    async def failed() -> bool:
        return (await client.get("/health/ready")).status_code == 503

    await eventually(failed)


async def test_a_captioner_that_nobody_needs_is_dropped_beside_a_model_that_works(
    tmp_path: Path,
) -> None:
    captioner = FakeCaptioner()
    parts = with_caption_images(("a", ppm(picture(1)), grey(50)))
    async with (
        served(
            FakeEmbedder(),
            load_captions=captioner.load,
            disable_captions=False,
            blip_model="tiny-captions",
            ml_idle_unload_s=2.0,
            model_cache_dir=tmp_path,
        ) as service,
        httpx.AsyncClient(base_url=service.url, timeout=60) as client,
    ):
        await loaded(client)
        # Held in use: on a stalled machine two requests lie further apart than it may be idle.
        with service.app.state.engine.models.default.in_use():
            told = [await captioned(client, parts)]

            async def unloaded() -> bool:
                answer = await client.post("/api/v1/embed_text", json={"texts": ["a"]})
                assert answer.status_code == 200
                return await counted(client, 'unloaded_total{model="blip"} 1.0')

            await eventually(unloaded)
            captions = (await client.get("/api/v1/capabilities")).json()["captions"]
            assert captions["available"]
            assert captions["fingerprint"] == told[0].caption_fingerprint
            assert captioner.loads == 1
            told.append(await captioned(client, parts))
            assert captioner.loads == 2
    assert told[0] == told[1]
    assert told[0].results[0].caption == "50"


@asynccontextmanager
async def kept(loads: Loads, tmp_path: Path) -> AsyncIterator[ModelLifecycle]:
    """A model that is loaded, outside of a service."""
    threads = ModelThread(), ModelThread("loader")
    for each in threads:
        each.start()
    loader = ClipLoader(*threads, ProbeCache(tmp_path), EngineMetrics(CollectorRegistry()))
    plan = ClipPlan(settings().clip_options("fake", ""), loads)
    lifecycle = ModelLifecycle(plan, loader, ready_timeout_s=1)
    lifecycle.request_load(awaited=False)
    assert await lifecycle.load()
    yield lifecycle
    for each in threads:
        each.stop()
        assert await anyio.to_thread.run_sync(each.join, 10)


def test_nothing_is_unloaded_unless_it_is_asked_for() -> None:
    assert settings().ml_idle_unload_s == 0


async def test_no_model_is_idle_while_a_request_uses_it(loads: Loads, tmp_path: Path) -> None:
    async with kept(loads, tmp_path) as lifecycle:
        assert lifecycle.may_leave()
        with lifecycle.in_use():
            with lifecycle.in_use():
                assert (lifecycle.idle_s(), lifecycle.may_leave()) == (0, False)
            assert (lifecycle.idle_s(), lifecycle.may_leave()) == (0, False)
        assert lifecycle.may_leave()


async def test_a_model_has_served_once_it_worked_for_as_long_as_it_loaded_or_is_not_asked(
    loads: Loads, tmp_path: Path
) -> None:
    async with kept(loads, tmp_path) as lifecycle:
        lifecycle.progress.took_s = {StartPhase.FETCHING: 3600.0, StartPhase.LOADING: 0.0}
        with lifecycle.in_use():
            assert lifecycle.has_served()
            lifecycle.progress.took_s[StartPhase.LOADING] = 3600.0
            assert not lifecycle.has_served()

        async def has_served() -> bool:
            return lifecycle.has_served()

        await eventually(has_served)
