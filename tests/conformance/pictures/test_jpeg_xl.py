"""JPEG XL is read as its owner sees it, whatever it was made of."""

from __future__ import annotations

import imagecodecs
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tests.jxl_files import Layer, jxl_of_jpeg, jxl_of_layers
from tests.opened_pictures import opened
from tests.picture_files import encoded, exif_with, scene
from tests.profiles import DISPLAY_P3, cmyk_profile, in_srgb, rgb_profile
from utils.contract import ErrorCode
from utils.imaging.colour.code_point_conversion import conversion
from utils.imaging.colour.code_points import CodePoints
from utils.imaging.faults.unreadable import ImageUnreadableError
from utils.imaging.opening import oriented
from utils.imaging.pillow_setup import ready_pillow
from utils.imaging.readers import libjxl

LINEAR, PQ, HLG = 8, 16, 18


def pixels(data: bytes) -> npt.NDArray[np.int16]:
    return np.asarray(opened(data).image, np.int16)


def rmse(one: npt.NDArray[np.int16], other: npt.NDArray[np.int16]) -> float:
    """0 to 1."""
    assert one.shape == other.shape
    return float(np.sqrt(np.mean((one.astype(float) - other) ** 2)) / 255)


def flat(*colour: int, width: int = 48, height: int = 32) -> npt.NDArray[np.uint8]:
    return np.full((height, width, len(colour)), colour, np.uint8)


@pytest.mark.parametrize("edited", [False, True])
def test_what_was_a_jpeg_is_read_though_it_cannot_be_given_back(edited: bool) -> None:
    picture = scene(160, 120)
    jpeg = encoded(picture, quality=95, exif=exif_with(make="Maker"))
    seen = pixels(jxl_of_jpeg(jpeg, edited=edited))
    assert rmse(seen, pixels(jpeg)) < 0.01


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("of_jpeg", [True, False])
def test_it_is_turned_once(turn: int, of_jpeg: bool) -> None:
    """The codestream says how; EXIF, which says the same, is not followed as well."""
    stored = scene(160, 120)
    if of_jpeg:
        jpeg = encoded(stored, quality=95, exif=exif_with(orientation=turn))
        data = jxl_of_jpeg(jpeg, edited=False)
    else:
        data = jxl_of_layers([Layer(np.asarray(stored))], orientation=turn)
    assert rmse(pixels(data), np.asarray(oriented(stored, turn), np.int16)) < 0.03


def test_an_animation_is_its_first_frame() -> None:
    frames = [Layer(flat(200, 30, 30)), Layer(flat(30, 200, 30)), Layer(flat(30, 30, 200))]
    seen = pixels(jxl_of_layers(frames, animated=True))
    assert (seen == (200, 30, 30)).all()


def test_layers_are_laid_on_each_other() -> None:
    below = Layer(flat(10, 200, 30, 255))
    above = Layer(flat(250, 0, 0, 128, width=16, height=8), left=8, top=4)
    last = Layer(flat(0, 0, 250, 255, width=4, height=4), left=40, top=20)
    seen = pixels(jxl_of_layers([below, above, last]))
    assert (seen[0, 0] == (10, 200, 30)).all()
    assert np.abs(seen[6, 12] - (130, 100, 15)).max() <= 2
    assert (seen[22, 42] == (0, 0, 250)).all()


@pytest.mark.parametrize("premultiplied", [False, True])
def test_what_is_half_clear_mixes_with_white_once(premultiplied: bool) -> None:
    stored = (100, 0, 50, 128) if premultiplied else (200, 0, 100, 128)
    seen = pixels(jxl_of_layers([Layer(flat(*stored))], premultiplied=premultiplied))
    assert np.abs(seen - (227, 127, 177)).max() <= 2


def test_the_black_of_four_inks_is_printed() -> None:
    """And its profile is followed: cyan alone prints a medium grey, by the one that is here."""
    paper, ink = 255, 0
    black = np.full((32, 48), paper, np.uint8)
    black[:, 24:] = ink
    inks = flat(paper, paper, paper)
    inks[16:, :24] = (ink, paper, paper)
    seen = pixels(jxl_of_layers([Layer(inks, black=black)], icc=cmyk_profile()))
    assert (seen[0, 0] >= 252).all()
    assert (seen[0, 40] <= 3).all()
    assert np.abs(seen[20, 4] - 119).max() <= 3


