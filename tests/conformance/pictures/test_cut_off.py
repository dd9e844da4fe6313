"""Of a file that is cut off its owner reads that it is, whatever the format."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PIL import Image

from tests.opened_pictures import opened
from tests.picture_files import encoded, scene
from utils.containers.iso_boxes import boxes
from utils.contract import ErrorCode
from utils.imaging.decoding import ImageUnreadableError
from utils.imaging.faults.ends import said_end
from utils.imaging.formats import Format


def photo() -> Image.Image:
    return scene(161, 123)


def with_open_end(data: bytes) -> bytes:
    """Its last box goes on to the end of the file, as some encoders write it."""
    last = list(boxes(data))[-1]
    assert last.kind == b"mdat"
    return data[: last.start - 8] + bytes(4) + data[last.start - 4 :]


FILES: dict[str, Callable[[], bytes]] = {
    "PNG": lambda: encoded(photo(), "PNG"),
    "WebP": lambda: encoded(photo(), "WEBP", lossless=True),
    "TIFF, its directory last": lambda: encoded(photo(), "TIFF", compression="tiff_lzw"),
    "BigTIFF, its directory last": lambda: encoded(
        photo(), "TIFF", compression="tiff_lzw", big_tiff=True
    ),
    "GIF": lambda: encoded(photo().quantize(64), "GIF"),
    "GIF, interlaced": lambda: encoded(photo().quantize(64), "GIF", interlace=1),
    "PPM": lambda: encoded(photo(), "PPM"),
    "PGM": lambda: encoded(photo().convert("L"), "PPM"),
    "PGM of 16 bits": lambda: encoded(photo().convert("L").convert("I;16"), "PPM"),
    "PBM": lambda: encoded(photo().convert("1"), "PPM"),
    "JP2": lambda: encoded(photo(), "JPEG2000"),
    "bare JPEG 2000": lambda: encoded(photo(), "JPEG2000", no_jp2=True),
    "HEIC": lambda: encoded(photo(), "HEIF"),
    "HEIC, open end": lambda: with_open_end(encoded(photo(), "HEIF")),
    "AVIF": lambda: encoded(photo(), "AVIF"),
    "AVIF, open end": lambda: with_open_end(encoded(photo(), "AVIF")),
}


@pytest.mark.parametrize("share", [0.5, 0.7])
@pytest.mark.parametrize("name", FILES)
def test_its_owner_is_told(name: str, share: float) -> None:
    data = FILES[name]()
    opened(data)
    with pytest.raises(ImageUnreadableError, match="the file is cut off: it ends after") as caught:
        opened(data[: int(len(data) * share)])
    assert caught.value.code is ErrorCode.DECODING_IMAGE


@pytest.mark.parametrize("head", [b"P5%s4 4 255 ", b"P5 4 4%s255 "])
def test_the_end_of_a_ppm_is_not_looked_for_behind_gaps_without_end(head: bytes) -> None:
    assert said_end(head % b" ", Format.PPM) == len(head % b" ") + 16
    assert said_end(head % (b" " * 2000), Format.PPM) is None


def test_a_file_of_zeros_is_damaged_not_of_another_kind() -> None:
    for data in (bytes(5000), bytes(512) + b"later"):
        with pytest.raises(ImageUnreadableError, match="nothing but zeros") as caught:
            opened(data)
        assert caught.value.code is ErrorCode.DECODING_IMAGE
    with pytest.raises(ImageUnreadableError, match="or its beginning is damaged") as caught:
        opened(bytes(511))
    assert caught.value.code is ErrorCode.FORMAT_UNSUPPORTED


def test_a_png_that_was_never_written_on_is_told_so() -> None:
    data = encoded(photo(), "PNG")
    with pytest.raises(ImageUnreadableError, match="the file is empty from 33 bytes on"):
        opened(data[:33] + bytes(9010))
