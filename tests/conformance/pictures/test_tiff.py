"""A TIFF is shown as its owner sees it, whatever it was written by."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import imagecodecs
import numpy as np
import pytest

from tests.conformance.pictures.tiff_files import (
    fractions,
    inks,
    photo,
    pixels,
    planes,
    wide,
    with_values,
    written,
)
from tests.opened_pictures import difference, opened
from utils.contract import ErrorCode
from utils.imaging.decoding import ImageUnreadableError
from utils.imaging.readers.tiff_pages import main_page


@pytest.mark.parametrize("codec", [None, "lzw", "zstd"])
def test_a_wide_tiff_that_is_cut_off_is_partial_or_says_so(codec: str | None) -> None:
    data = written(
        planes(wide(16))[:1].reshape(123, 161),
        "minisblack",
        compression=codec,
        rowsperstrip=4,
        bitspersample=None,
        byteorder=">",
        bigtiff=True,
    )
    late = opened(data[: int(len(data) * 0.92)])
    assert late.partial
    assert late.image.getpixel((80, 122)) == (128, 128, 128)
    kept = (0, 0, 161, 100)
    whole = photo().getchannel("R").convert("RGB").crop(kept)
    assert difference(late.image.crop(kept), whole) < 1
    with pytest.raises(ImageUnreadableError, match="the file is cut off: it ends after") as caught:
        opened(data[: len(data) // 2])
    assert caught.value.code is ErrorCode.DECODING_IMAGE


def test_a_colour_that_one_plane_lacks_is_no_colour() -> None:
    """Planes follow each other: what is cut off is the whole picture's blue."""
    data = written(planes(wide(16)), planarconfig="separate")
    with pytest.raises(ImageUnreadableError, match="cut off"):
        opened(data[: len(data) * 5 // 6])


def test_highlights_of_fractions_are_clipped_and_light_is_exposed() -> None:
    few = fractions("f4")
    few[:2, :10] = 40.0
    decoded = opened(written(few))
    assert decoded.image.getpixel((3, 1)) == (255, 255, 255)
    assert difference(decoded.image.crop((0, 10, 161, 123)), photo().crop((0, 10, 161, 123))) < 1


def test_fractions_that_are_no_numbers_are_black() -> None:
    broken = fractions("f4")
    broken[50:60] = np.nan
    decoded = opened(written(broken))
    assert decoded.image.getpixel((80, 55)) == (0, 0, 0)
    assert decoded.image.getpixel((80, 20)) == photo().getpixel((80, 20))


def test_lzw_is_unpacked_into_given_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told a size, as by tifffile, imagecodecs crashes on a few of many damaged strips."""
    unpack, rooms = imagecodecs.lzw_decode, []

    def recorded(data: bytes, *, out: object = None, **options: Any) -> Any:
        rooms.append(type(out))
        return unpack(data, out=out, **options)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(imagecodecs, "lzw_decode", recorded)
    values = planes(wide(16))
    data = written(values, planarconfig="separate", compression="lzw", rowsperstrip=50)
    assert difference(opened(data).image, photo()) == 0
    assert rooms == [bytearray] * 9


def test_a_size_that_is_no_number_is_damage() -> None:
    data = bytearray(written(wide(16), compression="lzw"))
    at = data.index((256).to_bytes(2, "little"))
    data[at + 2 : at + 12] = (2).to_bytes(2, "little") + (20_000).to_bytes(4, "little") + bytes(4)
    with pytest.raises(ImageUnreadableError, match="lacks a size"):
        opened(bytes(data))


def test_a_palette_of_more_colours_than_are_read_is_named() -> None:
    """Its indices would be taken modulo 256."""
    colours = np.ones((3, 65_536), np.uint16)
    data = written(np.full((20, 20), 300, np.uint16), "palette", colormap=colours)
    with pytest.raises(ImageUnreadableError, match="more than 256 colours") as caught:
        opened(data)
    assert caught.value.code is ErrorCode.FORMAT_UNSUPPORTED


def test_of_very_many_copies_a_few_are_looked_at() -> None:
    looked_at = 0

    def below() -> Iterator[Any]:
        nonlocal looked_at
        for _ in range(10_000):
            looked_at += 1
            yield SimpleNamespace(subfiletype=1)

    first = SimpleNamespace(subfiletype=1, pages=below())
    assert main_page(SimpleNamespace(pages=[first])) == (first, True)
    assert looked_at == 8


def test_strips_that_are_only_claimed_are_not_counted() -> None:
    """49 million rows of one pixel, each a strip of its own, of which one is there."""
    one = written(np.zeros((1, 1), np.uint16), "miniswhite")
    claimed = with_values(one, {257: 49_000_000, 278: 1})
    with pytest.raises(ImageUnreadableError, match="more parts than a picture has"):
        opened(claimed)


@pytest.mark.parametrize("codec", ["webp", "jpegxl", "jpeg2000", "png"])
def test_a_picture_inside_that_is_larger_than_its_place_is_not_decoded(codec: str) -> None:
    """Its codec would take the memory and the time that it claims."""
    data = bytearray(written(np.zeros((1024, 1024, 3), np.uint8), compression=codec))
    small = with_values(bytes(data), {256: 16, 257: 16, 278: 16})
    started_s = time.process_time()
    with pytest.raises(ImageUnreadableError, match="0 % of its rows"):
        opened(small)
    assert time.process_time() - started_s < 1


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (with_values(written(pixels()), {262: 32845}), "LogLuv"),
        (with_values(written(pixels()), {262: 32803}), "sensor's data"),
        (written(inks("u1"), "separated", extratags=[(332, 3, 1, 2, True)]), "inks"),
        (written(pixels()[..., 0].astype(np.complex64), "minisblack"), "complex"),
        (written(pixels(), compression="jpegxr"), "JPEG XR"),
        (written(pixels(), compression="lerc"), "LERC"),
        (
            with_values(written(pixels(), compression="lzw", predictor=True), {317: 5}),
            "differences",
        ),
        (
            with_values(written(wide(16), compression="zlib", predictor=True), {317: 3}),
            "differences",
        ),
        (with_values(written(wide(16), "ycbcr"), {530: 2}), "coarser"),
    ],
)
def test_what_is_not_read_is_named(data: bytes, said: str) -> None:
    with pytest.raises(ImageUnreadableError, match=said) as caught:
        opened(data)
    assert caught.value.code is ErrorCode.FORMAT_UNSUPPORTED
