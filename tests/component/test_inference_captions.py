"""Captions over real HTTP: only when wanted, never at a vector's or a query's cost."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import anyio
import httpx
import pytest

from ml_inference_fastapi_app.scheduling.model_thread import Priority, one_turn
from tests.component.caption_fakes import (
    URL,
    WHOLE_PX,
    FakeCaptioner,
    blip_folder,
    captioned,
    grey,
    is_queued,
    tell_of_queries,
    with_caption_images,
)
from tests.component.inference_fakes import (
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
    vector_of,
)
from utils.contract import ErrorCode

pytestmark = pytest.mark.anyio


@pytest.fixture
def blip(tmp_path: Path) -> Path:
    return blip_folder(tmp_path)


@pytest.fixture
def captioner() -> FakeCaptioner:
    return FakeCaptioner()


@pytest.fixture
def embedder() -> FakeEmbedder:
    return FakeEmbedder()


@pytest.fixture
async def service(
    captioner: FakeCaptioner, embedder: FakeEmbedder, blip: Path
) -> AsyncIterator[Served]:
    async with served(
        embedder,
        load_captions=captioner.load,
        disable_captions=False,
        blip_model=str(blip),
        ml_offline=True,
    ) as service:
        yield service
        captioner.gate.set()
        captioner.load_gate.set()


@pytest.fixture
async def client(service: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=service.url, timeout=60) as client:
        await loaded(client)
        yield client


async def test_nothing_is_loaded_until_somebody_asks_and_then_once(
    client: httpx.AsyncClient, captioner: FakeCaptioner
) -> None:
    told = (await client.get("/api/v1/capabilities")).json()
    assert told["captions"]["available"] is True
    assert told["upload"]["caption"]["side_px"] == WHOLE_PX
    assert told["safe_blip_batch"] == 0
    plain = (await client.post(URL, files=files(("a", ppm(picture(1)))))).json()
    assert (plain["results"][0]["caption"], plain["caption_fingerprint"]) == (None, None)
    assert captioner.loads == 0
    for _ in range(2):
        reply = await captioned(client, files(("a", grey(9))))
    assert captioner.loads == 1
    told = (await client.get("/api/v1/capabilities")).json()
    assert told["safe_blip_batch"] > 0
    assert reply.caption_fingerprint == told["captions"]["fingerprint"]


@pytest.mark.parametrize("field", ["caption_images", "wholes"])  # the second as 0.1 sends it
async def test_the_captioner_sees_the_whole_picture_and_clip_its_crop(
    client: httpx.AsyncClient, field: str
) -> None:
    uploads = ((str(n), ppm(picture(n)), grey(10 * n)) for n in range(1, 8))
    parts = with_caption_images(*uploads, field=field)
    reply = await captioned(client, parts)
    assert [item.caption for item in reply.results] == [str(10 * n) for n in range(1, 8)]
    for n, item in enumerate(reply.results, start=1):
        assert item.embedding == pytest.approx(vector_of(picture(n)).tolist())


async def test_a_failed_caption_costs_neither_its_vector_nor_its_neighbours(
    client: httpx.AsyncClient, captioner: FakeCaptioner
) -> None:
    captioner.poison = lambda image: int(image[0, 0, 0]) == 20
    parts = with_caption_images(
        ("good", ppm(picture(1)), grey(10)),
        ("poison", ppm(picture(2)), grey(20)),
        ("unreadable", ppm(picture(3)), b"no picture"),
        ("no vector", b"no picture", grey(40)),
        ("last", ppm(picture(5)), grey(50)),
    )
    with quiet():
        items = {item.id: item for item in (await captioned(client, parts)).results}
    assert (items["good"].caption, items["last"].caption) == ("10", "50")
    for name in ("poison", "unreadable"):
        fault = items[name].error
        assert items[name].embedding is not None
        assert items[name].caption is None
        assert fault is not None
        assert fault.code is ErrorCode.BLIP_INFER
    fault = items["no vector"].error
    assert items["no vector"].embedding is None
    assert fault is not None
    assert fault.code is ErrorCode.FORMAT_UNSUPPORTED


async def test_a_whole_picture_belongs_to_the_image_after_it(client: httpx.AsyncClient) -> None:
    kind = "image/x-portable-pixmap"
    parts = [("caption_images", ("a", grey(1), kind)), ("files", ("b", ppm(picture(1)), kind))]
    response = await client.post(URL, params={"captions": "true"}, files=parts)
    assert response.status_code == 400
    assert response.json()["code"] == ErrorCode.MALFORMED_MULTIPART


async def test_a_query_overtakes_the_words_of_a_caption(
    service: Served,
    client: httpx.AsyncClient,
    captioner: FakeCaptioner,
    embedder: FakeEmbedder,
) -> None:
    await captioned(client, files(("warm", grey(1))))
    captioner.events.clear()
    tell_of_queries(embedder, captioner.events)
    captioner.entered.clear()
    captioner.gate.clear()
    async with anyio.create_task_group() as tg:
        tg.start_soon(captioned, client, files(("a", grey(1))))
        assert await anyio.to_thread.run_sync(captioner.entered.wait, 20)
        texts = {"texts": ["a"]}
        tg.start_soon(partial(client.post, "/api/v1/embed_text", json=texts))
        await eventually(partial(is_queued, service))
        captioner.gate.set()
    assert captioner.events == ["word", "query", "word", "word"]


async def test_searches_and_imports_go_on_while_the_first_caption_loads_its_model(
    client: httpx.AsyncClient, captioner: FakeCaptioner
) -> None:
    captioner.load_gate.clear()
    upload = files(("a", ppm(picture(1))))
    async with anyio.create_task_group() as tg:
        tg.start_soon(captioned, client, files(("captioned", grey(1))))
        assert await anyio.to_thread.run_sync(captioner.loading.wait, 20)
        with anyio.fail_after(60):
            for response in (
                await client.post("/api/v1/embed_text", json={"texts": ["a"]}),
                await client.post("/api/v1/embed", files=upload),
                await client.post(URL, files=upload),
                await client.get("/health/ready"),
            ):
                assert response.status_code == 200
        captioner.load_gate.set()
    assert captioner.loads == 1


async def test_a_caption_waits_for_no_load_of_another_model_but_is_told_to_come_back(
    service: Served, client: httpx.AsyncClient, captioner: FakeCaptioner
) -> None:
    loading, held = threading.Event(), threading.Event()

    def load_another() -> None:
        loading.set()
        assert held.wait(20)

    loader = service.app.state.engine.captioner_lifecycle._loader
    upload = files(("a", grey(1)))
    async with anyio.create_task_group() as tg:
        tg.start_soon(partial(loader.run, one_turn(load_another), priority=Priority.LOAD))
        assert await anyio.to_thread.run_sync(loading.wait, 20)
        refused = await client.post(URL, params={"captions": "true"}, files=upload)
        assert problem_of(refused).code is ErrorCode.MODEL_LOADING
        assert captioner.loads == 0
        held.set()
    await captioned(client, upload)
    assert captioner.loads == 1


async def test_searches_go_between_the_words_with_which_a_captioner_is_probed(
    service: Served,
    client: httpx.AsyncClient,
    captioner: FakeCaptioner,
    embedder: FakeEmbedder,
) -> None:
    tell_of_queries(embedder, captioner.events)
    captioner.gate.clear()
    async with anyio.create_task_group() as tg:
        tg.start_soon(captioned, client, files(("a", grey(1))))
        assert await anyio.to_thread.run_sync(captioner.entered.wait, 20)
        texts = {"texts": ["a"]}
        tg.start_soon(partial(client.post, "/api/v1/embed_text", json=texts))
        await eventually(partial(is_queued, service))
        captioner.gate.set()
    assert captioner.events[:3] == ["word", "query", "word"]


async def test_one_image_is_captioned_alone(
    client: httpx.AsyncClient, captioner: FakeCaptioner
) -> None:
    upload = [("file", ("a", grey(77), "image/x-portable-pixmap"))]
    response = await client.post("/api/v1/caption", files=upload)
    assert response.json()["caption"] == "77"
    assert "model;dur=" in response.headers["Server-Timing"]
    captioner.poison = lambda _image: True
    with quiet():
        failed = await client.post("/api/v1/caption", files=upload)
    assert (failed.status_code, failed.json()["code"]) == (422, ErrorCode.BLIP_INFER)


async def test_weights_that_cannot_be_had_cost_captions_and_nothing_else(
    embedder: FakeEmbedder, tmp_path: Path
) -> None:
    async with (
        served(
            embedder, disable_captions=False, ml_offline=True, model_cache_dir=tmp_path
        ) as service,
        httpx.AsyncClient(base_url=service.url, timeout=60) as client,
    ):
        await loaded(client)
        told = (await client.get("/api/v1/capabilities")).json()
        assert told["captions"]["available"] is False
        (item,) = (await captioned(client, files(("a", ppm(picture(1)))))).results
    assert item.embedding is not None
    assert item.error is not None
    assert item.error.code is ErrorCode.CAPTIONS_UNAVAILABLE
    assert "BLIP_MODEL" in item.error.detail


def test_disabled_captions_import_no_captioner() -> None:
    """In a process of its own. open_clip itself imports transformers' outermost module."""
    program = """
import asyncio, sys
import httpx
from ml_inference_fastapi_app.main import create_app
from ml_inference_fastapi_app.settings import Settings

async def main():
    app = create_app(Settings(clip_model="tiny-shapes", disable_captions=True))
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app):
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            while (await client.get("/api/v1/capabilities")).status_code != 200:
                await asyncio.sleep(0.05)
            part = ("a", b"P6 60 60 255 " + bytes(10800), "image/x-portable-pixmap")
            asked = await client.post(
                "/api/v1/batch_embed_and_caption?captions=true", files=[("files", part)]
            )
            (item,) = asked.json()["results"]
            assert item["embedding"] and item["caption"] is None, item
    loaded = [name for name in sys.modules if "blip" in name and name.startswith("transformers.")]
    assert not loaded, loaded
    assert "ml_inference_fastapi_app.backends.blip.torch_blip" not in sys.modules

asyncio.run(main())
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=300)
