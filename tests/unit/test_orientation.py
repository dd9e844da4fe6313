"""However a camera was held, and however its file says so: the same vector, the same pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml_inference_fastapi_app.backends.base import Vectors
from ml_inference_fastapi_app.backends.clip.torch_clip import TorchClip
from tests.orientation_files import LOSSLESS, LOSSY, SHOWN, raw_variants, stored, variants
from tests.picture_files import encoded, exif_with
from tests.torch_clips import load_torch_clip
from utils.imaging.decoding import decode_for_clip, open_upright
from utils.imaging.perceptual_hash import perceptual_hash

LIMIT = 50_000_000
ORIENTATION_ENTRY = b"\1\x12\0\3\0\0\0\1"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TorchClip:
    return _model("tiny-shapes", "", tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def vit(tmp_path_factory: pytest.TempPathFactory) -> TorchClip:
    return _model("ViT-B-32", "none", tmp_path_factory.mktemp("models"))


def _model(model: str, pretrained: str, folder: Path) -> TorchClip:
    return load_torch_clip(
        model=model, pretrained=pretrained, cache_dir=folder, dtype="float32", offline=True
    )


def embedded(model: TorchClip, files: list[bytes]) -> tuple[Vectors, float]:
    """Vectors, and the largest mean difference from the first at the model's input, of 255."""
    upload = model.description.upload
    squares = np.stack([decode_for_clip(file, upload, max_pixels=LIMIT) for file in files])
    apart = np.abs(squares.astype(np.float32) - squares[0]).mean(axis=(1, 2, 3))
    return model.embed_images(squares), float(apart.max())


def least_cosine(vectors: Vectors) -> float:
    return float((vectors @ vectors.T).min())


def check(model: TorchClip, name: str) -> None:
    vectors, apart = embedded(model, variants(name))
    assert least_cosine(vectors) > (0.999 if name in LOSSLESS else 0.99)
    assert apart < (1.5 if name in LOSSLESS else 4)


@pytest.mark.parametrize("name", [*LOSSLESS, *LOSSY])
def test_the_eight_variants_of_one_picture_embed_alike(tiny: TorchClip, name: str) -> None:
    check(tiny, name)


@pytest.mark.parametrize(
    "name",
    ["PNG", *(pytest.param(name, marks=pytest.mark.slow) for name in ("JPEG", "HEIF", "WEBP"))],
)
def test_a_large_model_sees_them_alike_too(vit: TorchClip, name: str) -> None:
    check(vit, name)


@pytest.mark.parametrize("preview", [True, False])
def test_raw_files_turn_whether_their_preview_serves_or_they_are_developed(
    tiny: TorchClip, *, preview: bool
) -> None:
    vectors, apart = embedded(tiny, raw_variants(preview=preview))
    assert least_cosine(vectors) > 0.99
    assert apart < 4


def test_a_picture_that_is_not_turned_back_would_be_noticed(tiny: TorchClip) -> None:
    """The measure measures: the same pixels without the orientation are another picture."""
    files = [encoded(stored(SHOWN, turn), "PNG", compress_level=1) for turn in range(1, 9)]
    vectors, apart = embedded(tiny, files)
    assert least_cosine(vectors) < 0.99
    assert apart > 20


@pytest.mark.parametrize("name", [*LOSSLESS, *LOSSY])
def test_the_perceptual_hash_does_not_see_how_the_camera_was_held(name: str) -> None:
    opened = [open_upright(file, min_side_px=320, max_pixels=LIMIT) for file in variants(name)]
    assert {decoded.size for decoded in opened} == {SHOWN.size}
    hashes = [perceptual_hash(decoded.image) for decoded in opened]
    assert max((one ^ hashes[0]).bit_count() for one in hashes) <= 4


@pytest.mark.parametrize("turn", [1, 6])
def test_what_a_heics_exif_says_turns_nothing_once_more(turn: int) -> None:
    """Phones write both: irot, and an EXIF block that says the same again."""
    data = variants("HEIF")[turn - 1]
    assert (b"irot" in data) == (turn == 6)
    at = data.index(ORIENTATION_ENTRY) + len(ORIENTATION_ENTRY)
    both = data[:at] + b"\0\6" + data[at + 2 :]
    decoded = open_upright(both, min_side_px=320, max_pixels=LIMIT)
    assert decoded.size == SHOWN.size
    assert perceptual_hash(decoded.image) == perceptual_hash(opened_upright(data))


def opened_upright(data: bytes) -> Image.Image:
    return open_upright(data, min_side_px=320, max_pixels=LIMIT).image


@pytest.mark.parametrize("value", [0, 9, 65_535])
def test_an_orientation_that_does_not_exist_turns_nothing(value: int) -> None:
    exif = exif_with(orientation=value)
    for name in ("JPEG", "PNG"):
        decoded = open_upright(
            encoded(Image.new("RGB", (64, 32)), name, exif=exif), min_side_px=64, max_pixels=LIMIT
        )
        assert decoded.size == (64, 32)
