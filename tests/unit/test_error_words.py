"""An error says what is wrong with a file, in words for a photographer."""

from __future__ import annotations

import random
import re

import pytest

from tests.fuzz.mutation import mutated
from tests.fuzz.targets import images
from tests.opened_pictures import CENTER
from tests.picture_files import encoded, scene
from utils.contract import ErrorCode
from utils.imaging.decoding import ImageUnreadableError, decode_for_clip
from utils.imaging.pillow_setup import ready_pillow

MOST_PIXELS = 1_000_000
DAMAGED = 1500
# What Python and its libraries say of themselves; none of it helps who took the picture.
FORBIDDEN = re.compile(
    r"0x|Error\b|Exception|Traceback|unpack|buffer|struct|decoder error|-\d\b|NoneType|object|"
    r"codec\b|index|range\b|tuple|bytes-like|array|tile|stream|syntax|libjxl|libtiff|LibRaw|"
    r"PIL|Pillow|tifffile|imagecodecs|numpy|dtype|int\b|str\b|\bb'|[<>{}\[\]_]",
    re.IGNORECASE,
)


def said_of(data: bytes) -> ImageUnreadableError | None:
    try:
        decode_for_clip(data, CENTER, max_pixels=MOST_PIXELS)
    except ImageUnreadableError as exc:
        return exc
    return None


def test_no_detail_speaks_to_developers() -> None:
    seeds = images()
    said = {}
    for number in range(DAMAGED):
        found = said_of(mutated(seeds, number))
        if found is not None:
            said[found.detail] = number
    assert len(said) > 20
    assert [detail for detail in said if FORBIDDEN.search(detail)] == []


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "HEIF", "AVIF"])
def test_what_is_cut_off_is_said_to_be(name: str) -> None:
    ready_pillow()
    data = encoded(scene(400, 300), name)
    for share in (0.3, 0.5):
        found = said_of(data[: int(len(data) * share)])
        assert found is not None
        assert found.code is ErrorCode.DECODING_IMAGE
        assert re.search(r"it ends after \d|the file ends after \d|rows", found.detail), (
            found.detail
        )


@pytest.mark.parametrize("name", ["PNG", "TIFF", "AVIF", "HEIF", "WEBP"])
def test_what_was_never_written_is_said_to_be(name: str) -> None:
    ready_pillow()
    options = {"TIFF": {"compression": "tiff_lzw"}, "PNG": {}}.get(name, {"quality": 95})
    data = encoded(scene(400, 300), name, **options)
    found = said_of(data[:9000] + bytes(len(data) + 5000 - 9000))
    assert found is not None
    assert found.detail.startswith("the file is empty from "), found.detail


def test_random_bytes_behind_any_beginning_are_told_in_plain_words() -> None:
    dice = random.Random(5)
    for data in images():
        for kept in (4, 12, 40, 200):
            found = said_of(data[:kept] + dice.randbytes(3000))
            if found is not None:
                assert FORBIDDEN.search(found.detail) is None, found.detail
