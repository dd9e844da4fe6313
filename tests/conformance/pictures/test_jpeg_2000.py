"""A JPEG 2000 is shown as its owner sees it, at the size that is enough."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from tests.opened_pictures import LIMIT, difference, opened
from tests.picture_files import encoded, scene
from tests.profiles import DISPLAY_P3, rgb_profile
from utils.contract import ErrorCode
from utils.imaging.decoding import ImageUnreadableError
from utils.imaging.formats import Format
from utils.imaging.opening import open_upright


def photo() -> Image.Image:
    return scene(161, 123)


@pytest.mark.parametrize(
    ("mode", "options"),
    [
        ("RGB", {}),
        ("RGB", {"no_jp2": True}),
        ("RGB", {"tile_size": (64, 48), "progression": "RPCL"}),
        ("RGB", {"num_resolutions": 1}),
        ("RGB", {"mct": 0}),
        ("L", {}),
        ("RGBA", {}),
        ("LA", {}),
    ],
)
def test_each_kind_shows_its_picture(mode: str, options: dict[str, object]) -> None:
    picture = photo().convert(mode)
    decoded = opened(encoded(picture, "JPEG2000", **options))
    assert decoded.format is Format.JPEG_2000
    assert decoded.size == (161, 123)
    assert difference(decoded.image, picture.convert("RGB")) == 0


def test_alpha_is_laid_on_white() -> None:
    picture = photo().convert("RGBA")
    picture.putalpha(128)
    half = Image.blend(Image.new("RGB", picture.size, "white"), photo(), 128 / 255)
    assert difference(opened(encoded(picture, "JPEG2000")).image, half) < 1


@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bits_become_eight(channels: int) -> None:
    deep = np.asarray(photo()).astype(np.uint16)[..., :channels].squeeze() * 257
    data = bytes(imagecodecs.jpeg2k_encode(deep, level=0, codecformat="jp2"))
    shown = photo() if channels == 3 else photo().getchannel("R").convert("RGB")
    assert difference(opened(data).image, shown) < 1


@pytest.mark.parametrize("bits", [2, 4, 10, 12, 16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_white_is_white_at_every_depth(bits: int, channels: int) -> None:
    white = (1 << bits) - 1
    deep = np.full((20, 30, channels), white, np.uint8 if bits < 8 else np.uint16)
    deep[:, :15, : 1 if channels < 3 else 3] = 0
    data = imagecodecs.jpeg2k_encode(deep.squeeze(), level=0, bitspersample=bits)
    shown = opened(bytes(data)).image
    assert shown.getpixel((25, 10)) == (255, 255, 255)
    assert shown.getpixel((5, 10)) == (0, 0, 0)


def test_what_is_enough_is_read() -> None:
    picture = scene(1000, 802)
    data = encoded(picture, "JPEG2000")
    decoded = open_upright(data, min_side_px=200, max_pixels=LIMIT)
    assert decoded.image.size == (250, 201)
    assert decoded.size == (1000, 802)
    assert decoded.area == (0.0, 0.0, 250.0, 200.5)
    assert difference(decoded.image.resize((100, 80)), picture.resize((100, 80))) < 4


def test_a_profile_counts() -> None:
    red = Image.new("RGB", (20, 20), (200, 60, 60))
    data = encoded(red, "JPEG2000")
    profile = rgb_profile(DISPLAY_P3, None)
    at = data.index(b"colr") - 4
    length = int.from_bytes(data[at : at + 4])
    named = (11 + len(profile)).to_bytes(4) + b"colr\x02\0\0" + profile
    header = data.index(b"jp2h") - 4
    longer = int.from_bytes(data[header : header + 4]) + len(named) - length
    data = data[:header] + longer.to_bytes(4) + data[header + 4 : at] + named + data[at + length :]
    expected = opened(encoded(red, "PNG", icc_profile=profile)).image.getpixel((5, 5))
    assert opened(data).image.getpixel((5, 5)) == expected != (200, 60, 60)


@pytest.mark.parametrize("options", [{}, {"no_jp2": True}])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_what_is_cut_off_is_an_error(options: dict[str, object], share: float) -> None:
    data = encoded(photo(), "JPEG2000", **options)
    with pytest.raises(ImageUnreadableError) as caught:
        opened(data[: int(len(data) * share)])
    assert caught.value.code is ErrorCode.DECODING_IMAGE


@pytest.mark.parametrize("codecformat", ["jp2", "j2k"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_what_is_cut_off_of_sixteen_bits_is_an_error(codecformat: str, share: float) -> None:
    deep = np.asarray(photo()).astype(np.uint16) * 257
    data = bytes(imagecodecs.jpeg2k_encode(deep, level=0, codecformat=codecformat))
    with pytest.raises(ImageUnreadableError) as caught:
        opened(data[: int(len(data) * share)])
    assert caught.value.code is ErrorCode.DECODING_IMAGE
