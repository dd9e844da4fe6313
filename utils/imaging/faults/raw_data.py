"""RAW files whose sensor data is cut off, or packed as no decoder here unpacks it.

LibRaw develops what is missing to stripes, and says of GoPro's files that they are damaged.
"""

from __future__ import annotations

from collections.abc import Iterator

from utils.containers.byte_source import ByteSource
from utils.containers.tiff import Directory, bytes_reader, tiff_structure
from utils.imaging.faults.damage import DamagedError, cut_off
from utils.imaging.faults.unreadable import unsupported

_COMPRESSION, _SUBIFDS = 259, 330
_STRIPS, _TILES = (273, 279), (324, 325)
_PANASONIC_OFFSET = 280  # where its strips say that they begin nowhere
_NOWHERE = 0xFFFF_FFFF
_VC5 = 9
_TOLERATED = 0.02  # of the bytes: some cameras count a little more than they write


def check_sensor_data(data: ByteSource) -> None:
    """Of a RAW that is laid out as a TIFF; others pass.

    Raises:
        DamagedError: it is cut off.
        ImageUnreadableError: it is a GPR.
    """
    tiff = tiff_structure(bytes_reader(data))
    first = tiff.first() if tiff else None
    if tiff is None or first is None:
        return
    for layer in (first, *tiff.subdirectories(first, _SUBIFDS)):
        if layer.integer(_COMPRESSION) == _VC5:
            raise unsupported("the sensor data of GoPro's GPR files (VC-5)")
        parts = list(_parts(layer))
        wanted = sum(length for _, length in parts)
        there = sum(min(length, max(0, len(data) - start)) for start, length in parts)
        if there < (1 - _TOLERATED) * wanted:
            raise DamagedError(cut_off(len(data), max(start + length for start, length in parts)))


def _parts(layer: Directory) -> Iterator[tuple[int, int]]:
    for offsets, lengths in (_STRIPS, _TILES):
        pairs = zip(layer.numbers(offsets), layer.numbers(lengths), strict=False)
        for start, length in pairs:
            elsewhere = layer.integer(_PANASONIC_OFFSET) or 0
            yield elsewhere if start == _NOWHERE else int(start), int(length)
