"""JPEG files that end too early: how many rows can be read, and the picture that they give."""

from __future__ import annotations

import contextlib
from io import BytesIO

import numpy as np
from PIL import Image, JpegImagePlugin

from utils.containers.jpeg_segments import FRAMES, START_OF_SCAN, scan_segments
from utils.imaging.faults.damage import DamagedError

MIN_READABLE = 0.8  # of the rows
_GREY = 128
_HOLE = bytes(512)  # disks and downloads leave out whole sectors
_END = b"\xff\xd9"
_PROGRESSIVE = 0xC2


def open_damaged(data: bytes, min_side_px: int) -> tuple[Image.Image, bool]:
    """The picture, grey where rows are missing, scaled as `draft` would; and whether any are.

    `data` is what `jpeg_stream` gives.

    Raises:
        DamagedError: fewer than 80 % of the rows can be read.
    """
    scans = _whole_coarse_scan(data)
    if scans:
        # Progressive: every row is there, only its finest detail is not.
        with JpegImagePlugin.JpegImageFile(BytesIO(data[:scans] + _END)) as image:
            image.draft(None, (min_side_px, min_side_px))
            image.load()
            return image.copy(), True
    data = _before_a_hole(data)
    dark, icc = _as_far_as_it_goes(data, min_side_px, fill=0)
    light, _ = _as_far_as_it_goes(data, min_side_px, fill=255)
    rows = _equal_rows(dark, light)
    if rows < MIN_READABLE * dark.height:
        raise DamagedError(
            f"the JPEG is damaged: {rows * 100 // dark.height} % of its rows are readable"
        )
    grey = Image.new(dark.mode, (dark.width, dark.height - rows), (_GREY,) * len(dark.getbands()))
    dark.paste(grey, (0, rows))
    if icc:
        dark.info["icc_profile"] = icc
    return dark, rows < dark.height


def _before_a_hole(data: bytes) -> bytes:
    """The data before a block that was never written: its zeros would decode to garbage."""
    start = data.find(b"\xff\xda")
    hole = data.find(_HOLE, start)
    return data if start < 0 or hole < 0 else data[:hole]


def _as_far_as_it_goes(
    data: bytes, min_side_px: int, *, fill: int
) -> tuple[Image.Image, bytes | None]:
    """libjpeg leaves rows that it never reached as they were: filled with `fill`."""
    with JpegImagePlugin.JpegImageFile(BytesIO(data)) as image:
        image.draft(None, (min_side_px, min_side_px))
        bands = len(Image.new(image.mode, (1, 1)).getbands())
        canvas = Image.new(image.mode, image.size, (fill,) * bands)
        image.im = canvas.im
        with contextlib.suppress(OSError):
            image.load()
        return canvas, image.info.get("icc_profile")


def _equal_rows(one: Image.Image, other: Image.Image) -> int:
    """How many rows from the top are the same in both."""
    first, second = (np.asarray(image).reshape(image.height, -1) for image in (one, other))
    differs = (first != second).any(axis=1)
    return int(differs.argmax()) if differs.any() else one.height


def _whole_coarse_scan(data: bytes) -> int:
    """Where the data of a progressive JPEG ends that shows the whole picture, if coarsely.

    0 if that is not there: a first scan of each component, and the beginning of one more. A header
    that is cut off is left out.
    """
    components = 0
    coarse: set[int] = set()
    refined = False
    position = 2
    for marker, start, end in scan_segments(data):
        content_bytes = int.from_bytes(data[start + 2 : start + 4]) - 2
        body = data[start + 4 : start + 4 + content_bytes]
        if start != position or not 0 < content_bytes == len(body):
            break
        if marker in FRAMES:
            if marker != _PROGRESSIVE:
                return 0
            components = body[5]
        elif marker == START_OF_SCAN:
            refined = refined or 0 < components <= len(coarse)
            if body[2 * body[0] + 1] == 0:
                coarse.update(body[1 : 1 + 2 * body[0] : 2])
        position = end
    return position if refined else 0
