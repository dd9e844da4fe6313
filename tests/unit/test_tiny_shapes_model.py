"""The shipped tiny model finds what it is asked for, among pictures that it has never seen."""

from __future__ import annotations

import io
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml_inference_fastapi_app.backends.base import Vectors
from ml_inference_fastapi_app.backends.clip.open_clip_model import is_cut
from ml_inference_fastapi_app.backends.clip.torch_clip import TorchClip
from ml_inference_fastapi_app.backends.torchvision_compat import import_open_clip
from ml_inference_fastapi_app.backends.weights.model_source import tiny_shapes_folder
from ml_inference_fastapi_app.tiny_models import tiny_captions
from ml_inference_fastapi_app.tiny_models.tiny_shapes.world import (
    FIRST_HELD_OUT_SEED,
    Scene,
    captions,
    draw,
    scenes,
)
from tests.torch_clips import load_torch_clip

SEED = FIRST_HELD_OUT_SEED + 77


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> TorchClip:
    return load_torch_clip(
        model="tiny-shapes",
        pretrained="",
        cache_dir=tmp_path_factory.mktemp("models"),
        offline=True,
    )


@pytest.fixture(scope="module")
def gallery(clip: TorchClip) -> Vectors:
    """One picture of every scene, as a file brings it: large, lossy, cropped, reduced."""
    side_px = clip.description.upload.side_px
    return clip.embed_images(np.stack([uploaded(scene, side_px) for scene in scenes()]))


def uploaded(scene: Scene, side_px: int) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    dice = random.Random(scene.caption)
    width_px, height_px = dice.randint(320, 640), dice.randint(320, 640)
    file = io.BytesIO()
    codec = dice.choice(("JPEG", "WEBP", "PNG"))
    draw(scene, SEED, width_px=width_px, height_px=height_px).save(
        file, codec, quality=dice.randint(80, 95), compress_level=1
    )
    picture = Image.open(file)
    picture.draft("RGB", (2 * side_px, 2 * side_px))
    width, height = picture.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    small = picture.convert("RGB").resize(
        (side_px, side_px), Image.Resampling.BICUBIC, (left, top, left + side, top + side)
    )
    return np.asarray(small).reshape(side_px, side_px, 3)


def test_every_caption_finds_its_own_picture_among_all(clip: TorchClip, gallery: Vectors) -> None:
    scores = clip.embed_texts(captions()) @ gallery.T
    found = np.argmax(scores, axis=1) == np.arange(len(captions()))
    assert found.mean() >= 0.95


def test_a_red_circle_finds_the_ten_that_there_are(clip: TorchClip, gallery: Vectors) -> None:
    """And so for every colour and shape, whatever the size and the place."""
    world = scenes()
    asked = [scene for scene in world if scene == Scene(scene.colour, scene.shape)]
    scores = clip.embed_texts([scene.caption for scene in asked]) @ gallery.T
    right = [
        (world[found].colour, world[found].shape) == (scene.colour, scene.shape)
        for scene, row in zip(asked, scores, strict=True)
        for found in np.argsort(-row)[:10]
    ]
    assert np.mean(right) >= 0.95


def test_the_checkpoint_is_small_and_holds_no_code() -> None:
    files = {file.suffix: file.stat().st_size for file in Path(tiny_shapes_folder()).iterdir()}
    assert files[".safetensors"] < 8_000_000
    assert not files.keys() & {".bin", ".pt", ".pth", ".pkl"}


def test_a_text_is_cut_exactly_where_its_end_does_not_count(clip: TorchClip) -> None:
    whole, one_more = "red " * 13 + "circle", "red " * 14 + "circle"
    other = "red " * 14 + "square"
    assert clip.truncated([whole, one_more, other, ""]) == [False, True, True, False]
    vectors = clip.embed_texts([whole, one_more, other])
    np.testing.assert_allclose(vectors[1], vectors[2], atol=1e-6)
    assert vectors[0] @ vectors[1] < 0.9999


@pytest.mark.parametrize("mode", ["", "clips"])
def test_a_tokenizer_of_hugging_face_cuts_where_it_is_said_to(mode: str) -> None:
    folder = Path(tiny_captions.__file__).parent
    tokenize = import_open_clip().tokenizer.HFTokenizer(
        str(folder), context_length=8, tokenizer_mode=mode
    )
    if mode == "clips":  # which such a tokenizer has not got itself
        tokenize.tokenizer.bos_token, tokenize.tokenizer.eos_token = "[CLS]", "[SEP]"
    fits = [words for words in range(12) if not is_cut(tokenize, "red " * words)]
    most = max(fits)
    assert fits == list(range(most + 1))
    rows = [
        tokenize(["red " * words])[0].tolist() for words in (most - 1, most, most + 1, most + 2)
    ]
    assert rows[0] != rows[1]
    assert rows[2] == rows[3]
