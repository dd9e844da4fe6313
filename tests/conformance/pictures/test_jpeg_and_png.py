"""JPEG, PNG and GIF as odd writers leave them: shown, or told apart from what is damaged."""

from __future__ import annotations

import zlib
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from tests.opened_pictures import difference, opened
from tests.picture_files import encoded, scene
from tests.profiles import DISPLAY_P3, rgb_profile
from utils.containers.jpeg_segments import START_OF_SCAN, segments
from utils.contract import ErrorCode
from utils.imaging.decoding import ImageUnreadableError


def photo() -> Image.Image:
    return scene(161, 123)


def jpeg_segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2) + content


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)


@pytest.mark.parametrize(
    "segment",
    [
        jpeg_segment(0xE0, b"JFIF\0"),
        jpeg_segment(0xE0, b""),
        jpeg_segment(0xEE, b"Adobe"),
        jpeg_segment(0xE2, b"ICC_PROFILE\0"),
        jpeg_segment(0xE1, b"Exif\0\0"),
        jpeg_segment(0xFE, b"") * 3,
        jpeg_segment(0xFE, b"x") + b"stray bytes \x00\x12\xff\xff\xff",
    ],
)
def test_a_mark_without_its_content_costs_no_jpeg(segment: bytes) -> None:
    plain = encoded(photo())
    for data in (plain, encoded(photo(), progressive=True)):
        first = next(segments(data))
        odd = data[:2] + segment + data[first.end :]
        assert difference(opened(odd).image, opened(data).image) == 0


def test_stray_bytes_between_all_segments_cost_no_jpeg() -> None:
    for progressive in (False, True):
        data = encoded(photo(), progressive=progressive)
        odd = data[:2]
        for segment in segments(data):
            odd += data[segment.start : segment.end]
            odd += b"junk\0\x12" if segment.marker != START_OF_SCAN else b""
            end = segment.end
        assert difference(opened(odd + data[end:]).image, opened(data).image) == 0


def test_inks_of_adobe_are_not_inverted() -> None:
    """Pillow writes CMYK as Adobe does: inverted, with its mark."""
    inks = photo().convert("CMYK")
    data = encoded(inks, quality=95, subsampling=0)
    assert b"Adobe" in data
    assert difference(opened(data).image, photo()) < 4


@pytest.mark.parametrize(
    ("values", "options", "said"),
    [
        (np.uint16(16), {"bitspersample": 12}, "12 bits"),
        (np.uint8(1), {"lossless": True}, "lossless"),
    ],
)
def test_jpegs_that_are_sound_but_not_read_are_named(
    values: np.generic, options: dict[str, Any], said: str
) -> None:
    pixels = np.asarray(photo()).astype(values.dtype) * values
    data = bytes(imagecodecs.jpeg8_encode(pixels, **options))
    with pytest.raises(ImageUnreadableError, match=said) as caught:
        opened(data)
    assert caught.value.code is ErrorCode.FORMAT_UNSUPPORTED


def test_texts_of_a_png_are_passed_over_however_large() -> None:
    data = encoded(photo(), "PNG")
    text = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(20_000_000)))
    itxt = png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(bytes(20_000_000)))
    odd = data[:33] + text + itxt + data[33:-12] + text + data[-12:]
    assert difference(opened(odd).image, photo()) == 0


def test_a_profile_of_more_than_a_mebibyte_still_counts() -> None:
    """Pillow refuses the picture for it."""
    profile = rgb_profile(DISPLAY_P3, None)
    red = Image.new("RGB", (20, 20), (200, 60, 60))
    plain = encoded(red, "PNG")
    long = (len(profile) + 2_000_000).to_bytes(4) + profile[4:] + bytes(2_000_000)
    named = png_chunk(b"iCCP", b"P3\0\0" + zlib.compress(long))
    shown = opened(plain[:33] + named + plain[33:]).image.getpixel((5, 5))
    expected = opened(encoded(red, "PNG", icc_profile=profile)).image.getpixel((5, 5))
    assert shown == expected != (200, 60, 60)
    endless = png_chunk(b"iCCP", b"P3\0\0" + zlib.compress(bytes(20_000_000)))
    assert opened(plain[:33] + endless + plain[33:]).image.getpixel((5, 5)) == (200, 60, 60)


def test_of_several_profiles_in_a_png_the_first_counts() -> None:
    png = encoded(photo(), "PNG")
    first, second = (
        png_chunk(b"iCCP", b"a\0\0" + zlib.compress(profile))
        for profile in (rgb_profile(DISPLAY_P3, 2.2), bytes(20_000_000))
    )
    one = opened(png[:33] + first + png[33:])
    assert difference(one.image, photo()) > 1
    assert opened(png[:33] + first + second * 3 + png[33:]).image == one.image


@pytest.mark.parametrize("name", ["PNG", "GIF"])
def test_an_index_without_a_colour_is_damage(name: str) -> None:
    few = photo().quantize(100)
    data = bytearray(encoded(few, name))
    if name == "PNG":
        at = data.index(b"PLTE")
        colours = png_chunk(b"PLTE", bytes(data[at + 4 : at + 4 + 30]))
        old = int.from_bytes(data[at - 4 : at])
        data[at - 4 : at + 8 + old] = colours
    else:
        data[10] = data[10] & 0xF8 | 3  # 16 colours instead of 128
        del data[13 + 48 : 13 + 384]
    with pytest.raises(ImageUnreadableError, match="not in its palette") as caught:
        opened(bytes(data))
    assert caught.value.code is ErrorCode.DECODING_IMAGE
    assert not opened(encoded(few, name)).partial


def test_a_profile_that_is_none_is_passed_over() -> None:
    data = encoded(photo(), "PNG", icc_profile=b"no profile" * 30)
    assert difference(opened(data).image, photo()) == 0
