"""Of each format the kinds that tests make and read: what `docs/formats.md` says is read."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from io import BytesIO
from typing import Any

import imagecodecs
import numpy as np
import pillow_heif
from PIL import Image

from tests.conformance.pictures import bmp_files
from tests.conformance.pictures.bmp_files import Bmp, of_palette, run_lengths, true_colour
from tests.conformance.pictures.made import Made
from tests.conformance.pictures.tiff_kinds import tiffs
from tests.jxl_files import Layer, jxl_of_jpeg, jxl_of_layers
from tests.picture_files import dng, encoded, exif_with, scene
from utils.imaging.formats import Format
from utils.imaging.pillow_setup import ready_pillow

_BGR = (0xFF0000, 0xFF00, 0xFF)
_FIVE_SIX_FIVE = (0xF800, 0x7E0, 0x1F)


@cache
def photo() -> Image.Image:
    return scene(160, 120)


def grey() -> Image.Image:
    return photo().convert("L").convert("RGB")


def turned() -> Image.Image:
    return photo().transpose(Image.Transpose.ROTATE_270)


def few() -> Image.Image:
    return photo().quantize(100).convert("RGB")


def bilevel() -> Image.Image:
    return photo().convert("1").convert("RGB")


def on_white() -> Image.Image:
    return Image.blend(Image.new("RGB", photo().size, "white"), photo(), 128 / 255)


def half_seen() -> Image.Image:
    picture = photo().copy()
    picture.putalpha(128)
    return picture


def kinds() -> dict[Format, dict[str, Made]]:
    ready_pillow()
    return {
        Format.JPEG: _jpegs(),
        Format.PNG: _pngs(),
        Format.WEBP: _webps(),
        Format.TIFF: tiffs(),
        Format.GIF: _gifs(),
        Format.BMP: _bmps(),
        Format.PPM: _ppms(),
        Format.HEIC: _heics(),
        Format.AVIF: _avifs(),
        Format.JXL: _jxls(),
        Format.JPEG_2000: _jpeg_2000s(),
        Format.DNG: _dngs(),
    }


def _saved(
    picture: Callable[[], Image.Image], name: str, mode: str = "RGB", **options: Any
) -> Callable[[], bytes]:
    def make() -> bytes:
        image = picture()
        return encoded(image if image.mode == mode else image.convert(mode), name, **options)

    return make


def _jpegs() -> dict[str, Made]:
    fine: dict[str, Any] = {"quality": 95, "subsampling": 0}
    exif = exif_with(orientation=6)
    return {
        "baseline": Made(_saved(photo, "JPEG", **fine), photo, 3),
        "progressive": Made(_saved(photo, "JPEG", progressive=True, **fine), photo, 3),
        "colour at half size": Made(_saved(photo, "JPEG", quality=95), photo, 4),
        "grey": Made(_saved(photo, "JPEG", "L", **fine), grey, 3),
        "CMYK": Made(_saved(photo, "JPEG", "CMYK", **fine), photo, 4),
        "RGB": Made(_saved(photo, "JPEG", keep_rgb=True, **fine), photo, 3),
        "restart marks": Made(_saved(photo, "JPEG", restart_marker_rows=1, **fine), photo, 3),
        "turned by EXIF": Made(_saved(photo, "JPEG", exif=exif, **fine), turned, 3),
    }


def _pngs() -> dict[str, Made]:
    return {
        "8 bits": Made(_saved(photo, "PNG"), photo, 0),
        "16 bits": Made(_wide_png, photo, 0),
        "grey": Made(_saved(photo, "PNG", "L"), grey, 0),
        "grey of 16 bits": Made(_wide_grey_png, grey, 1),
        "1 bit": Made(_saved(photo, "PNG", "1"), bilevel, 0),
        "palette": Made(lambda: encoded(photo().quantize(100), "PNG"), few, 0),
        "palette of 4 bits": Made(
            lambda: encoded(photo().quantize(16), "PNG", bits=4),
            lambda: photo().quantize(16).convert("RGB"),
            0,
        ),
        "alpha": Made(_saved(half_seen, "PNG", "RGBA"), on_white),
        "grey and alpha": Made(_saved(grey, "PNG", "LA"), grey, 0),
        "turned by eXIf": Made(_saved(photo, "PNG", exif=exif_with(orientation=6)), turned, 0),
        "animated (the first picture)": Made(_several("PNG"), photo, 0),
    }


def _wide_png() -> bytes:
    return bytes(imagecodecs.png_encode(np.asarray(photo()).astype(np.uint16) * 257))


def _wide_grey_png() -> bytes:
    values = np.asarray(photo().convert("L")).astype(np.uint16) * 257
    return encoded(Image.fromarray(values), "PNG")


def _several(name: str, **options: Any) -> Callable[[], bytes]:
    other = scene(160, 120, seed=1).transpose(Image.Transpose.ROTATE_180)
    return _saved(photo, name, save_all=True, append_images=[other], **options)


def _webps() -> dict[str, Made]:
    return {
        "lossy": Made(_saved(photo, "WEBP", quality=95), photo, 4),
        "lossless": Made(_saved(photo, "WEBP", lossless=True), photo, 0),
        "alpha": Made(_saved(half_seen, "WEBP", "RGBA", lossless=True), on_white),
        "animated (the first picture)": Made(_several("WEBP", lossless=True), photo, 0),
        "turned by EXIF": Made(
            _saved(photo, "WEBP", lossless=True, exif=exif_with(orientation=6)), turned, 0
        ),
    }


def _gifs() -> dict[str, Made]:
    def palette() -> Image.Image:
        return photo().quantize(100)

    return {
        "palette": Made(lambda: encoded(palette(), "GIF"), few, 0),
        "interlaced": Made(lambda: encoded(palette(), "GIF", interlace=True), few, 0),
        "animated (the first picture)": Made(
            lambda: encoded(
                palette(), "GIF", save_all=True, append_images=[scene(160, 120, seed=1)]
            ),
            few,
            0,
        ),
    }


def _bmps() -> dict[str, Made]:
    shown = bmp_files.photo
    found = {
        "24 bits": Made(partial(true_colour, Bmp(24), _BGR), shown, 0),
        "32 bits": Made(partial(true_colour, Bmp(32), _BGR), shown, 0),
        "top-down": Made(partial(true_colour, Bmp(24, is_top_down=True), _BGR), shown, 0),
        "16 bits, any bit fields": Made(
            partial(true_colour, Bmp(16, compression=3, masks=_FIVE_SIX_FIVE), _FIVE_SIX_FIVE),
            shown,
            3,
        ),
        "OS/2": Made(partial(true_colour, Bmp(24, header=12), _BGR), shown, 0),
        "without a file header (DIB)": Made(
            partial(true_colour, Bmp(24, is_bare=True), _BGR), shown, 0
        ),
        "run lengths of 8 bits": Made(
            partial(run_lengths, Bmp(8, compression=1), 200), partial(bmp_files.few_shown, 200), 0
        ),
        "run lengths of 4 bits": Made(
            partial(run_lengths, Bmp(4, compression=2), 16), partial(bmp_files.few_shown, 16), 0
        ),
    }
    for bits in (1, 2, 4, 8):
        colours = min(200, 1 << bits)
        found[f"palette of {bits} bits"] = Made(
            partial(of_palette, Bmp(bits), colours), partial(bmp_files.few_shown, colours), 0
        )
    return found


def _ppms() -> dict[str, Made]:
    deep = np.asarray(photo()).astype(">u2") * 257
    text = " ".join(map(str, np.asarray(photo()).reshape(-1)))
    return {
        "PPM": Made(_saved(photo, "PPM"), photo, 0),
        "PPM of 16 bits": Made(lambda: b"P6 160 120 65535\n" + deep.tobytes(), photo, 1),
        "PPM as text": Made(lambda: b"P3 160 120 255\n" + text.encode(), photo, 0),
        "PGM": Made(_saved(photo, "PPM", "L"), grey, 0),
        "PBM": Made(_saved(photo, "PPM", "1"), bilevel, 0),
    }


def _heics() -> dict[str, Made]:
    return {
        "8 bits": Made(_saved(photo, "HEIF", quality=95, chroma=444), photo, 4),
        "10 bits": Made(partial(_deep_heif, 10), photo, 4),
        "12 bits": Made(partial(_deep_heif, 12), photo, 4),
        "alpha": Made(_saved(half_seen, "HEIF", "RGBA", quality=95, chroma=444), on_white, 4),
        "turned": Made(
            _saved(photo, "HEIF", quality=95, chroma=444, exif=exif_with(orientation=6)), turned, 4
        ),
    }


def _deep_heif(bits: int) -> bytes:
    """libheif is given 16 bits, and keeps as many as it is told."""
    deep = np.asarray(photo()).astype(np.uint16) * 257
    made = pillow_heif.from_bytes("RGB;16", photo().size, deep.tobytes())
    depth = pillow_heif.options.SAVE_HDR_TO_12_BIT
    pillow_heif.options.SAVE_HDR_TO_12_BIT = bits == 12
    try:
        file = BytesIO()
        made.save(file, quality=95, chroma=444)
        return file.getvalue()
    finally:
        pillow_heif.options.SAVE_HDR_TO_12_BIT = depth


def _avifs() -> dict[str, Made]:
    def deep(bits: int) -> bytes:
        values = np.asarray(photo()).astype(np.uint16) << (bits - 8)
        return bytes(
            imagecodecs.avif_encode(values, level=95, bitspersample=bits, pixelformat="444")
        )

    fine: dict[str, Any] = {"quality": 95, "subsampling": "4:4:4"}
    return {
        "8 bits": Made(_saved(photo, "AVIF", **fine), photo, 4),
        "10 bits": Made(partial(deep, 10), photo, 4),
        "12 bits": Made(partial(deep, 12), photo, 4),
        "alpha": Made(_saved(half_seen, "AVIF", "RGBA", **fine), on_white, 4),
        "several pictures (the first)": Made(_several("AVIF", **fine), photo, 4),
        "turned": Made(_saved(photo, "AVIF", exif=exif_with(orientation=6), **fine), turned, 4),
    }


def _jxls() -> dict[str, Made]:
    return {
        "lossless": Made(_saved(photo, "JXL", lossless=True), photo, 0),
        "lossy": Made(_saved(photo, "JXL", quality=95), photo, 4),
        "grey": Made(_saved(photo, "JXL", "L", lossless=True), grey, 0),
        "alpha": Made(_saved(half_seen, "JXL", "RGBA", lossless=True), on_white),
        "of a JPEG, edited since": Made(_jxl_of_edited_jpeg, photo, 4),
        "animated (the first picture)": Made(
            lambda: jxl_of_layers([Layer(np.asarray(photo()))] * 2, animated=True), photo, 0
        ),
        "turned": Made(
            lambda: jxl_of_layers([Layer(np.asarray(photo()))], orientation=6), turned, 0
        ),
    }


def _jxl_of_edited_jpeg() -> bytes:
    return jxl_of_jpeg(encoded(photo(), quality=95, exif=exif_with(make="M")), edited=True)


def _jpeg_2000s() -> dict[str, Made]:
    def deep(bits: int) -> bytes:
        values = np.asarray(photo()).astype(np.float64) / 255 * ((1 << bits) - 1)
        whole = np.rint(values).astype(np.uint16)
        return bytes(imagecodecs.jpeg2k_encode(whole, level=0, bitspersample=bits))

    return {
        "JP2": Made(_saved(photo, "JPEG2000"), photo, 0),
        "bare": Made(_saved(photo, "JPEG2000", no_jp2=True), photo, 0),
        "lossy": Made(_saved(photo, "JPEG2000", irreversible=True, quality_layers=[3]), photo, 4),
        "tiled": Made(_saved(photo, "JPEG2000", tile_size=(64, 48)), photo, 0),
        "grey": Made(_saved(photo, "JPEG2000", "L"), grey, 0),
        "alpha": Made(_saved(half_seen, "JPEG2000", "RGBA"), on_white),
        "12 bits": Made(partial(deep, 12), photo),
        "16 bits": Made(partial(deep, 16), photo),
    }


def _dngs() -> dict[str, Made]:
    return {
        "preview inside": Made(lambda: dng(scene(640, 480)), lambda: scene(640, 480), 12),
        "turned": Made(
            lambda: dng(scene(640, 480), orientation=6),
            lambda: scene(640, 480).transpose(Image.Transpose.ROTATE_270),
            12,
        ),
    }
