"""Models that were trained with a sigmoid say so, with their scale and bias; others do not."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ingestion_orchestration_fastapi_app.domain.inference.reference_capabilities import (
    capabilities_for,
)
from ingestion_orchestration_fastapi_app.domain.search.relevance.sigmoid import Sigmoid
from ml_inference_fastapi_app.backends.clip.open_clip_model import built, sigmoid_of, tokenizer
from ml_inference_fastapi_app.backends.weights.model_source import resolve
from tests.fakes import FINGERPRINT, capabilities, model_of
from tests.torch_clips import load_torch_clip
from tests.unit.test_model_torch_clip import changed_copy, pictures, tiny
from utils.contract.inference import SigmoidHead

SCALE, BIAS = 11.5, -4.25
TEXTS = ["a red circle", "a blue star"]


def as_siglip(config: dict[str, Any]) -> None:
    """As open_clip's SigLIP models are put together: a text tower of its own, a bias."""
    model = config["model_cfg"]
    model |= {"custom_text": True, "init_logit_scale": math.log(SCALE), "init_logit_bias": BIAS}
    model["text_cfg"] |= {"no_causal_mask": True, "pool_type": "last", "proj_bias": True}


def test_its_own_sigmoid_is_what_open_clip_trains_it_with(tmp_path: Path) -> None:
    model = f"local-dir:{changed_copy(tmp_path / 'siglip', as_siglip)}"
    options: dict[str, Any] = {"pretrained": "none", "cache_dir": tmp_path, "offline": True}
    clip = load_torch_clip(model=model, dtype="float32", **options)
    head = clip.description.sigmoid
    assert head is not None
    assert (head.scale, head.bias) == pytest.approx((SCALE, BIAS))
    source = resolve(model=model, **options)
    net: Any = built(source)
    shown = pictures(3)
    pixels = torch.from_numpy((shown / 255 - 0.5) / 0.25).permute(0, 3, 1, 2).float()
    with torch.inference_mode():
        image, text, scale, bias = net(pixels, tokenizer(source)(TEXTS))
        expected = torch.sigmoid(scale * image @ text.T + bias).numpy()
    cosines = np.asarray(clip.embed_images(shown)) @ np.asarray(clip.embed_texts(TEXTS)).T
    found = np.vectorize(Sigmoid(head.scale, head.bias).probability)(cosines)
    assert found == pytest.approx(expected, rel=1e-3)


def test_a_model_that_was_trained_with_a_softmax_has_none(tmp_path: Path) -> None:
    assert tiny(tmp_path).description.sigmoid is None
    assert sigmoid_of(torch.nn.Linear(2, 2)) is None


def test_a_probability_is_one_however_far_out_the_cosine_is() -> None:
    assert Sigmoid(2.0, -1.0).probability(0.5) == 0.5
    assert Sigmoid(1e4, -1e4).probability(-1.0) == 0.0
    assert Sigmoid(1e4, 0.0).probability(1.0) == 1.0
    steps = [Sigmoid(100.0, -10.0).probability(number / 50) for number in range(-50, 51)]
    assert steps == sorted(steps)
    assert all(0 <= one <= 1 for one in steps)


def test_each_of_a_service_s_models_has_its_own() -> None:
    first, second = (SigmoidHead(scale=scale, bias=-1.0) for scale in (10.0, 20.0))
    told = capabilities()
    other = model_of("other").model_copy(update={"sigmoid": second})
    own = told.clip.model_copy(update={"sigmoid": first})
    told = told.model_copy(update={"clip": own, "models": (other, model_of("third"))})
    for fingerprint, expected in ((FINGERPRINT, first), ("other", second), ("third", None)):
        known = capabilities_for(told, fingerprint)
        assert known is not None
        assert known.clip.sigmoid == expected
