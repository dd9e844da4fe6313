"""Files that mean harm, or look as if they did, each with the right answers to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tests.poison_items import heif_of_doubled_pieces, jxl_of_layers_without_end
from tests.poison_makers import (
    CLAIMS,
    MAGICS,
    MEGABYTE,
    claims,
    cyclic_exif,
    garbage,
    gif_beyond_its_screen,
    gif_of_frames,
    gif_with_comment,
    greedy_exif,
    greedy_tiff,
    half_heic,
    jpeg_of_scans,
    jpeg_with_fillers,
    jpeg_with_segments,
    jxl_with_false_size,
    png_bomb,
    png_of_chunks,
    png_with_packed_text,
    png_with_profile,
    png_with_text,
    tiff_chain,
    tiff_loop,
    tiff_nested,
    tiff_with_huge_tile,
)
from utils.contract import ErrorCode

_IMAGE, _TOO_LARGE = ErrorCode.DECODING_IMAGE, ErrorCode.IMAGE_TOO_LARGE


@dataclass(frozen=True, slots=True)
class Poison:
    """`codes` are the right answers; None among them is a right picture."""

    name: str
    make: Callable[[], bytes]
    codes: tuple[ErrorCode | None, ...]


def poisons() -> list[Poison]:
    """Each with the extension that it claims."""
    found = [
        Poison("empty.jpg", lambda: b"", (ErrorCode.FILE_EMPTY,)),
        Poison("text.jpg", lambda: b"no picture at all\n" * 99, (ErrorCode.FORMAT_UNSUPPORTED,)),
        Poison("text-chunk-100mb.png", lambda: png_with_text(100 * MEGABYTE), (None,)),
        Poison("text-bomb-100mb.png", lambda: png_with_packed_text(100 * MEGABYTE), (None,)),
        Poison("profile-bomb.png", lambda: png_with_profile(100 * MEGABYTE), (None,)),
        Poison("chunks.png", lambda: png_of_chunks(2_000_000), (_IMAGE,)),
        Poison("bomb.png", lambda: png_bomb(60_000, 60_000), (_TOO_LARGE,)),
        Poison("segments.jpg", lambda: jpeg_with_segments(2_000_000, 0), (_IMAGE,)),
        Poison("exif-blocks.jpg", lambda: jpeg_with_segments(1_500, 65_000), (None,)),
        Poison("greedy-exif.jpg", greedy_exif, (None,)),
        Poison("fillers.jpg", lambda: jpeg_with_fillers(20 * MEGABYTE), (None,)),
        Poison("scans.jpg", lambda: jpeg_of_scans(3_000), (_IMAGE,)),
        Poison("cyclic-exif.jpg", cyclic_exif, (None,)),
        Poison("comment.gif", lambda: gif_with_comment(20 * MEGABYTE), (_IMAGE,)),
        Poison("endless.gif", lambda: gif_of_frames(200_000), (None,)),
        Poison("small-screen.gif", gif_beyond_its_screen, (_TOO_LARGE,)),
        Poison("loop.tif", tiff_loop, (_IMAGE, None)),
        Poison("deep.tif", lambda: tiff_chain(20_000), (_IMAGE, None)),
        Poison("nested.tif", lambda: tiff_nested(20_000), (_IMAGE, None)),
        Poison("greedy.tif", lambda: greedy_tiff(4 * MEGABYTE), (_IMAGE,)),
        Poison("tile.tif", tiff_with_huge_tile, (_IMAGE,)),
        Poison("half.heic", half_heic, (_IMAGE,)),
        Poison("spaces.ppm", lambda: b"P6 #\n" + b" " * 5 * MEGABYTE + b"x", (_IMAGE,)),
        Poison("digits.ppm", lambda: b"P3 2 2 255\n" + b"1" * 5 * MEGABYTE, (_IMAGE,)),
        Poison("hidden-size.jxl", jxl_with_false_size, (_TOO_LARGE,)),
        Poison("layers.jxl", jxl_of_layers_without_end, (None,)),
        Poison("doubled-pieces.heic", heif_of_doubled_pieces, (_IMAGE,)),
    ]
    found += [
        Poison(f"claims-huge.{name}", partial(claims, name), (_TOO_LARGE,))
        for name in sorted(CLAIMS)
    ]
    found += [
        Poison(f"zeros.{name}", partial(garbage, magic), _GARBAGE) for name, magic in MAGICS.items()
    ]
    found += [
        Poison(
            f"noise-{seed}.{name}",
            partial(garbage, magic, seed),
            _GARBAGE,
        )
        for name, magic in MAGICS.items()
        for seed in range(3)
    ]
    return found


_GARBAGE = (
    _IMAGE,
    _TOO_LARGE,
    ErrorCode.DECODING_RAW,
    ErrorCode.FORMAT_UNSUPPORTED,
)
