"""Opens pictures for tests, and says how unlike two are."""

from __future__ import annotations

import numpy as np
from PIL import Image

from utils.contract import ClipUpload
from utils.imaging.opening import Decoded, open_upright

LIMIT = 50_000_000
CENTER = ClipUpload(side_px=64, crop="center")


def opened(data: bytes, min_side_px: int = 10_000) -> Decoded:
    return open_upright(data, min_side_px=min_side_px, max_pixels=LIMIT)


def difference(one: Image.Image, other: Image.Image) -> float:
    assert one.size == other.size
    return float(np.abs(np.asarray(one, np.float32) - np.asarray(other, np.float32)).mean())
