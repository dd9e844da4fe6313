"""After a model is let go nothing of it is left, and the next one is as good."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from ml_inference_fastapi_app.backends.base import run_to_end
from ml_inference_fastapi_app.backends.clip.torch_clip import TorchClip
from ml_inference_fastapi_app.backends.release import give_back_memory
from ml_inference_fastapi_app.models.loaded_clip import noise_pixels
from tests.unit.test_model_compiled import LARGEST, SIZES, Counting, clip_of


@pytest.fixture(autouse=True)
def _nothing_compiled_before() -> Iterator[None]:
    torch.compiler.reset()
    yield
    torch.compiler.reset()


@pytest.mark.parametrize("compiled", [False, True])
def test_a_model_that_was_let_go_is_gone_and_loads_again_the_same(
    tmp_path: Path, *, compiled: bool
) -> None:
    vectors = []
    for _ in range(2):
        backend = Counting() if compiled else None
        clip = clip_of(tmp_path, backend)
        run_to_end(clip.warm(LARGEST))
        vectors.append(clip.embed_images(noise_pixels(3, clip.description.upload.side_px)))
        if backend is not None:
            assert set(backend.graphs.values()) == {1}
            assert len(backend.graphs) == 2 * len(SIZES)
        gone = weakref.ref(clip)
        weights = [weakref.ref(tensor) for tensor in tensors_of(clip)]
        assert weights
        del clip, backend
        give_back_memory(graphs=compiled)
        assert gone() is None
        assert [one for one in weights if one() is not None] == []
    assert np.array_equal(vectors[0], vectors[1])


def tensors_of(clip: TorchClip) -> list[torch.Tensor]:
    tower = clip._image_tower  # what must not outlive it
    module = getattr(tower, "_orig_mod", tower)
    assert isinstance(module, torch.nn.Module)
    return list(module.parameters())
