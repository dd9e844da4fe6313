"""Two real models in one service, under searches and batches at once: no vector is the other's."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio
import httpx
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from ml_inference_fastapi_app.backends.base import Vectors
from ml_inference_fastapi_app.backends.clip.torch_clip import TorchClip
from ml_inference_fastapi_app.backends.registry import BACKENDS
from tests.component.inference_fakes import FakeEmbedder, eventually, files, loaded, ppm, served
from tests.torch_clips import load_torch_clip
from tests.unit.test_model_torch_clip import changed_copy
from utils.contract import BatchReply, Capabilities, EmbedTextReply, ModelState

pytestmark = pytest.mark.anyio

TEXTS = ("a red circle", "a blue square on the left")
ROUNDS = 12


@pytest.fixture(autouse=True)
def only_what_it_makes_is_collected() -> Iterator[None]:
    """As in a service: beside what thousands of tests have left, each unloading would stand for
    seconds in a collection."""
    gc.freeze()
    yield
    gc.unfreeze()


def second_model(folder: Path) -> Path:
    """The shipped model with other values and another way to crop."""
    changed_copy(folder, lambda config: config["preprocess_cfg"].update(resize_mode="squash"))
    file = folder / "open_clip_model.safetensors"
    chance = torch.Generator().manual_seed(5)
    changed = {
        name: tensor + 0.05 * torch.randn(tensor.shape, generator=chance).to(tensor.dtype)
        for name, tensor in load_file(file).items()
    }
    file.unlink()
    save_file(changed, file)
    return folder


@dataclass(frozen=True)
class Expected:
    fingerprint: str
    images: Vectors
    texts: Vectors


def expected(clip: TorchClip, pictures: np.ndarray) -> Expected:
    return Expected(
        clip.description.fingerprint, clip.embed_images(pictures), clip.embed_texts(TEXTS)
    )


def alike(told: Sequence[object], model: Expected, wanted: Vectors) -> None:
    got = np.asarray(told, np.float32)
    assert got.shape == wanted.shape
    assert np.sum(got * wanted, axis=1).min() > 0.9999, model.fingerprint


async def answer(client: httpx.AsyncClient, path: str, **call: object) -> httpx.Response:
    """What it says once it is neither busy nor loading the model."""
    while True:
        response = await client.post(path, **call)  # type: ignore[arg-type]  # as httpx takes them
        if response.status_code not in (429, 503):
            assert response.status_code == 200, response.text
            return response
        await anyio.sleep(0.01)


@pytest.mark.parametrize("max_models", [2, 1])
async def test_searches_and_batches_of_two_models_at_once_get_each_models_own_vectors(
    tmp_path: Path, max_models: int
) -> None:
    folder = second_model(tmp_path / "second")
    names = ("tiny-shapes", f"local-dir:{folder}")
    clips = [
        load_torch_clip(model=name, pretrained="", cache_dir=tmp_path, device="cpu")
        for name in names
    ]
    side_px = clips[0].description.upload.side_px
    pictures = np.random.default_rng(3).integers(0, 256, (5, side_px, side_px, 3), np.uint8)
    wanted = [expected(clip, pictures) for clip in clips]
    assert np.sum(wanted[0].images * wanted[1].images, axis=1).max() < 0.99
    parts = files(*((str(n), ppm(one.tobytes(), side_px)) for n, one in enumerate(pictures)))

    async def search(client: httpx.AsyncClient, model: Expected) -> None:
        for _ in range(ROUNDS):
            call = {"json": {"texts": TEXTS}, "params": {"fingerprint": model.fingerprint}}
            reply = EmbedTextReply.model_validate(
                (await answer(client, "/embed_text", **call)).json()
            )
            assert reply.fingerprint == model.fingerprint
            alike(reply.embeddings, model, model.texts)

    async def batch(client: httpx.AsyncClient, model: Expected) -> None:
        for _ in range(ROUNDS):
            call = {"files": parts, "params": {"fingerprint": model.fingerprint}}
            reply = BatchReply.model_validate(
                (await answer(client, "/batch_embed_and_caption", **call)).json()
            )
            assert reply.fingerprint == model.fingerprint
            alike([item.embedding for item in reply.results], model, model.images)

    async with (
        served(
            FakeEmbedder(),  # replaced by the tiny models
            load=BACKENDS["torch"].load_clip,
            clip_model=names[0],
            clip_pretrained="",
            ml_models=((names[1], ""),),
            ml_max_models=max_models,
            ml_max_batch=8,
            model_cache_dir=tmp_path,
        ) as service,
        httpx.AsyncClient(base_url=f"{service.url}/api/v1", timeout=60) as client,
    ):
        await loaded(client, "/capabilities")

        async def both_are_known() -> bool:
            told = Capabilities.model_validate((await client.get("/capabilities")).json())
            assert sum(model.state is ModelState.LOADED for model in told.models) <= max_models
            return {model.fingerprint for model in told.models} == {
                model.fingerprint for model in wanted
            }

        await eventually(both_are_known)
        told = Capabilities.model_validate((await client.get("/capabilities")).json())
        assert [model.upload.crop for model in told.models] == ["center", "squash"]
        async with anyio.create_task_group() as tg:
            for model in wanted:
                tg.start_soon(search, client, model)
                tg.start_soon(batch, client, model)
        assert await both_are_known()
