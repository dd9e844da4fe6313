"""Which model answers: a request names one by its fingerprint, or gets the default one."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial

import anyio
import anyio.to_thread
import httpx
import pytest
from pydantic import ValidationError

from ml_inference_fastapi_app.backends.base import ClipOptions, ModelMissingError, OnPhase
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
    served,
    settings,
    vector_of,
)
from utils.contract import Capabilities, ErrorCode, ModelCapabilities, ModelState
from utils.contract.inference import SigmoidHead

pytestmark = pytest.mark.anyio

DEFAULT = DESCRIPTION.fingerprint
PARTS = files(("a", ppm(picture(1))))


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with (
        served(FakeEmbedder()) as service,
        httpx.AsyncClient(base_url=f"{service.url}/api/v1", timeout=60) as client,
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


@dataclass
class Loads:
    """Models whose fingerprints are their names. While a name is in `held`, it does not load."""

    held: dict[str, threading.Event] = field(default_factory=dict)
    missing: str = ""
    begun: list[str] = field(default_factory=list)
    embedders: dict[str, FakeEmbedder] = field(default_factory=dict)

    def __call__(self, options: ClipOptions, _on_phase: OnPhase) -> FakeEmbedder:
        name = options.model
        self.begun.append(name)
        if name in self.held:
            assert self.held[name].wait(20)
        if name == self.missing:
            raise ModelMissingError("it cannot be had")
        description = replace(DESCRIPTION, model=name, fingerprint=name)
        embedder = FakeEmbedder(description=description, drift=ord(name))
        self.embedders[name] = embedder
        return embedder

    def hold(self, name: str) -> threading.Event:
        return self.held.setdefault(name, threading.Event())


@pytest.fixture
def loads() -> Loads:
    return Loads()


@asynccontextmanager
async def serving(
    loads: Loads, names: str, *, max_models: int = 2
) -> AsyncIterator[tuple[httpx.AsyncClient, Served]]:
    """The first name is the default model's. Yields once that one is loaded."""
    default, *others = list(names)
    async with (
        served(
            FakeEmbedder(),
            load=loads,
            clip_model=default,
            ml_models=tuple((name, "") for name in others),
            ml_max_models=max_models,
        ) as service,
        httpx.AsyncClient(base_url=f"{service.url}/api/v1", timeout=60) as client,
    ):
        try:
            await loaded(client, "/capabilities")
            yield client, service
        finally:
            for held in loads.held.values():
                held.set()
            for embedder in loads.embedders.values():
                embedder.gate.set()


async def models(client: httpx.AsyncClient) -> dict[str, ModelCapabilities]:
    told = Capabilities.model_validate((await client.get("/capabilities")).json())
    return {each.fingerprint: each for each in told.models}


async def until(client: httpx.AsyncClient, **states: ModelState) -> None:
    """Models in these states are listed."""

    async def met() -> bool:
        return states.items() <= {k: v.state for k, v in (await models(client)).items()}.items()

    await eventually(met)


async def text_vector(client: httpx.AsyncClient, fingerprint: str) -> httpx.Response:
    named = {"fingerprint": fingerprint}
    return await client.post("/embed_text", json={"texts": ["a"]}, params=named)


async def answered(client: httpx.AsyncClient, fingerprint: str) -> None:
    """By that model, and by none other; while it is loaded again, it is asked again."""
    while (response := await text_vector(client, fingerprint)).status_code == 503:
        assert problem_of(response).code is ErrorCode.MODEL_LOADING
        await anyio.sleep(0.01)
    assert response.status_code == 200, response.text
    (vector,) = response.json()["embeddings"]
    assert vector == pytest.approx(vector_of(b"a", drift=ord(fingerprint)).tolist())
    assert response.json()["fingerprint"] == fingerprint


async def test_each_call_is_answered_by_the_model_that_it_names(loads: Loads) -> None:
    async with serving(loads, "ab") as (client, _):
        await until(client, a=ModelState.LOADED, b=ModelState.LOADED)
        assert (await client.get("/capabilities")).json()["models_to_come"] == 0
        assert [name for name, told in (await models(client)).items() if told.default] == ["a"]
        for name in ("a", "b", None):
            batch, one, text = await asked(client, name)
            drift = ord(name or "a")
            (result,) = batch.json()["results"]
            for vector in (result["embedding"], one.json()["embedding"]):
                assert vector == pytest.approx(vector_of(picture(1), drift=drift).tolist())
            (vector,) = text.json()["embeddings"]
            assert vector == pytest.approx(vector_of(b"a", drift=drift).tolist())


