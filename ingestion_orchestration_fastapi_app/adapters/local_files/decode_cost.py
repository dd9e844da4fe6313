"""How much memory a file will take from its reading to its upload."""

from __future__ import annotations

from dataclasses import dataclass

from utils.imaging.formats import Format
from utils.imaging.header_size import header_size, is_progressive

_BYTES_PER_PIXEL = 4  # Pillow pads RGB
_COEFFICIENT_BYTES = 3  # a pixel of a progressive JPEG while it is decoded: 1.5 of 2 bytes
_UNKNOWN_FACTOR = 12  # of a compressed photograph whose header does not tell
_MADE_BYTES = 10  # scaled copies, the upload, the thumbnail: 2 MB at a side of 448
_PREVIEW_BYTES = 16  # of a RAW only the preview's pixels are ever held


@dataclass(frozen=True, slots=True)
class DecodeCost:
    """What the header tells. `size` is None where it does not."""

    format: Format
    file_bytes: int
    size: tuple[int, int] | None
    is_progressive: bool

    def need_bytes(self, *, min_side_px: int) -> int:
        """The file's bytes, the pixels at which it is decoded and what is made of them.

        `min_side_px` is the side below which the decoder does not scale.
        """
        made = _MADE_BYTES * min_side_px * min_side_px
        if self.format.is_raw:
            return made + _PREVIEW_BYTES * min_side_px * min_side_px
        if self.size is None:
            return made + self.file_bytes * _UNKNOWN_FACTOR
        width, height = self.size
        if self.format is not Format.JPEG:
            return made + self.file_bytes + 2 * _BYTES_PER_PIXEL * width * height
        factor = next((f for f in (8, 4, 2) if min(self.size) // f >= min_side_px), 1)
        pixels = _BYTES_PER_PIXEL * (width // factor + 1) * (height // factor + 1)
        whole = _COEFFICIENT_BYTES * width * height if self.is_progressive else 0
        return made + self.file_bytes + 2 * pixels + whole


def decode_cost(header: bytes, known: Format, *, file_bytes: int) -> DecodeCost:
    is_jpeg = known is Format.JPEG
    size = None if known.is_raw else header_size(header, known)
    return DecodeCost(known, file_bytes, size, is_jpeg and is_progressive(header))
