"""Which model answers: a request names one by its fingerprint, or gets the default one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.component.inference_fakes import (
    DESCRIPTION,
    FakeEmbedder,
    files,
    loaded,
    picture,
    ppm,
    problem_of,
    served,
)
from utils.contract import Capabilities, ErrorCode, ModelState

pytestmark = pytest.mark.anyio

DEFAULT = DESCRIPTION.fingerprint
PARTS = files(("a", ppm(picture(1))))


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with (
        served(FakeEmbedder()) as service,
        httpx.AsyncClient(base_url=f"{service.url}/api/v1", timeout=20) as client,
    ):
        await loaded(client, "/capabilities")
        yield client


async def asked(client: httpx.AsyncClient, fingerprint: str | None) -> list[httpx.Response]:
    """Each call that knows models."""
    named = {} if fingerprint is None else {"fingerprint": fingerprint}
    return [
        await client.post("/batch_embed_and_caption", files=PARTS, params=named),
        await client.post("/embed", files=PARTS, params=named),
        await client.post("/embed_text", json={"texts": ["a"]}, params=named),
    ]


async def test_a_service_lists_its_only_model_as_the_default_one(
    client: httpx.AsyncClient,
) -> None:
    told = Capabilities.model_validate((await client.get("/capabilities")).json())
    (only,) = told.models
    assert (only.fingerprint, only.state, only.default) == (DEFAULT, ModelState.LOADED, True)
    assert (only.model, only.weights, only.dim) == (told.clip.model, told.clip.weights, 8)
    assert (only.safe_clip_batch, only.upload) == (told.safe_clip_batch, told.upload.clip)


async def test_a_call_that_names_the_default_model_or_none_is_answered_by_it(
    client: httpx.AsyncClient,
) -> None:
    for response in await asked(client, DEFAULT) + await asked(client, None):
        assert response.json()["fingerprint"] == DEFAULT


async def test_a_model_that_is_not_served_is_refused_with_the_name_of_what_is(
    client: httpx.AsyncClient,
) -> None:
    for response in await asked(client, "another"):
        problem = problem_of(response)
        assert (problem.status, problem.code) == (409, ErrorCode.MODEL_MISMATCH)
        assert "'another'" in problem.detail
        assert DEFAULT in problem.detail
