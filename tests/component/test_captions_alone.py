"""Captions without embeddings: of whoever has the vectors already."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.component.caption_fakes import URL, FakeCaptioner, blip_folder, grey
from tests.component.inference_fakes import FakeEmbedder, files, loaded, served
from utils.contract import BatchReply, ErrorCode

pytestmark = pytest.mark.anyio

ALONE = {"captions": "true", "embeddings": "false"}


@pytest.fixture
def embedder() -> FakeEmbedder:
    return FakeEmbedder()


@pytest.fixture
async def client(embedder: FakeEmbedder, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    captioner, blip = FakeCaptioner(), blip_folder(tmp_path)
    async with (
        served(
            embedder,
            load_captions=captioner.load,
            disable_captions=False,
            blip_model=str(blip),
            ml_offline=True,
        ) as service,
        httpx.AsyncClient(base_url=service.url, timeout=60) as client,
    ):
        await loaded(client)
        yield client


async def test_each_image_has_a_caption_and_no_vector_is_made(
    client: httpx.AsyncClient, embedder: FakeEmbedder
) -> None:
    told = (await client.get("/api/v1/capabilities")).json()["captions"]
    assert told["alone"] is True
    assert told["detail"] is None
    before = len(embedder.calls)
    response = await client.post(
        URL, params=ALONE, files=files(("a", grey(9)), ("b", b"no image"), ("c", grey(70)))
    )
    reply = BatchReply.model_validate(response.json())
    assert [(item.id, item.embedding, item.caption) for item in reply.results] == [
        ("a", None, "9"),
        ("b", None, None),
        ("c", None, "70"),
    ]
    assert reply.results[1].error is not None
    assert reply.results[1].error.code is ErrorCode.FORMAT_UNSUPPORTED
    assert reply.caption_fingerprint == told["fingerprint"]
    assert len(embedder.calls) == before
    assert "model;dur=" in response.headers["Server-Timing"]


async def test_a_batch_that_asks_for_nothing_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post(URL, params={"embeddings": "false"}, files=files(("a", grey(9))))
    assert (response.status_code, response.json()["code"]) == (400, ErrorCode.VALIDATION)


async def test_a_service_without_a_captioner_says_what_was_tried_and_what_helps(
    embedder: FakeEmbedder, tmp_path: Path
) -> None:
    async with (
        served(
            embedder, disable_captions=False, ml_offline=True, model_cache_dir=tmp_path
        ) as service,
        httpx.AsyncClient(base_url=service.url, timeout=60) as client,
    ):
        await loaded(client)
        told = (await client.get("/api/v1/capabilities")).json()["captions"]
        response = await client.post(URL, params=ALONE, files=files(("a", grey(9))))
    assert told["available"] is False
    assert "BLIP_MODEL" in told["detail"]
    problem = response.json()
    assert (response.status_code, problem["code"]) == (409, ErrorCode.CAPTIONS_UNAVAILABLE)
    assert "BLIP_MODEL" in problem["detail"]
