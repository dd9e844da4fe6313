"""Half the bits give nearly the same vectors of real photographs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from ml_inference_fastapi_app.backends.base import Pixels, Vectors
from ml_inference_fastapi_app.backends.devices import DTypeName
from tests.torch_clips import load_torch_clip
from utils.contract import ClipUpload
from utils.imaging.decoding import decode_for_clip

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "corpus"
PHOTOS = 24

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real files is not here"),
]


@cache
def photos(side_px: int) -> Pixels:
    upload = ClipUpload(side_px=side_px, crop="center")
    files = sorted((CORPUS / "photos").rglob("*.jpg"))[:PHOTOS]
    return np.stack(
        [decode_for_clip(file.read_bytes(), upload, max_pixels=300_000_000) for file in files]
    )


def vectors(folder: Path, model: str, pretrained: str, dtype: DTypeName) -> Vectors:
    clip = load_torch_clip(
        model=model,
        pretrained=pretrained,
        cache_dir=folder,
        dtype=dtype,
        device="cpu",
        offline=True,
    )
    return clip.embed_images(photos(clip.description.upload.side_px))


@pytest.mark.parametrize(
    ("model", "pretrained", "dtype"),
    [
        ("tiny-shapes", "", "bfloat16"),
        ("tiny-shapes", "", "float16"),
        pytest.param("ViT-B-32", "none", "bfloat16", marks=pytest.mark.slow),
        pytest.param("ViT-B-32", "none", "float16", marks=pytest.mark.slow),
    ],
)
def test_photographs_have_nearly_the_same_vectors_with_half_the_bits(
    tmp_path: Path, model: str, pretrained: str, dtype: DTypeName
) -> None:
    whole = vectors(tmp_path, model, pretrained, "float32")
    half = vectors(tmp_path, model, pretrained, dtype)
    assert len(whole) >= 10
    assert (whole * half).sum(axis=1).min() > 0.999
    # Untrained vectors are nearly all alike: each must be nearest to itself besides.
    centre = whole.mean(axis=0)
    apart = np.linalg.norm((half - centre)[:, None] - (whole - centre)[None], axis=-1)
    assert (apart.argmin(axis=1) == np.arange(len(whole))).all()
