"""What is fuzzed, with what it must never do: raise anything but its own error, or take long."""

from __future__ import annotations

import time
from collections.abc import Callable

from structlog.testing import capture_logs

from tests.picture_files import dng, encoded, exif_with, scene
from tests.poison_makers import MAGICS, cyclic_exif, tiff_loop, tiff_nested
from tests.profiles import DISPLAY_P3, rgb_profile
from utils.contract import ClipUpload
from utils.formats import sniff
from utils.image_decoding import ImageUnreadableError, decode_for_clip
from utils.metadata_extractor import extract_metadata
from utils.pillow_setup import ready_pillow

LIMIT_S = 5.0
_UPLOAD = ClipUpload(side_px=32, crop="center")
_XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf'
    b'-syntax-ns#"><rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/>'
    b"</rdf:RDF></x:xmpmeta>"
)


def open_image(data: bytes) -> None:
    try:
        decode_for_clip(data, _UPLOAD, max_pixels=1_000_000)
    except ImageUnreadableError as exc:
        assert exc.detail  # noqa: PT017  # a code and a reason, or a picture


def read_metadata(data: bytes) -> None:
    known = sniff(data)
    if known is not None:
        with capture_logs() as said:  # it never fails: what it could not read it logs
            extract_metadata(data, known, sidecars=[data[:4096]])
        assert not said


TARGETS: dict[str, Callable[[bytes], None]] = {"opener": open_image, "metadata": read_metadata}


def in_time(target: Callable[[bytes], None], data: bytes) -> None:
    started_s = time.perf_counter()
    target(data)
    assert time.perf_counter() - started_s < LIMIT_S


def seeds() -> list[bytes]:
    """Small files of every format, with all that a reader may look at."""
    ready_pillow()
    picture = scene(40, 32)
    exif = exif_with(orientation=6, make="Maker", model="Model")
    icc = rgb_profile(DISPLAY_P3, None)
    several = {"save_all": True, "append_images": [scene(40, 32, seed=1)]}
    return [
        encoded(picture, exif=exif, icc_profile=icc, xmp=_XMP),
        encoded(picture, progressive=True, exif=exif),
        encoded(picture, "PNG", exif=exif, icc_profile=icc),
        encoded(picture, "WEBP", exif=exif, icc_profile=icc, xmp=_XMP),
        encoded(picture, "TIFF", exif=exif, compression="tiff_lzw"),
        encoded(picture, "TIFF", **several),
        encoded(picture, "GIF", **several),
        encoded(picture, "BMP"),
        encoded(picture, "PPM"),
        encoded(picture, "HEIF", exif=exif),
        encoded(picture, "AVIF", exif=exif),
        encoded(picture, "JXL", exif=exif),
        dng(picture, preview=True),
        cyclic_exif(),
        tiff_loop(),
        tiff_nested(9),
        *(magic + bytes(64) for magic in MAGICS.values()),
    ]
