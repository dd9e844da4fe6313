"""The batch sizes that are compiled. A batch is padded to the next of them, and cut off after."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

_SMALL = (1, 8, 32)


def bucket_sizes(largest: int) -> tuple[int, ...]:
    """1, 8, 32, then each the double of the one before, and `largest` itself; ascending.

    Padding wastes at most half of a large batch, and a small one has little to waste.
    """
    sizes = [size for size in _SMALL if size < largest]
    size = 2 * _SMALL[-1]
    while size < largest:
        sizes.append(size)
        size *= 2
    return (*sizes, largest)


def bucket_of(sizes: Sequence[int], rows: int) -> int:
    """The smallest size that holds them. There must be one."""
    return sizes[bisect.bisect_left(sizes, rows)]
