"""How much memory a file will take from its reading to its upload."""

from __future__ import annotations

from utils.imaging.formats import Format
from utils.imaging.header_size import header_size, is_progressive

_BYTES_PER_PIXEL = 4  # Pillow pads RGB
_COEFFICIENT_BYTES = 3  # a pixel of a progressive JPEG while it is decoded: 1.5 of 2 bytes
_UNKNOWN_FACTOR = 12  # of a compressed photograph whose header does not tell
_FIXED_BYTES = 2 * 1024 * 1024  # scaled copies, the upload, the thumbnail


def need_bytes(header: bytes, known: Format, *, size_bytes: int, min_side_px: int) -> int:
    """The file's bytes, the decoded pixels and what is made of them.

    Of a RAW only the preview's pixels are ever held.
    """
    if known.is_raw:
        return _FIXED_BYTES + 16 * min_side_px * min_side_px
    size = header_size(header, known)
    if size is None:
        return size_bytes * _UNKNOWN_FACTOR + _FIXED_BYTES
    width, height = size
    if known is not Format.JPEG:
        return size_bytes + 2 * _BYTES_PER_PIXEL * width * height + _FIXED_BYTES
    factor = next((f for f in (8, 4, 2) if min(size) // f >= min_side_px), 1)
    pixels = _BYTES_PER_PIXEL * (width // factor + 1) * (height // factor + 1)
    whole = _COEFFICIENT_BYTES * width * height if is_progressive(header) else 0
    return size_bytes + 2 * pixels + whole + _FIXED_BYTES
