"""What one decode of a file gives besides the model's pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace

from utils.metadata.photo_metadata import Metadata as Metadata


@dataclass(frozen=True, slots=True)
class Picture:
    """What one decode gives besides the model's pixels: stored by content, shared by copies.

    `thumbnail` is WebP. `phash` is a 64-bit perceptual hash. `pixel_source` says what was read:
    `image`, `preview` (embedded in a RAW) or `developed`. Sizes are as displayed.
    """

    format: str
    width_px: int
    height_px: int
    phash: int
    partial: bool
    pixel_source: str
    thumbnail: bytes


def placeholder_phash(sha256: bytes) -> int:
    """The `phash` of a picture that nobody has seen yet: like that of copies only."""
    return int.from_bytes(sha256[:8])


@dataclass(frozen=True, slots=True)
class DevelopedPreview:
    """What the inference service saw of a file that it developed: the same as in `Picture`."""

    thumbnail: bytes
    phash: int

    def of(self, picture: Picture) -> Picture:
        """The picture as it is known now."""
        return replace(picture, thumbnail=self.thumbnail, phash=self.phash)