async def test_a_second_model_loads_beside_the_work_of_the_first(loads: Loads) -> None:
    held = loads.hold("b")
    async with serving(loads, "ab") as (client, service):
        for name in ("a", None):
            for response in await asked(client, name):
                assert response.status_code == 200
        ready = await client.get(f"{service.url}/health/ready")
        assert ready.status_code == 200
        assert list(await models(client)) == ["a"]
        assert (await client.get("/capabilities")).json()["models_to_come"] == 1
        for response in await asked(client, "b"):
            problem = problem_of(response)
            assert (problem.status, problem.code) == (503, ErrorCode.MODEL_LOADING)
            assert int(response.headers["Retry-After"]) >= 1
        held.set()
        await answered(client, "b")
        for response in await asked(client, "c"):
            assert problem_of(response).code is ErrorCode.MODEL_MISMATCH


async def test_for_another_model_the_one_that_rests_longest_leaves_and_comes_back_when_asked(
    loads: Loads,
) -> None:
    async with serving(loads, "abc", max_models=2) as (client, _):
        await until(
            client, a=ModelState.LOADED, b=ModelState.UNLOADED, c=ModelState.LOADED
        )  # each was there once; the default one stays
        await answered(client, "c")
        await answered(client, "a")
        await answered(client, "b")
        await until(client, a=ModelState.LOADED, b=ModelState.LOADED, c=ModelState.UNLOADED)
        await answered(client, "c")
        await until(client, a=ModelState.UNLOADED, b=ModelState.LOADED, c=ModelState.LOADED)
        await answered(client, "a")
        assert loads.begun == ["a", "b", "c", "b", "c", "a"]


async def test_with_room_for_one_the_default_model_is_back_after_each_was_looked_at(
    loads: Loads,
) -> None:
    async with serving(loads, "ab", max_models=1) as (client, _):
        await until(client, a=ModelState.LOADED, b=ModelState.UNLOADED)
        assert loads.begun == ["a", "b", "a"]
        await answered(client, "b")
        await answered(client, "a")


async def test_a_model_in_use_stays_and_who_wants_another_is_told_to_come_back(
    loads: Loads,
) -> None:
    async with serving(loads, "ab", max_models=1) as (client, _):
        await until(client, b=ModelState.UNLOADED)
        await answered(client, "a")
        a = loads.embedders["a"]
        a.gate.clear()
        a.entered.clear()
        async with anyio.create_task_group() as tg:
            call = partial(client.post, "/batch_embed_and_caption", files=PARTS)
            tg.start_soon(call)
            assert await anyio.to_thread.run_sync(a.entered.wait, 20)
            for _ in range(3):
                response = await text_vector(client, "b")
                assert problem_of(response).code is ErrorCode.MODEL_LOADING
                assert (await models(client))["a"].state is ModelState.LOADED
            a.gate.set()
        await answered(client, "b")


async def test_a_second_model_that_cannot_be_had_costs_nobody_anything(
    loads: Loads, capsys: pytest.CaptureFixture[str]
) -> None:
    loads.missing = "b"
    async with serving(loads, "abc") as (client, service):
        await until(client, a=ModelState.LOADED, c=ModelState.LOADED)
        assert list(await models(client)) == ["a", "c"]
        assert problem_of(await text_vector(client, "b")).code is ErrorCode.MODEL_MISMATCH
        await answered(client, "a")
        assert not service.fatal.is_set()
        text = (await client.get(f"{service.url}/metrics")).text
        assert 'photoseek_inference_models{state="loaded"} 2.0' in text
        assert 'photoseek_inference_models{state="failed"} 1.0' in text
    assert "ERR_MODEL_MISSING: it cannot be had" in capsys.readouterr().err


def test_models_are_named_with_their_weights_or_alone() -> None:
    given = "ViT-B-32=laion2b_s34b_b79k, tiny-shapes,local-dir:/models/mine,"
    assert settings(ml_models=given).ml_models == (
        ("ViT-B-32", "laion2b_s34b_b79k"),
        ("tiny-shapes", ""),
        ("local-dir:/models/mine", ""),
    )
    with pytest.raises(ValidationError, match="a model's name"):
        settings(ml_models="=laion2b_s34b_b79k")


async def test_a_model_s_own_sigmoid_is_told() -> None:
    head = SigmoidHead(scale=117.5, bias=-12.9)
    siglip = FakeEmbedder()
    siglip.description = replace(DESCRIPTION, sigmoid=head)
    async with (
        served(siglip) as service,
        httpx.AsyncClient(base_url=f"{service.url}/api/v1", timeout=60) as client,
    ):
        await loaded(client, "/capabilities")
        told = Capabilities.model_validate((await client.get("/capabilities")).json())
    assert told.clip.sigmoid == head
    assert [one.sigmoid for one in told.models] == [head]
