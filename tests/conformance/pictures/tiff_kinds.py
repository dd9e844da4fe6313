"""The kinds of TIFF that are read, each with a file and what it shows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from tests.conformance.pictures.made import Made
from tests.conformance.pictures.tiff_files import (
    Values,
    after_a_thumbnail,
    exposed,
    fractions,
    grey,
    inks,
    lab,
    light,
    of_palette,
    on_white,
    oriented_as,
    packed,
    palette,
    photo,
    pixels,
    planes,
    turned,
    two_pages,
    wide,
    with_alpha,
    with_icclab,
    written,
)

_CODECS = {
    "LZW": "lzw",
    "Deflate": "deflate",
    "PackBits": "packbits",
    "Zstandard": "zstd",
    "LZMA": "lzma",
    "PNG": "png",
    "JPEG XL": "jpegxl",
    "JPEG 2000": "jpeg2000",
}


def tiffs() -> dict[str, Made]:
    shown = photo
    found = {
        "8 bits": Made(lambda: written(pixels()), shown, 0),
        "8 bits, tiled": Made(lambda: written(pixels(), tile=(64, 48)), shown, 0),
        "8 bits, planar": Made(
            lambda: written(planes(pixels()), planarconfig="separate"), shown, 0
        ),
        "WebP inside": Made(lambda: written(pixels(), compression="webp"), shown, 4),
        "JPEG inside": Made(lambda: written(pixels(), compression="jpeg"), shown, 6),
        "JPEG inside, tiled": Made(
            lambda: written(pixels(), compression="jpeg", tile=(64, 48)), shown, 7
        ),
        "light of 32 bits (HDR)": Made(lambda: written(light()), exposed),
        "whole numbers of 32 bits": Made(
            lambda: written(pixels().astype(">u4") * 16843009), shown, 1
        ),
        "grey of 16 bits, white is 0": Made(
            lambda: written(65535 - wide(16)[..., 1], "miniswhite"), grey
        ),
        "grey of 12 bits": Made(
            lambda: written(wide(12)[..., 1], "minisblack", bitspersample=12), grey
        ),
        "grey of 64 bits of fractions": Made(
            lambda: written(fractions("f8")[..., 1], "minisblack"), grey
        ),
        "Lab of 8 bits": Made(lambda: written(lab(8), "cielab"), shown, 3),
        "Lab of 16 bits": Made(lambda: written(lab(16), "cielab"), shown, 3),
        "ICC Lab of 8 bits": Made(lambda: written(with_icclab(lab(8)), "icclab"), shown, 3),
        "ICC Lab of 16 bits": Made(lambda: written(with_icclab(lab(16)), "icclab"), shown, 3),
        "CMYK of 8 bits": Made(lambda: written(inks("u1"), "separated"), shown),
        "CMYK of 16 bits": Made(lambda: written(inks("u2"), "separated"), shown),
        "CMYK of 16 bits, planar": Made(
            lambda: written(planes(inks("u2")), "separated", planarconfig="separate"), shown
        ),
        "alpha": Made(lambda: written(with_alpha(), extrasamples=["unassalpha"]), on_white),
        "alpha, premultiplied": Made(
            lambda: written(with_alpha(128 / 255), extrasamples=["assocalpha"]), on_white, 2
        ),
        "alpha of 16 bits, planar": Made(
            lambda: written(
                planes(with_alpha().astype("u2") * 257),
                planarconfig="separate",
                extrasamples=["unassalpha"],
            ),
            on_white,
        ),
        "a fourth sample that is no alpha": Made(
            lambda: written(with_alpha(), extrasamples=["unspecified"]), shown, 0
        ),
        "palette of 16 bits": Made(partial(palette, 257), of_palette, 0),
        "palette of 8 bits": Made(partial(palette, 1), of_palette, 0),
        "a thumbnail first, then the picture": Made(
            partial(after_a_thumbnail, inside=False), shown, 0
        ),
        "the picture inside the thumbnail's directory": Made(
            partial(after_a_thumbnail, inside=True), shown, 0
        ),
        "several pages": Made(two_pages, shown, 0),
        "orientation as a byte": Made(partial(oriented_as, 1), turned, 0),
        "orientation as a short": Made(partial(oriented_as, 3), turned, 0),
        "orientation as a long": Made(partial(oriented_as, 4), turned, 0),
    }
    for order, name in (("<", "little"), (">", "big")):
        found |= {
            f"BigTIFF, {name} endian": Made(
                _lazily(pixels, bigtiff=True, byteorder=order), shown, 0
            ),
            f"16 bits, {name} endian": Made(_lazily(partial(wide, 16), byteorder=order), shown, 0),
            f"16 bits, planar, {name} endian": Made(
                _lazily(_in_planes(wide, 16), planarconfig="separate", byteorder=order), shown, 0
            ),
        }
        for kind, bits in (("f2", 16), ("f4", 32), ("f8", 64)):
            found[f"fractions of {bits} bits, {name} endian"] = Made(
                _lazily(partial(fractions, kind), byteorder=order), shown
            )
            found[f"fractions of {bits} bits, planar, {name} endian"] = Made(
                _lazily(_in_planes(fractions, kind), planarconfig="separate", byteorder=order),
                shown,
            )
    for bits in (2, 4, 6):
        found[f"{bits} bits"] = Made(partial(packed, bits), shown, 128 / ((1 << bits) - 1))
    for bits in (10, 12, 14):
        found[f"{bits} bits"] = Made(_lazily(partial(wide, bits), bitspersample=bits), shown)
    for name, codec in _CODECS.items():
        found[f"{name} of 8 bits"] = Made(_lazily(pixels, compression=codec), shown)
        found[f"{name} of 16 bits"] = Made(_lazily(partial(wide, 16), compression=codec), shown)
    return found


def _lazily(values: Callable[[], Values], **options: Any) -> Callable[[], bytes]:
    return lambda: written(values(), **options)


def _in_planes(values: Callable[..., Values], *arguments: Any) -> Callable[[], Values]:
    return lambda: planes(values(*arguments))
