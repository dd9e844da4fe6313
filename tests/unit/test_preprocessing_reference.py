"""Squares equal what open_clip's own preprocessing gives."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from ml_inference_fastapi_app.backends.torchvision_compat import make_torchvision_importable
from tests.picture_files import encoded, scene
from utils.contract import ClipUpload
from utils.imaging.decoding import decode_for_clip, to_square

make_torchvision_importable()

MODES = {"center": "shortest", "squash": "squash", "longest": "longest"}
Crop = Literal["center", "squash", "longest"]


@pytest.mark.parametrize("size", [(640, 480), (481, 643), (300, 1900), (224, 224), (100, 80)])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
@pytest.mark.parametrize("crop", ["center", "squash", "longest"])
def test_a_square_equals_open_clips_own(
    crop: Crop, interpolation: Literal["bicubic", "bilinear"], size: tuple[int, int]
) -> None:
    from open_clip.transform import PreprocessCfg, image_transform_v2

    upload = ClipUpload(side_px=224, crop=crop, interpolation=interpolation, fill=7)
    reference = image_transform_v2(
        PreprocessCfg(
            size=224,
            mean=(0.0, 0.0, 0.0),
            std=(1.0, 1.0, 1.0),
            interpolation=interpolation,
            resize_mode=MODES[crop],
            fill_color=7,
        ),
        is_train=False,
    )
    picture = scene(*size)
    expected = reference(picture).numpy().transpose(1, 2, 0) * 255
    assert np.abs(expected - to_square(picture, upload)).max() <= 1.01
    decoded = decode_for_clip(encoded(picture, "PNG"), upload, max_pixels=10_000_000)
    assert np.abs(expected - decoded).mean() <= 2
