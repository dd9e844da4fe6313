"""Whether two thumbnails show the same picture: re-encoded or resized, not taken a moment later.

A perceptual hash cannot tell: two frames of a burst often have the same. What tells them apart is
small: the camera moved by a fraction of a pixel of the thumbnail, the exposure by a hundredth, or
something in one place did. All three are estimated, and a copy shows none of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

GRID_PX = 128  # a side of what is compared
MOST_SHIFT_PX = (
    0.05  # of the grid: a pixel of 2,500. Copies: 0.045 at most; half a pixel of 1,200 px
)
MOST_CONTRAST = 0.8  # levels of 255, as a whole
MOST_OFFSET = 0.8  # levels
MOST_MEAN = 9.0  # levels, of the blocks' differences
PLACE_BASE, PLACE_TIMES = 3.0, 2.0  # levels: what one place may differ by, and with the mean of all
# Where more differs than there is to see, as in two frames of noise from under a lens cap, nothing
# says that they are one picture. Copies: 0.36 at most, of a blank wall.
MOST_OF_SPREAD = 0.75
_BLOCKS = 16  # a side: 8 pixels each
_LEAST_SLOPE = 2.0  # squared levels a pixel: where there is less, nothing is seen to move

Grid = npt.NDArray[np.uint8]  # shape (GRID_PX, GRID_PX, 3)
_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Difference:
    """How one grid becomes the other. `shift_px` of the grid. In levels of 255: `contrast`, by how
    much more or less bright and dark differ, and `offset`, by which all is brighter; then what
    differs in blocks of it, on the average, and in the one where most does; and `spread`, by which
    places of the picture differ from one another.
    """

    shift_px: float
    contrast: float
    offset: float
    mean: float
    place: float
    spread: float

    @property
    def is_none(self) -> bool:
        """No more than another encoding or size makes of one picture."""
        return (
            self.shift_px <= MOST_SHIFT_PX
            and abs(self.contrast) <= MOST_CONTRAST
            and abs(self.offset) <= MOST_OFFSET
            and self.mean <= MOST_MEAN
            and self.mean <= MOST_OF_SPREAD * self.spread
            and self.place <= PLACE_BASE + PLACE_TIMES * self.mean
        )


def difference(one: Grid, other: Grid) -> Difference:
    """The shift is by the slopes of the picture: what moves changes most where it is steep.

    It is told within blocks, from which their means are taken: in a sky that is brighter from side
    to side a shift and another brightness are the same, and nothing can be said of it.
    """
    first, second = one.astype(np.float64), other.astype(np.float64)
    change = second - first
    grey, middle = change.mean(axis=2), (first + second).mean(axis=2) / 2
    down, right = np.gradient(middle, axis=0), np.gradient(middle, axis=1)
    shift = _fitted(_within_blocks(right), _within_blocks(down), _within_blocks(grey))
    brightness = middle - middle.mean()
    spread = float(brightness.std())
    contrast = (brightness * grey).mean() / max(spread, 1.0)
    squares = _in_blocks((change**2).mean(axis=2)).mean(axis=(1, 3))
    blocks = np.sqrt(squares)
    return Difference(
        shift,
        float(contrast),
        float(grey.mean()),
        float(blocks.mean()),
        float(blocks.max()),
        spread,
    )


def _fitted(right: _Floats, down: _Floats, change: _Floats) -> float:
    """Pixels, by least squares of the change by two slopes."""
    least = _LEAST_SLOPE * change.size
    a, b, c = (right * right).sum() + least, (right * down).sum(), (down * down).sum() + least
    x, y = (right * change).sum(), (down * change).sum()
    determinant = a * c - b * b  # positive: of slopes that are the same everywhere, too
    return float(np.hypot(c * x - b * y, a * y - b * x) / determinant)


def _in_blocks(values: _Floats) -> _Floats:
    """Shape (blocks, pixels, blocks, pixels)."""
    side = GRID_PX // _BLOCKS
    return values.reshape(_BLOCKS, side, _BLOCKS, side)


def _within_blocks(values: _Floats) -> _Floats:
    """Without the mean of the block that each is in."""
    blocks = _in_blocks(values)
    within: _Floats = blocks - blocks.mean(axis=(1, 3), keepdims=True)
    return within


def turned(grid: Grid, quarters: int) -> Grid:
    """Counter-clockwise, by so many quarters."""
    return np.ascontiguousarray(np.rot90(grid, quarters))
