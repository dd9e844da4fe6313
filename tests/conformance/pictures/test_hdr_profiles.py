"""A profile that says PQ or HLG is shown as the same numbers are in any other container."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests.jxl_files import Layer, jxl_of_layers
from tests.opened_pictures import opened
from tests.picture_files import encoded, scene
from tests.profiles import SRGB, in_srgb, rgb_profile
from utils.imaging.colour.code_point_conversion import conversion
from utils.imaging.colour.code_points import CodePoints, profile_code_points

PQ, HLG, BT_2020 = 16, 18, 9


@pytest.mark.parametrize("name", ["PNG", "WEBP", "TIFF", "JXL"])
@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_the_numbers_in_a_profile_count(name: str, transfer: int) -> None:
    picture = scene(64, 48)
    profile = rgb_profile(SRGB, 2.2, cicp=bytes((BT_2020, transfer, 0, 1)))
    if name == "JXL":
        data = jxl_of_layers([Layer(np.asarray(picture))], icc=profile)
    else:
        options = {"lossless": True} if name == "WEBP" else {}
        data = encoded(picture, name, icc_profile=profile, **options)
    found = conversion(CodePoints(BT_2020, transfer))
    assert found is not None
    assert (np.asarray(opened(data).image) == np.asarray(found.apply(picture))).all()


def test_of_a_common_range_the_profile_counts() -> None:
    colours = np.full((16, 16, 3), (120, 130, 140), np.uint8)
    profile = rgb_profile(SRGB, 1.8, cicp=bytes((12, 13, 0, 1)))
    assert profile_code_points(profile) is None
    seen = np.asarray(opened(encoded(Image.fromarray(colours), "PNG", icc_profile=profile)).image)
    assert np.abs(seen[0, 0] - in_srgb(colours[0, :1], SRGB, 1.8)).max() <= 2


@pytest.mark.parametrize("length", [0, 130, 140, 200])
def test_a_profile_cut_short_says_nothing(length: int) -> None:
    whole = rgb_profile(SRGB, None, cicp=bytes((BT_2020, PQ, 0, 1)))
    assert profile_code_points(whole) == CodePoints(BT_2020, PQ)
    assert profile_code_points(whole[:length]) is None
    assert profile_code_points(b"\xff" * length) is None
