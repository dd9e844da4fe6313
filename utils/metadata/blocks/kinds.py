"""What a block of metadata may be, and how much of one is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal[
    "exif",  # a TIFF structure, from its byte order on
    "xmp",
    "photoshop",  # image resources, one of which may be IPTC
    "iptc",
    "ciff",  # Canon's heaps, of old PowerShots
    "picture_info",  # lines of text, of old Olympus and Agfa cameras
    "casio_qvci",
    "x3f",  # Sigma's properties
    "png_text",  # keyword, NUL, value
    "png_time",
]
Found: TypeAlias = Iterator[tuple[Kind, bytes]]

MAX_CHUNKS = 10_000
MAX_BLOCK_BYTES = 4 * 1024 * 1024
