"""A damaged picture is shown for the most part or is a code, whatever the damage."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.metadata_files import directory
from tests.opened_pictures import CENTER, LIMIT, difference, opened
from tests.picture_files import encoded, exif_with, scene
from utils.contract import ClipUpload, ErrorCode
from utils.imaging.decoding import ImageUnreadableError, decode_for_clip, open_upright
from utils.imaging.faults.damage import damage
from utils.imaging.formats import Format
from utils.imaging.pillow_setup import ready_pillow


@pytest.mark.parametrize("percent", range(1, 100))
def test_a_jpeg_cut_anywhere_is_partial_or_a_code(percent: int) -> None:
    """At least 80 % of the rows, or none: what is stored shows most of its picture."""
    whole = scene(320, 240)
    data = encoded(whole, quality=90)
    try:
        decoded = opened(data[: len(data) * percent // 100])
    except ImageUnreadableError as exc:
        assert exc.code is ErrorCode.DECODING_IMAGE  # noqa: PT017  # either is a right answer
        assert percent < 90  # rows end later than bytes: libjpeg holds some back
    else:
        assert decoded.partial
        assert percent > 70
        kept = (0, 0, 320, 180)
        assert difference(decoded.image.crop(kept), whole.crop(kept)) < 8


def test_a_progressive_jpeg_is_partial_once_its_coarse_scan_is_whole() -> None:
    whole = scene(320, 240)
    data = encoded(whole, quality=90, progressive=True)
    outcomes = []
    for percent in range(5, 100, 5):
        try:
            decoded = opened(data[: len(data) * percent // 100])
        except ImageUnreadableError as exc:
            assert exc.code is ErrorCode.DECODING_IMAGE  # noqa: PT017  # either is a right answer
            outcomes.append(False)
        else:
            assert difference(decoded.image, whole) < 30
            outcomes.append(True)
    assert outcomes == sorted(outcomes)
    assert outcomes[0] is False
    assert outcomes[-1] is True


def test_cut_jpegs_keep_their_colours_and_their_orientation() -> None:
    data = encoded(scene(640, 480), quality=90, exif=exif_with(orientation=6))
    decoded = open_upright(data[: len(data) * 95 // 100], min_side_px=120, max_pixels=LIMIT)
    assert decoded.partial
    assert decoded.image.size == (120, 160)
    assert decoded.size == (480, 640)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", ErrorCode.FILE_EMPTY),
        (b"this is text", ErrorCode.FORMAT_UNSUPPORTED),
        (b"\xff\xd8\xff" + bytes(100), ErrorCode.DECODING_IMAGE),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), ErrorCode.DECODING_IMAGE),
        (b"GIF89a", ErrorCode.DECODING_IMAGE),
        (b"II*\0\x08\0\0\0", ErrorCode.DECODING_IMAGE),
        (b"RIFF\x24\0\0\0WEBPVP8 " + bytes(30), ErrorCode.DECODING_IMAGE),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", ErrorCode.DECODING_IMAGE),
        (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", ErrorCode.DECODING_IMAGE),
        (b"\xff\x0a" + bytes(40), ErrorCode.DECODING_IMAGE),
        (b"P6\n99999 99999\n255\n", ErrorCode.IMAGE_TOO_LARGE),
        (b"II\x1a\0\0\0HEAPCCDR" + bytes(64), ErrorCode.DECODING_RAW),
    ],
)
def test_garbage_with_the_right_beginning_is_a_code(data: bytes, code: ErrorCode) -> None:
    with pytest.raises(ImageUnreadableError) as caught:
        decode_for_clip(data, CENTER, max_pixels=LIMIT)
    assert caught.value.code is code
    assert caught.value.detail


def test_a_jpeg_that_claims_65535_by_65535_is_never_decoded() -> None:
    data = bytearray(encoded(scene(64, 64)))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    with pytest.raises(ImageUnreadableError) as caught:
        decode_for_clip(bytes(data), CENTER, max_pixels=LIMIT)
    assert caught.value.code is ErrorCode.IMAGE_TOO_LARGE


def test_a_bad_exif_neither_warns_nor_fails() -> None:
    broken = b"Exif\0\0II*\0\x08\0\0\0\xff\x00" + b"\xff" * 40
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert opened(encoded(scene(40, 30), exif=broken)).size == (40, 30)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    name=st.sampled_from(
        ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "PPM", "HEIF", "AVIF", "JXL"]
    ),
    flips=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=6),
    keep=st.floats(0.02, 1),
)
def test_a_damaged_file_decodes_or_is_a_code(
    name: str, flips: list[tuple[float, int]], keep: float
) -> None:
    ready_pillow()
    data = bytearray(encoded(scene(48, 40), name))
    data = data[: max(1, int(len(data) * keep))]
    for place, value in flips:
        data[int(place * len(data))] = value
    try:
        square = decode_for_clip(bytes(data), CENTER, max_pixels=200_000)
    except ImageUnreadableError as exc:
        assert exc.detail  # noqa: PT017  # either is a right answer
    else:
        assert square.shape == (64, 64, 3)


@pytest.mark.parametrize("name", ["WEBP", "HEIF", "AVIF"])
def test_a_small_file_may_be_filled_up_with_zeros(name: str) -> None:
    ready_pillow()
    data = encoded(scene(24, 16), name)
    assert len(data) < 4096
    assert opened(data + bytes(20_000)).size == (24, 16)


@pytest.mark.parametrize("start", [math.inf, math.nan])
def test_a_strip_that_begins_nowhere_is_no_error_in_telling_what_is_damaged(start: float) -> None:
    strips = directory({273: (12, [start]), 279: (12, [16.0])}, at=8)
    data = b"II*\0\x08\0\0\0" + strips
    assert damage(data, Format.TIFF, otherwise="unknown") == "unknown"


@pytest.mark.parametrize("size", [(1, 1), (1, 20_000), (20_000, 1), (3, 500)])
@pytest.mark.parametrize("crop", ["center", "squash", "longest"])
def test_the_thinnest_picture_makes_a_square(size: tuple[int, int], crop: str) -> None:
    upload = ClipUpload.model_validate({"side_px": 64, "crop": crop})
    data = encoded(Image.new("RGB", size, (9, 200, 30)), "PNG")
    square = decode_for_clip(data, upload, max_pixels=LIMIT)
    assert square.shape == (64, 64, 3)
    assert square.dtype == np.uint8
