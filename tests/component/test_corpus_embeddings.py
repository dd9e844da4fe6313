"""Real photographs embed as open_clip's own preprocessing would have it, for every kind of crop."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageOps

from ml_inference_fastapi_app.backends.clip.torch_clip import TorchClip
from ml_inference_fastapi_app.backends.torchvision_compat import make_torchvision_importable
from tests.torch_clips import load_torch_clip
from utils.contract import ClipUpload
from utils.imaging.colour.code_points import code_points
from utils.imaging.colour.srgb import to_srgb
from utils.imaging.decoding import decode_for_clip
from utils.imaging.formats import Format, sniff
from utils.imaging.pillow_setup import ready_pillow

make_torchvision_importable()

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "corpus"
MODES = {"center": "shortest", "squash": "squash", "longest": "longest"}
Pixels = npt.NDArray[np.uint8]

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real files is not here"),
]


@pytest.fixture(scope="module")
def vit(tmp_path_factory: pytest.TempPathFactory) -> TorchClip:
    return load_torch_clip(
        model="ViT-B-32",
        pretrained="none",
        cache_dir=tmp_path_factory.mktemp("models"),
        dtype="float32",
        offline=True,
    )


@cache
def photos() -> tuple[bytes, ...]:
    """Of each content one; the orientation series are one picture each."""
    files = [p for p in sorted(CORPUS.rglob("*")) if p.is_file() and "orientation" not in p.parts]
    contents = {p.read_bytes(): None for p in files}
    kinds = (Format.JPEG, Format.HEIC, Format.AVIF, Format.PNG, Format.WEBP, Format.JXL)
    return tuple(data for data in contents if sniff(data) in kinds)


@cache
def at_full_size() -> tuple[Image.Image, ...]:
    """Every pixel decoded by Pillow, turned and converted: what open_clip's transform is given."""
    import pillow_jxl  # noqa: F401  # the reference opens JPEG XL by the plugin

    ready_pillow()
    found = []
    for data in photos():
        known = sniff(data)
        assert known is not None
        with Image.open(BytesIO(data)) as image:
            found.append(to_srgb(ImageOps.exif_transpose(image), code_points(data, known)))
    return tuple(found)


def reference(crop: str, interpolation: str) -> Pixels:
    """open_clip's own, as bytes: shape (n, 224, 224, 3)."""
    from open_clip.transform import PreprocessCfg, image_transform_v2

    config = PreprocessCfg(
        size=224,
        mean=(0.0,) * 3,
        std=(1.0,) * 3,
        interpolation=interpolation,
        resize_mode=MODES[crop],
    )
    transform = image_transform_v2(config, is_train=False)
    squares = [transform(image).numpy().transpose(1, 2, 0) for image in at_full_size()]
    return (np.stack(squares) * 255).round().astype(np.uint8)


@pytest.mark.parametrize(
    ("crop", "interpolation"),
    [
        ("center", "bicubic"),
        pytest.param("squash", "bicubic", marks=pytest.mark.slow),
        pytest.param("longest", "bicubic", marks=pytest.mark.slow),
        pytest.param("center", "bilinear", marks=pytest.mark.slow),
    ],
)
def test_photographs_embed_as_with_open_clips_own_preprocessing(
    vit: TorchClip,
    crop: Literal["center", "squash", "longest"],
    interpolation: Literal["bicubic", "bilinear"],
    record_property: Callable[[str, object], None],
) -> None:
    upload = ClipUpload(side_px=224, crop=crop, interpolation=interpolation)
    expected = reference(crop, interpolation)
    given = np.stack([decode_for_clip(data, upload, max_pixels=300_000_000) for data in photos()])
    apart = np.abs(expected.astype(np.float32) - given).mean(axis=(1, 2, 3))
    ours, theirs = vit.embed_images(given), vit.embed_images(expected)
    cosines = (ours * theirs).sum(axis=1)
    centre = theirs.mean(axis=0)  # untrained vectors are all alike but for what is left then
    ours, theirs = ours - centre, theirs - centre
    own = np.linalg.norm(theirs, axis=1) * np.linalg.norm(ours, axis=1)
    centred = (ours * theirs).sum(axis=1) / own
    nearest = np.linalg.norm(ours[:, None] - theirs[None], axis=-1).argmin(axis=1)
    said = {
        "photos": len(given),
        "cosine": (float(cosines.min()), float(cosines.mean())),
        "centred_cosine": (float(centred.min()), float(centred.mean())),
        "apart_of_255": (float(apart.max()), float(apart.mean())),
    }
    record_property("figures", said)
    assert len(given) >= 60
    assert cosines.min() > 0.995, said
    assert apart.max() <= 2, said
    assert (nearest == np.arange(len(given))).all(), said
