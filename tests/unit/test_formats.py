"""Formats are told by content; a name only breaks a tie within one maker's RAW families."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.picture_files import dng, encoded, scene, tiff_directory
from utils.contract import ErrorCode
from utils.imaging.decoding import ImageUnreadableError, open_upright
from utils.imaging.formats import Format, extension, has_image_extension, is_sidecar, sniff
from utils.imaging.header_size import header_size, is_progressive
from utils.imaging.pillow_setup import ready_pillow

SIZE = (96, 64)
RENDERED = [
    (Format.JPEG, "JPEG", {}),
    (Format.JPEG, "JPEG", {"progressive": True}),
    (Format.PNG, "PNG", {}),
    (Format.WEBP, "WEBP", {}),
    (Format.WEBP, "WEBP", {"lossless": True}),
    (Format.WEBP, "WEBP", {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0"}),
    (Format.TIFF, "TIFF", {}),
    (Format.TIFF, "TIFF", {"big_tiff": True}),
    (Format.GIF, "GIF", {}),
    (Format.BMP, "BMP", {}),
    (Format.PPM, "PPM", {}),
    (Format.HEIC, "HEIF", {}),
    (Format.AVIF, "AVIF", {}),
    (Format.JXL, "JXL", {}),
    (Format.JPEG_2000, "JPEG2000", {}),
    (Format.JPEG_2000, "JPEG2000", {"no_jp2": True}),
]


@pytest.mark.parametrize(("known", "name", "options"), RENDERED)
def test_a_picture_is_known_by_its_content_and_its_header_tells_its_size(
    known: Format, name: str, options: dict[str, object]
) -> None:
    ready_pillow()
    data = encoded(scene(*SIZE), name, **options)
    assert sniff(data) is known
    assert header_size(data, known) == SIZE


@pytest.mark.parametrize("hint", ["", "jpg", "nef"])
def test_a_dng_is_a_dng_whatever_it_is_called(hint: str) -> None:
    assert sniff(dng(scene(*SIZE)), hint=hint) is Format.DNG


@pytest.mark.parametrize("photometric", [32803, 34892])
def test_a_dng_may_be_linear_or_lossy(photometric: int) -> None:
    lossy: dict[int, bytes | int] = {
        50706: 0x00000401,
        259: 34892,
        262: photometric,
        271: b"NIKON CORPORATION",
    }
    assert sniff(tiff_directory(lossy), hint="nef") is Format.DNG


@pytest.mark.parametrize(
    ("make", "hint", "known"),
    [
        (b"NIKON CORPORATION", "nef", Format.NEF),
        (b"NIKON CORPORATION", "nrw", Format.NRW),
        (b"NIKON CORPORATION", "cr2", Format.NEF),
        (b"SONY", "sr2", Format.SR2),
        (b"Hasselblad", "3fr", Format.HASSELBLAD_3FR),
        (b"Hasselblad", "fff", Format.FFF),
        (b"EASTMAN KODAK COMPANY", "kdc", Format.KDC),
        (b"EASTMAN KODAK COMPANY", "dcr", Format.DCR),
    ],
)
def test_a_name_tells_a_makers_families_apart_and_nothing_else(
    make: bytes, hint: str, known: Format
) -> None:
    assert sniff(tiff_directory({262: 32803, 271: make}), hint=hint) is known


def test_a_tiff_that_a_cameras_maker_wrote_is_a_tiff() -> None:
    rendered = tiff_directory({262: 2, 271: b"NIKON CORPORATION"})
    assert sniff(rendered, hint="tif") is Format.TIFF
    assert sniff(tiff_directory({262: 2}), hint="nef") is Format.TIFF


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"\xff",
        b"BM is how this text begins, and it goes on",
        b"P5 is a process, not a picture",
        b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2avc1mp41" + bytes(64),
        b"RIFF\0\0\0\0WAVEfmt ",
        b"%PDF-1.7",
        bytes(4096),
    ],
)
def test_what_is_no_image_is_none(header: bytes) -> None:
    assert sniff(header, hint="jpg") is None


def test_sidecars_are_never_images_and_names_need_not_be_utf8() -> None:
    assert is_sidecar(b"a/IMG_1.THM")
    assert is_sidecar("IMG_1.xmp")
    assert extension(b"caf\xe9.JPG") == "jpg"
    assert has_image_extension(b"\xff\xfe.NEF")
    assert not has_image_extension(b".jpg")
    assert not has_image_extension(b"folder.jpg/readme")


def test_a_progressive_jpeg_is_told_from_a_plain_one() -> None:
    assert is_progressive(encoded(scene(), progressive=True))
    assert not is_progressive(encoded(scene()))


@given(st.binary(max_size=512), st.sampled_from([b"", b"II*\0", b"MM\0*", b"IIU\0", b"\xff\xd8"]))
def test_any_bytes_get_a_verdict(tail: bytes, start: bytes) -> None:
    known = sniff(start + tail)
    if known is not None:
        header_size(start + tail, known)


@pytest.mark.parametrize(("known", "name", "options"), RENDERED)
def test_a_header_that_promises_too_many_pixels_is_refused_before_decoding(
    known: Format, name: str, options: dict[str, object]
) -> None:
    ready_pillow()
    data = encoded(Image.new("RGB", SIZE), name, **options)
    with pytest.raises(ImageUnreadableError) as caught:
        open_upright(data, min_side_px=32, max_pixels=SIZE[0] * SIZE[1] - 1)
    assert caught.value.code is ErrorCode.IMAGE_TOO_LARGE


@cache
def variety() -> list[tuple[str, bytes, Format]]:
    """Every kind of pixel that a format may hold, by a name for it."""
    ready_pillow()
    picture = scene(96, 64)
    several = {"save_all": True, "append_images": [scene(96, 64, seed=1)]}
    deep = Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)
    made: list[tuple[Format, str, Image.Image, dict[str, Any]]] = [
        (Format.JPEG, "JPEG", picture.convert("L"), {}),
        (Format.JPEG, "JPEG", picture.convert("CMYK"), {}),
        (Format.JPEG, "JPEG", picture, {"progressive": True, "optimize": True}),
        *((Format.PNG, "PNG", picture.convert(mode), {}) for mode in PNG_MODES),
        (Format.PNG, "PNG", deep, {}),
        (Format.PNG, "PNG", picture.convert("P"), {"transparency": 3}),
        (Format.PNG, "PNG", picture, several),
        *((Format.TIFF, "TIFF", picture.convert(mode), {}) for mode in TIFF_MODES),
        (Format.TIFF, "TIFF", deep, {}),
        (Format.TIFF, "TIFF", picture, several),
        (Format.TIFF, "TIFF", picture, {"big_tiff": True}),
        *((Format.TIFF, "TIFF", picture, {"compression": how}) for how in TIFF_COMPRESSIONS),
        (Format.TIFF, "TIFF", picture.convert("1"), {"compression": "group4"}),
        (Format.GIF, "GIF", picture, several),
        (Format.GIF, "GIF", picture.convert("L"), {}),
        (Format.WEBP, "WEBP", picture, several),
        (Format.WEBP, "WEBP", picture.convert("RGBA"), {"lossless": True}),
        (Format.BMP, "BMP", picture.convert("L"), {}),
        (Format.BMP, "BMP", picture.convert("1"), {}),
        *((Format.PPM, "PPM", picture.convert(mode), {}) for mode in ("1", "L", "RGB")),
        (Format.PPM, "PPM", deep, {}),
        (Format.HEIC, "HEIF", picture.convert("RGBA"), {}),
        (Format.HEIC, "HEIF", picture.convert("L"), {}),
        (Format.HEIC, "HEIF", picture, several),
        (Format.AVIF, "AVIF", picture.convert("RGBA"), {}),
        (Format.AVIF, "AVIF", picture, several),
        (Format.JXL, "JXL", picture.convert("RGBA"), {}),
        (Format.JXL, "JXL", picture.convert("L"), {}),
    ]
    return [
        (f"{name}-{image.mode}-{'-'.join(map(str, options))}", encoded(image, name, **options), is_)
        for is_, name, image, options in made
    ]


PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGBA")
TIFF_MODES = ("1", "L", "P", "RGB", "RGBA", "CMYK", "LAB", "YCbCr", "F", "I")
TIFF_COMPRESSIONS = ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "zstd", "lzma")


@pytest.mark.parametrize("hint", ["jpg", "png", "nef", "txt", ""])
def test_a_name_changes_nothing_of_what_a_picture_is(hint: str) -> None:
    assert {name: sniff(data, hint=hint) for name, data, _ in variety()} == {
        name: known for name, _, known in variety()
    }


def test_every_kind_of_pixel_is_the_same_picture() -> None:
    """The first page, the first frame, whatever the channels and the compression."""
    picture = scene(96, 64)
    as_meant = [coarse(one) for one in (picture, picture.convert("L").convert("RGB"))]
    for name, data, known in variety():
        decoded = open_upright(data, min_side_px=10_000, max_pixels=10**6)
        assert (decoded.format, decoded.size, decoded.partial) == (known, SIZE, False), name
        apart = min(np.abs(coarse(decoded.image) - one).mean() for one in as_meant)
        assert apart < 6, (name, apart)


def coarse(image: Image.Image) -> npt.NDArray[np.float32]:
    """In blocks of 8 pixels: dithering and the codecs' losses cancel out."""
    return np.asarray(image.reduce(8), np.float32)
