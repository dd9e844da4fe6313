"""What a loaded model does with its turns; no thread, no server."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from ml_inference_fastapi_app.backends.base import Picture, Pixels, Vectors
from ml_inference_fastapi_app.metrics import EngineMetrics
from ml_inference_fastapi_app.models.loaded_clip import RECOVERY_TURNS, LoadedClip
from ml_inference_fastapi_app.models.probe import LimitedBy, Probed
from ml_inference_fastapi_app.scheduling.admission import Speed
from tests.component.inference_fakes import SIDE_PX, FakeEmbedder, picture, vector_of
from utils.contract import ErrorCode
from utils.problems import Rejected


def model_of(embedder: FakeEmbedder, *, safe_batch: int = 32, ceiling: int = 32) -> LoadedClip:
    probed = Probed(safe_batch, ceiling, safe_batch, ceiling, 1.0, LimitedBy.LATENCY, ())
    return LoadedClip(embedder, probed, speed=Speed(), metrics=EngineMetrics(CollectorRegistry()))


def pictures(count: int) -> list[Picture]:
    return [
        np.frombuffer(picture(seed), np.uint8).reshape(SIDE_PX, SIDE_PX, 3) for seed in range(count)
    ]


@pytest.mark.parametrize("fits", [1, 2, 3, 5, 31])
def test_any_memory_answers_every_picture_in_order(fits: int) -> None:
    embedder = FakeEmbedder()
    model = model_of(embedder)
    embedder.fits = fits
    results = model.turn(pictures(32))
    for seed, result in enumerate(results):
        assert not isinstance(result, Rejected)
        assert np.array_equal(result, vector_of(picture(seed)))
    assert model.micro_batch_size <= fits
    assert model.safe_batch == 16, "halved once for one turn"


def test_no_memory_for_a_single_picture_is_that_pictures_result() -> None:
    embedder = FakeEmbedder()
    model = model_of(embedder)
    embedder.fits = 0
    results = model.turn(pictures(3))
    assert [result.code for result in results if isinstance(result, Rejected)] == [
        ErrorCode.GPU_OOM
    ] * 3


def test_a_model_probed_in_a_busy_moment_rises_to_its_ceiling_and_no_further() -> None:
    model = model_of(FakeEmbedder(), safe_batch=2, ceiling=20)
    for _ in range(10):
        model.turn(pictures(model.micro_batch_size))
    assert (model.safe_batch, model.micro_batch_size) == (20, 20)


def test_what_did_not_fit_is_not_grown_into_again() -> None:
    embedder = FakeEmbedder()
    model = model_of(embedder)
    embedder.fits = 4
    model.turn(pictures(32))
    embedder.calls.clear()
    for _ in range(10):
        model.turn(pictures(32))
    assert max(embedder.calls) <= 4


def test_memory_that_comes_back_is_used_again_slowly_and_up_to_what_was_probed() -> None:
    embedder = FakeEmbedder()
    model = model_of(embedder)
    embedder.fits = 4
    model.turn(pictures(32))
    assert (model.safe_batch, model.micro_batch_size) == (16, 4)
    embedder.fits = 32
    seen = [model.safe_batch]
    for _ in range(40):
        for _ in range(RECOVERY_TURNS - 1):
            model.turn(pictures(model.micro_batch_size))
        assert model.safe_batch == seen[-1], "not before many full turns have fitted"
        model.turn(pictures(model.micro_batch_size))
        seen.append(model.safe_batch)
        if model.micro_batch_size == 32:
            break
    assert (model.safe_batch, model.micro_batch_size) == (32, 32)
    assert {later - before for before, later in pairwise(seen)} <= {0, 4}, "an eighth at a time"


def test_memory_that_runs_out_again_lowers_it_again_and_every_picture_is_answered() -> None:
    embedder = FakeEmbedder()
    model = model_of(embedder)
    embedder.fits = 4
    for _ in range(2 * RECOVERY_TURNS):
        assert not [r for r in model.turn(pictures(4)) if isinstance(r, Rejected)]
    model.turn(pictures(32))
    before = model.micro_batch_size
    embedder.fits = before
    for _ in range(3 * RECOVERY_TURNS):
        results = model.turn(pictures(model.micro_batch_size))
        assert not [result for result in results if isinstance(result, Rejected)]
        assert model.micro_batch_size <= before + 4


def test_a_model_compiled_for_some_sizes_takes_turns_of_no_other() -> None:
    embedder = FakeEmbedder(sizes=(1, 8, 32))
    model = model_of(embedder)
    embedder.fits = 8
    model.turn(pictures(32))
    assert model.micro_batch_size == 8
    embedder.calls.clear()
    for _ in range(3 * RECOVERY_TURNS):
        model.turn(pictures(model.micro_batch_size))
        assert model.micro_batch_size in embedder.sizes


def test_a_vector_that_is_not_finite_is_a_result_with_a_code() -> None:
    class Broken(FakeEmbedder):
        def embed_images(self, pixels: Pixels) -> Vectors:
            vectors = super().embed_images(pixels).copy()
            vectors[pixels.reshape(len(pixels), -1)[:, 0] == pictures(1)[0].flat[0], 0] = np.nan
            return vectors

    first, second = model_of(Broken()).turn(pictures(2))
    assert isinstance(first, Rejected)
    assert first.code is ErrorCode.CLIP_INFER
    assert not isinstance(second, Rejected)
