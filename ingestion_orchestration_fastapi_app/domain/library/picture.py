"""What one decode of a file gives besides the model's pixels."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

PLACEHOLDER_VERSION = 1  # raise it whenever `utils.imaging.thumbnail` would make another one


@dataclass(frozen=True, slots=True)
class Picture:
    """What one decode gives besides the model's pixels: stored by content, shared by copies.

    `thumbnail` is WebP. `phash` is a 64-bit perceptual hash. `pixel_source` says what was read:
    `image`, `preview` (embedded in a RAW) or `developed`. Sizes are as displayed. `placeholder` is
    what `utils.imaging.thumbnail.placeholder_pixels` makes: None where it was not made with the
    picture, as of one that comes from the cache.
    """

    format: str
    width_px: int
    height_px: int
    phash: int
    partial: bool
    pixel_source: str
    thumbnail: bytes
    placeholder: bytes | None = None


@dataclass(frozen=True, slots=True)
class Placeholder:
    """`pixels` as of `Picture.placeholder`; `picture` is the key of the picture that they show."""

    picture: bytes
    pixels: bytes


def picture_key(sha256: bytes, turn: int | None) -> bytes:
    """What a content's pixels are kept under: a sidecar that turns them makes another picture."""
    return sha256 if turn is None else hashlib.sha256(b"turned %d\0" % turn + sha256).digest()


def placeholder_phash(key: bytes) -> int:
    """The `phash` of a picture (by its key) that nobody has seen yet: like that of copies only."""
    return int.from_bytes(key[:8])


@dataclass(frozen=True, slots=True)
class DevelopedPreview:
    """What the inference service saw of a file that it developed: the same as in `Picture`."""

    thumbnail: bytes
    phash: int

    def of(self, picture: Picture) -> Picture:
        """The picture as it is known now."""
        return replace(picture, thumbnail=self.thumbnail, phash=self.phash, placeholder=None)
