"""Our step-by-step search says what transformers' own does, and yields between words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ml_inference_fastapi_app.backends.base import ModelMissingError, Pixels, run_to_end
from ml_inference_fastapi_app.backends.blip.source import Quantization, resolve_blip
from ml_inference_fastapi_app.backends.blip.torch_blip import TorchBlip, load_blip
from ml_inference_fastapi_app.backends.torchvision_compat import make_torchvision_importable
from ml_inference_fastapi_app.tiny_models.tiny_captions import train

WORDS = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BLIP that was never trained, with weights large enough to have opinions."""
    make_torchvision_importable()
    model = train.untrained(3)
    with torch.no_grad():
        for weights in model.parameters():
            if weights.ndim > 1:
                weights.mul_(6)
    folder = tmp_path_factory.mktemp("blip")
    train.save(model, folder)
    return folder


@pytest.fixture(scope="module")
def pixels() -> Pixels:
    shape = (6, train.SIDE_PX, train.SIDE_PX, 3)
    return np.random.default_rng(1).integers(0, 256, shape, np.uint8)


def loaded(folder: Path, *, beams: int = 1, quantization: Quantization = "none") -> TorchBlip:
    source = resolve_blip(
        model=str(folder),
        cache_dir=folder,
        offline=True,
        quantization=quantization,
        max_new_tokens=WORDS,
        beams=beams,
    )
    return load_blip(source, device="cpu", dtype="float32")


@pytest.mark.parametrize("beams", [1, 3])
def test_the_search_is_that_of_transformers(folder: Path, pixels: Pixels, beams: int) -> None:
    import transformers

    theirs: Any = transformers.BlipForConditionalGeneration.from_pretrained(
        folder, dtype=torch.float32
    )
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
    x = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    x = (x - train._MEAN) / train._STD
    ids = theirs.generate(pixel_values=x, num_beams=beams, max_new_tokens=WORDS, do_sample=False)
    wanted = [tokenizer.decode(row, skip_special_tokens=True).strip() for row in ids]
    blip = loaded(folder, beams=beams)
    assert run_to_end(blip.captions(pixels)) == wanted
    alone = [run_to_end(blip.captions(pixels[n : n + 1]))[0] for n in range(len(pixels))]
    assert alone == wanted, "a caption depends on nothing else in its batch"


def test_it_yields_between_words(folder: Path, pixels: Pixels) -> None:
    steps = list(loaded(folder).captions(pixels))
    assert 1 < len(steps) <= WORDS


def test_int8_speaks_and_is_another_model(folder: Path, pixels: Pixels) -> None:
    small, whole = loaded(folder, quantization="8bit"), loaded(folder)
    assert len(run_to_end(small.captions(pixels))) == len(pixels)
    assert small.description.fingerprint != whole.description.fingerprint
    with pytest.raises(ModelMissingError, match="CUDA"):
        loaded(folder, quantization="4bit")


def test_a_model_that_cannot_be_had_says_what_helps(tmp_path: Path) -> None:
    for name in (str(tmp_path), "nobody/nothing", "no such folder"):
        with pytest.raises(ModelMissingError, match="DISABLE_CAPTIONS"):
            resolve_blip(model=name, cache_dir=tmp_path, offline=True)
