"""Near perceptual hashes of many: by four bands of 16 bits, and turned by quarters."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

MOST_BITS = 11  # with one more, hashes may differ in three bits of each band
_BANDS, _BAND_BITS = 4, 16
_PAIRS_AT_ONCE = 1 << 22  # that are compared: about 100 MB
_SIDE = 8  # of the waves that a hash is made of
_QUARTERS = 4


def near_pairs(hashes: Hashes, asked: Hashes, *, most_bits: int) -> Iterator[tuple[Places, Places]]:
    """Places in `asked` and in `hashes` that differ in at most so many bits, in groups: every such
    pair once, but those of one place. The nearest come first, as good as.

    Two hashes that differ in at most 11 bits differ in at most two of one of four bands: so each
    band is looked up as it is, with one bit turned over, and with two. Memory is a few times that
    of the hashes, and a group's. Blocking.
    """
    if not 0 <= most_bits <= MOST_BITS:
        raise ValueError(f"hashes are searched within 0 to {MOST_BITS} bits")
    most_turned = min(2, most_bits // _BANDS)
    masks = [
        sum(1 << bit for bit in bits)
        for number in range(most_turned + 1)
        for bits in combinations(range(_BAND_BITS), number)
    ]
    bands = [_band(hashes, number) for number in range(_BANDS)]
    orders = [np.argsort(band, kind="stable") for band in bands]
    starts = [
        np.concatenate([[0], np.cumsum(np.bincount(band, minlength=1 << _BAND_BITS))])
        for band in bands
    ]
    asked_bands = [_band(asked, number) for number in range(_BANDS)]
    for mask in masks:
        for number in range(_BANDS):
            keys = asked_bands[number] ^ np.uint16(mask)
            first, last = starts[number][keys], starts[number][keys.astype(np.int64) + 1]
            for one, at in _expanded(first, last):
                other = orders[number][at]
                apart = asked[one] ^ hashes[other]
                near = np.flatnonzero((np.bitwise_count(apart) <= most_bits) & (one != other))
                new = near[_first_found(apart[near], number, mask.bit_count())]
                if len(new):
                    yield one[new], other[new]


def _first_found(apart: Hashes, number: int, flipped: int) -> npt.NDArray[np.bool_]:
    """Whether no other look-up finds the pair before: by fewer bits, or by an earlier band."""
    new = np.ones(len(apart), dtype=np.bool_)
    for earlier in range(_BANDS):
        bits = np.bitwise_count(_band(apart, earlier))
        new &= bits >= flipped + (earlier < number)
    return new


def _band(hashes: Hashes, number: int) -> npt.NDArray[np.uint16]:
    return (hashes >> np.uint64(_BAND_BITS * number)).astype(np.uint16)


def _expanded(first: Places, last: Places) -> Iterator[tuple[Places, Places]]:
    """Of each place its range, as pairs, in groups of a bounded size."""
    counts = last - first
    ends = np.cumsum(counts)
    start, total = 0, int(ends[-1]) if len(ends) else 0
    done = 0  # pairs
    while done < total:
        stop = int(np.searchsorted(ends, done + _PAIRS_AT_ONCE, side="right"))
        stop = max(stop, start + 1)  # a range that is larger comes as a whole: of equal hashes
        one = np.repeat(np.arange(start, stop), counts[start:stop])
        within = np.arange(done, int(ends[stop - 1])) - (ends[one] - counts[one])
        yield one, first[one] + within
        start, done = stop, int(ends[stop - 1])


def turned_hashes(hashes: Hashes, quarters: int) -> Hashes:
    """What the hashes of the pictures are near to when these are turned counter-clockwise.

    A mirrored picture has the same waves, every second of them with the other sign; one that is
    flipped over its diagonal has rows for columns. A bit says that a wave is stronger than the
    median, which is near zero: so the other sign is the other bit, but for a few.
    """
    bits = np.unpackbits(hashes.astype(">u8").view(np.uint8)).reshape(-1, _SIDE, _SIDE)
    odd = (np.arange(_SIDE) % 2).astype(np.uint8)
    for _ in range(quarters % _QUARTERS):
        bits = bits.transpose(0, 2, 1) ^ odd[:, None]
        bits[:, 0, 0] = 1  # the brightness, which is always the strongest
    packed = np.packbits(np.ascontiguousarray(bits).reshape(-1, _SIDE * _SIDE), axis=1)
    return packed.view(">u8").astype(np.uint64).ravel()
