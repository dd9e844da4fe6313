"""A BMP is shown as its owner sees it: any bit fields, palettes, run lengths and headers."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests.conformance.pictures.bmp_files import (
    HEIGHT,
    WIDTH,
    Bmp,
    few,
    few_shown,
    of_palette,
    photo,
    run_lengths,
    true_colour,
)
from tests.opened_pictures import difference, opened
from utils.contract import ErrorCode
from utils.imaging.decoding import ImageUnreadableError
from utils.imaging.formats import Format, sniff

FIVE = (0x7C00, 0x3E0, 0x1F)
EIGHT = (0xFF0000, 0xFF00, 0xFF)


@pytest.mark.parametrize(
    ("kind", "masks", "most"),
    [
        (Bmp(24), EIGHT, 0),
        (Bmp(24, is_top_down=True), EIGHT, 0),
        (Bmp(24, header=12), EIGHT, 0),
        (Bmp(24, header=16), EIGHT, 0),
        (Bmp(24, header=64), EIGHT, 0),
        (Bmp(24, header=124), EIGHT, 0),
        (Bmp(24, is_bare=True), EIGHT, 0),
        (Bmp(24, is_bare=True, is_top_down=True), EIGHT, 0),
        (Bmp(32), EIGHT, 0),
        (Bmp(32, is_bare=True), EIGHT, 0),
        (Bmp(16), FIVE, 3),
        (Bmp(16, compression=3, masks=(0xF800, 0x7E0, 0x1F)), (0xF800, 0x7E0, 0x1F), 3),
        (Bmp(16, compression=3, masks=(0x1F, 0x3E0, 0x7C00)), (0x1F, 0x3E0, 0x7C00), 3),
        (Bmp(32, compression=3, masks=(0xFF, 0xFF00, 0xFF0000)), (0xFF, 0xFF00, 0xFF0000), 0),
        (
            Bmp(32, compression=3, masks=(0x3FF00000, 0xFFC00, 0x3FF)),
            (0x3FF00000, 0xFFC00, 0x3FF),
            0,
        ),
        (Bmp(32, compression=3, masks=(0xFFF0, 0xF0000, 0xF)), (0xFFF0, 0xF0000, 0xF), 8),
        (Bmp(32, header=108, compression=3, masks=(*EIGHT, 0)), EIGHT, 0),
        (Bmp(32, compression=3, masks=EIGHT, is_bare=True), EIGHT, 0),
    ],
)
def test_true_colour_is_read_from_any_fields(kind: Bmp, masks: tuple[int, ...], most: int) -> None:
    data = true_colour(kind, masks)
    assert sniff(data) is Format.BMP
    decoded = opened(data)
    assert decoded.size == (WIDTH, HEIGHT)
    assert difference(decoded.image, photo()) <= most


@pytest.mark.parametrize("header", [12, 40, 64, 124])
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_palette_may_be_of_any_depth(bits: int, header: int) -> None:
    colours = min(200, 1 << bits)
    decoded = opened(of_palette(Bmp(bits, header=header), colours))
    assert difference(decoded.image, few_shown(colours)) == 0
    assert not decoded.partial


@pytest.mark.parametrize(
    ("kind", "colours"), [(Bmp(8, compression=1), 200), (Bmp(4, compression=2), 16)]
)
def test_run_lengths_are_unpacked(kind: Bmp, colours: int) -> None:
    data = run_lengths(kind, colours)
    assert difference(opened(data).image, few_shown(colours)) == 0
    late = opened(data[: int(len(data) * 0.95)])
    assert late.partial
    with pytest.raises(ImageUnreadableError, match="of its rows are there"):
        opened(data[: len(data) // 2])


def test_alpha_is_laid_on_white() -> None:
    masks = (*EIGHT, 0xFF000000)
    kind = Bmp(32, header=124, compression=3, masks=masks)
    white = Image.new("RGB", (WIDTH, HEIGHT), "white")
    half = Image.blend(white, photo(), 128 / 255)
    assert difference(opened(true_colour(kind, masks, alpha=128)).image, half) < 1
    # A writer that leaves the field empty means no alpha.
    assert difference(opened(true_colour(kind, masks, alpha=0)).image, photo()) == 0


def test_an_index_without_a_colour_is_no_colour() -> None:
    indices, palette = few(200)
    kind = Bmp(8)
    some = indices.copy()
    some[0, :5] = 250
    decoded = opened(kind.file(kind.rows(some), palette))
    assert decoded.partial
    assert decoded.image.getpixel((2, 0)) == (0, 0, 0)
    with pytest.raises(ImageUnreadableError, match="not in its palette") as caught:
        opened(kind.file(kind.rows(np.full_like(indices, 230)), palette))
    assert caught.value.code is ErrorCode.DECODING_IMAGE


def test_a_bmp_that_is_cut_off_is_partial_or_says_so() -> None:
    data = true_colour(Bmp(24), EIGHT)
    late = opened(data[: int(len(data) * 0.9)])
    assert late.partial
    assert late.image.getpixel((5, 0)) == (128, 128, 128)  # it is stored from its last row on
    kept = (0, 6, WIDTH, HEIGHT)
    assert difference(late.image.crop(kept), photo().crop(kept)) == 0
    with pytest.raises(ImageUnreadableError, match="the file is cut off: it ends after"):
        opened(data[: len(data) // 2])


@pytest.mark.parametrize("bits", [1, 4, 8])
def test_a_bmp_with_a_palette_that_is_cut_off_says_so(bits: int) -> None:
    data = of_palette(Bmp(bits), 2)
    with pytest.raises(ImageUnreadableError, match="the file is cut off: it ends after"):
        opened(data[: len(data) // 2])


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Bmp(24, compression=4), "hold a JPEG or PNG"),
        (Bmp(32, compression=3, masks=(0xFF00FF, 0xFF00, 0xFF)), "gaps"),
        (Bmp(1, header=64, compression=3), "Huffman"),
    ],
)
def test_what_is_not_read_is_named(kind: Bmp, said: str) -> None:
    data = kind.file(bytes(4 * WIDTH * HEIGHT))
    with pytest.raises(ImageUnreadableError, match=said) as caught:
        opened(data)
    assert caught.value.code is ErrorCode.FORMAT_UNSUPPORTED