def test_inks_may_be_half_clear_as_well() -> None:
    inks = flat(255, 255, 255, 128)
    black = np.zeros((32, 48), np.uint8)
    seen = pixels(jxl_of_layers([Layer(inks, black=black)], icc=cmyk_profile()))
    assert np.abs(seen - 127).max() <= 4


@pytest.mark.parametrize("transfer", [PQ, HLG])
@pytest.mark.parametrize("lossless", [True, False])
def test_high_dynamic_range_is_as_bright_as_in_other_containers(
    transfer: int, lossless: bool
) -> None:
    levels = np.asarray(scene(96, 64).resize((96, 64)))
    found = conversion(CodePoints(9, transfer))
    assert found is not None
    shown = np.asarray(found.apply(Image.fromarray(levels)), np.int16)
    layer = Layer(levels.astype(np.uint16) * 257)
    data = jxl_of_layers([layer], lossless=lossless, colours=(9, transfer))
    assert rmse(pixels(data), shown) < (0.005 if lossless else 0.06)


@pytest.mark.parametrize("kind", [np.uint16, np.float16, np.float32])
def test_linear_light_of_more_than_8_bit_is_shown_without_steps(
    kind: type[np.generic],
) -> None:
    light = np.linspace(0, 1, 256, dtype=np.float64)[None, :, None].repeat(8, 0).repeat(3, 2)
    stored = (light * 65535).round() if kind is np.uint16 else light
    seen = pixels(jxl_of_layers([Layer(stored.astype(kind))], colours=(1, LINEAR)))
    expected = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    assert np.abs(seen - expected * 255).max() <= 1.5


@pytest.mark.parametrize("bits", [1, 4, 10, 12])
def test_samples_of_any_number_of_bits_have_all_their_range(bits: int) -> None:
    top = 2**bits - 1
    ramp = np.linspace(0, top, 64).round().astype(np.uint8 if bits <= 8 else np.uint16)
    rows = ramp[None, :, None].repeat(8, 0).repeat(3, 2)
    data = jxl_of_layers([Layer(rows)], bits=bits)
    assert np.abs(pixels(data) - rows / top * 255).max() <= 1


def test_channels_besides_colour_change_nothing() -> None:
    grey = np.linspace(0, 255, 64).astype(np.uint8)[None].repeat(16, 0)
    planes = np.stack([grey, 255 - grey, grey // 2])
    data = imagecodecs.jpegxl_encode(planes, planar=True, photometric="gray", lossless=True)
    assert np.abs(pixels(bytes(data))[..., 1] - grey).max() <= 1


def test_a_profile_is_followed() -> None:
    colours = np.array([[150, 110, 100], [90, 140, 100], [100, 110, 150]], np.uint8)
    picture = colours[None].repeat(16, 0).repeat(16, 1)
    seen = pixels(jxl_of_layers([Layer(picture)], icc=rgb_profile(DISPLAY_P3, None)))
    assert np.abs(seen[8, 8::16] - in_srgb(colours, DISPLAY_P3, None)).max() <= 2


@pytest.mark.parametrize("quality", [80, 95])
def test_of_a_file_that_ends_early_the_coarse_picture_is_shown(quality: int) -> None:
    ready_pillow()
    picture = scene(640, 480)
    data = encoded(picture, "JXL", quality=quality)
    found = opened(data[: len(data) * 6 // 10])
    assert found.partial
    assert rmse(np.asarray(found.image, np.int16), np.asarray(picture, np.int16)) < 0.1


def test_of_rows_that_are_missing_few_are_grey_and_many_an_error() -> None:
    picture = np.asarray(scene(200, 1536))
    data = bytes(imagecodecs.jpegxl_encode(picture, lossless=True, numthreads=1))
    found = opened(data[: len(data) * 97 // 100])
    assert found.partial
    seen = np.asarray(found.image)
    assert (seen[:1280] == picture[:1280]).all()
    assert (seen[-1] == 128).all()
    with pytest.raises(ImageUnreadableError, match="cut off") as caught:
        opened(data[: len(data) // 2])
    assert caught.value.code is ErrorCode.DECODING_IMAGE
    with pytest.raises(ImageUnreadableError, match="cut off"):
        opened(data[:40])


def test_a_libjxl_that_nobody_tried_is_not_called_and_no_file_is_damaged_by_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = jxl_of_layers([Layer(flat(9, 200, 30))])
    libjxl._library.cache_clear()
    monkeypatch.setattr(libjxl, "_ABI", range(0))
    with pytest.raises(ImageUnreadableError, match="the libjxl that is installed") as caught:
        opened(data)
    assert caught.value.code is ErrorCode.FORMAT_UNSUPPORTED
