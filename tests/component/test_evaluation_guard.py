"""What half the bits and the cheap way of decoding cost of what is found, on the tiny world."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ingestion_orchestration_fastapi_app.domain.evaluation.figures import rank_of, recall_of
from ingestion_orchestration_fastapi_app.domain.search.relevance.standard_scores import Matrix
from ml_inference_fastapi_app.backends.base import Pixels
from ml_inference_fastapi_app.backends.clip.torch_clip import TorchClip
from ml_inference_fastapi_app.backends.devices import DTypeName
from ml_inference_fastapi_app.tiny_models.tiny_shapes.world import (
    FIRST_HELD_OUT_SEED,
    draw,
    scenes,
)
from tests.torch_clips import load_torch_clip
from utils.contract import ClipUpload
from utils.imaging.decoding import decode_for_clip

MOST_LOST = 0.003  # of R@1
SIDE_PX = 300  # more than twice of what the model sees: JPEG is decoded at a smaller scale
WORLD = scenes()[::2]
UPLOAD = ClipUpload(side_px=60, crop="center")


@cache
def files() -> list[bytes]:
    """A held-out picture of each scene, as a camera writes it."""
    found = []
    for number, scene in enumerate(WORLD):
        file = io.BytesIO()
        picture = draw(scene, FIRST_HELD_OUT_SEED + 500_000 + number, width_px=SIDE_PX)
        picture.save(file, "JPEG", quality=90)
        found.append(file.getvalue())
    return found


@cache
def cheap() -> Pixels:
    """As an import decodes them."""
    return np.stack([decode_for_clip(one, UPLOAD, max_pixels=1_000_000) for one in files()])


@cache
def whole() -> Pixels:
    """Every pixel is decoded, then resized once."""
    sides = (UPLOAD.side_px, UPLOAD.side_px)
    return np.stack(
        [
            np.asarray(Image.open(io.BytesIO(one)).resize(sides, Image.Resampling.BICUBIC))
            for one in files()
        ]
    )


def loaded(folder: Path, dtype: DTypeName) -> TorchClip:
    return load_torch_clip(
        model="tiny-shapes", pretrained="", cache_dir=folder, dtype=dtype, offline=True
    )


def in_groups(clip: TorchClip, pixels: Pixels) -> Matrix:
    groups = range(0, len(pixels), 48)
    return np.concatenate([clip.embed_images(pixels[at : at + 48]) for at in groups])


def recall_at_1(clip: TorchClip, pixels: Pixels) -> float:
    captions = [scene.caption for scene in WORLD]
    texts = np.concatenate(
        [np.asarray(clip.embed_texts(captions[at : at + 64])) for at in range(0, len(captions), 64)]
    )
    pictures = in_groups(clip, pixels)
    ranks = [rank_of(pictures @ text, [place]) for place, text in enumerate(texts)]
    return recall_of(ranks).at[1]


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> float:
    """float32, every pixel."""
    return recall_at_1(loaded(tmp_path_factory.mktemp("cache"), "float32"), whole())


def test_the_tiny_model_finds_what_it_was_trained_for(exact: float) -> None:
    assert exact >= 0.97


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_neither_precision_nor_decoding_costs_what_is_found(
    exact: float, tmp_path: Path, dtype: DTypeName
) -> None:
    found = recall_at_1(loaded(tmp_path, dtype), cheap())
    print(f"R@1 {exact:.4f}, as imported with {dtype} {found:.4f}")  # noqa: T201  # on failure
    assert found >= exact - MOST_LOST
