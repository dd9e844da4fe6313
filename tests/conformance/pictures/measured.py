"""How far a made file's picture lies from what it shows."""

from __future__ import annotations

from tests.conformance.pictures.made import Made
from tests.opened_pictures import LIMIT, difference, opened
from utils.imaging.formats import Format
from utils.imaging.raw_developing import read_preview


def measured(known: Format, made: Made) -> float:
    """The mean difference, of 255. Raises AssertionError where its size is another."""
    shown = made.shown()
    if known.is_raw:
        preview = read_preview(made.make(), min_side_px=10_000, max_pixels=LIMIT).preview
        assert preview is not None
        return difference(preview.image, shown.resize(preview.image.size))
    decoded = opened(made.make())
    assert decoded.format is known
    assert not decoded.partial
    return difference(decoded.image, shown)
