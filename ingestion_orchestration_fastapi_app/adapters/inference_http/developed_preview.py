"""What a service says that a file looks like, believed only where it can be shown."""

from __future__ import annotations

import base64
import binascii

from ingestion_orchestration_fastapi_app.domain.library.picture import DevelopedPreview
from utils.imaging.decoding import ImageUnreadableError, open_upright
from utils.imaging.formats import Format, sniff
from utils.imaging.perceptual_hash import perceptual_hash
from utils.imaging.thumbnail import thumbnail_webp
from utils.imaging.turning import turned


def developed_preview_of(
    thumbnail: str, *, side_px: int, turn: int | None = None
) -> DevelopedPreview | None:
    """Of base64 of WebP; None unless it is one, whole, and no longer than `side_px`. Blocking.

    `turn` is what a sidecar turns the picture by. The hash is of the thumbnail as everybody will
    see it: its loss changed 2 of 64 bits in one of six photos, and 4 at most.
    """
    if len(thumbnail) > 4 * side_px**2:  # base64 of its very pixels
        return None
    try:
        webp = base64.b64decode(thumbnail, validate=True)
    except (binascii.Error, ValueError):
        return None
    if sniff(webp) is not Format.WEBP:
        return None
    try:
        decoded = open_upright(webp, min_side_px=side_px, max_pixels=side_px**2)
    except ImageUnreadableError:
        return None
    if max(decoded.size) > side_px:
        return None
    if turn is not None:
        decoded = turned(decoded, turn)
        webp = thumbnail_webp(decoded.image, side_px)
    return DevelopedPreview(webp, perceptual_hash(decoded.image))
