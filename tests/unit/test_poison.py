"""Whatever a file claims, it costs one coded failure, little time and little memory."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.picture_files import encoded, scene
from tests.poison_files import Poison, poisons
from tests.poison_makers import jpeg_with_segments
from utils.contract import ErrorCode
from utils.imaging.decoding import ImageUnreadableError, open_upright
from utils.imaging.formats import Format
from utils.imaging.header_size import header_size, is_progressive
from utils.imaging.pixel_streams import jpeg_stream, png_stream

LIMIT_S = 5.0
LIMIT_KB = 400 * 1024  # LibRaw and the plugins, loaded at the first file of theirs, count as well


@pytest.fixture(scope="module")
def spent() -> dict[str, Any]:
    """By the name of the poison; missing where the process died of it."""
    child = subprocess.run(
        [sys.executable, "-m", "tests.unit.poison_child"],
        stdout=subprocess.PIPE,
        text=True,
        timeout=500,
        check=False,
    )
    return {line["name"]: line for line in map(json.loads, child.stdout.splitlines())}


@pytest.mark.parametrize("poison", poisons(), ids=lambda poison: poison.name)
def test_a_poison_costs_one_code_in_seconds_and_little_memory(
    poison: Poison, spent: dict[str, Any]
) -> None:
    assert poison.name in spent, "the process died of it"
    line = spent[poison.name]
    assert line["code"] in poison.codes
    assert line["cpu_s"] < LIMIT_S
    assert line["grown_kb"] < LIMIT_KB


def test_texts_cost_a_png_nothing_and_other_pngs_are_not_copied() -> None:
    plain = encoded(scene(40, 30), "PNG")
    assert png_stream(plain).data is plain
    text = b"\0\0\0\x04tEXta\0bc" + bytes(4)
    assert png_stream(plain[:33] + text + plain[33:]).data == plain


def test_a_decoder_gets_no_more_of_a_jpeg_than_its_picture_needs() -> None:
    exif = b"Exif\0\0II*\0\x08\0\0\0\0\0"
    data = encoded(scene(40, 30), exif=exif, xmp=b"x" * 999, comment=b"c", icc_profile=b"icc")
    stream = jpeg_stream(data)
    assert stream.exif == exif
    assert b"ICC_PROFILE" in stream.data
    assert b"x" * 9 not in stream.data
    assert b"Exif" not in stream.data


def test_what_a_header_does_not_tell_is_no_error() -> None:
    segments = jpeg_with_segments(5_000, 0)
    assert header_size(segments, Format.JPEG) is None
    assert not is_progressive(segments)
    assert header_size(b"P6 #\n" + b" " * 900 + b"x", Format.PPM) is None  # and at once


def test_the_size_of_a_jpeg_xl_is_that_of_its_codestream() -> None:
    box = b"\0\0\0\x0cJXL \r\n\x87\n"
    false = b"\0\0\0\x20abcdjxlc\xff\x0a" + bytes(14)
    assert header_size(box + false, Format.JXL) is None
    with pytest.raises(ImageUnreadableError) as caught:
        open_upright(box + false, min_side_px=64, max_pixels=10**8)
    assert caught.value.code is ErrorCode.DECODING_IMAGE
