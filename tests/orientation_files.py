"""One picture in the eight ways in which a camera may store it, in each format that can say so."""

from __future__ import annotations

from functools import cache

from PIL import Image

from tests.picture_files import dng, encoded, exif_with, scene
from utils.imaging.opening import oriented
from utils.imaging.pillow_setup import ready_pillow

_UNDONE_BY = {5: 5, 6: 8, 7: 7, 8: 6}
# JPEG XL says it in its codestream, which the plugin does not write: see test_jpeg_xl.
LOSSLESS: dict[str, dict[str, object]] = {
    "PNG": {"compress_level": 1},
    "TIFF": {},
    "WEBP": {"lossless": True},
}
LOSSY: dict[str, dict[str, object]] = {
    "JPEG": {"quality": 92},
    "HEIF": {"quality": 90},  # says it with irot and imir
    "AVIF": {"quality": 90},  # as HEIF
}


def stored(shown: Image.Image, turn: int) -> Image.Image:
    """What turns into `shown` when it is displayed as EXIF's orientation `turn` says."""
    return oriented(shown, _UNDONE_BY.get(turn, turn))


SHOWN = scene(480, 336)


@cache
def variants(name: str) -> list[bytes]:
    """The eight files of `SHOWN`, by their orientation from 1."""
    ready_pillow()
    options = LOSSLESS.get(name) or LOSSY.get(name) or {}
    return [
        encoded(stored(SHOWN, turn), name, exif=exif_with(orientation=turn), **options)
        for turn in range(1, 9)
    ]


def raw_variants(*, preview: bool) -> list[bytes]:
    """The eight DNG; the preview lies as the sensor does, as in most cameras."""
    return [dng(stored(SHOWN, t), preview=preview, orientation=t) for t in range(1, 9)]
