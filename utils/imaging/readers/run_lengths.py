"""Run lengths of a BMP, of 4 and 8 bits a pixel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from utils.containers.bmp_header import BmpHeader
from utils.imaging.faults.damage import DamagedError

_END_OF_ROW, _END, _MOVE = 0, 1, 2
_MOST_PER_BYTE = 128
_FREE_PIXELS = 4_000_000  # which may be left out, by a mark


def rle_rows(
    data: bytes, header: BmpHeader, *, four_bits: bool
) -> tuple[npt.NDArray[np.uint8], int]:
    """Indices in the order of storage, and how many rows of them are there.

    What is skipped is 0. A picture ends with its mark, with its last row, or with the file.
    Raises DamagedError where the size is no more than a claim.
    """
    width, height = header.width_px, header.height_px
    if width * height > _FREE_PIXELS + _MOST_PER_BYTE * (len(data) - header.pixels_at):
        raise DamagedError("the BMP is damaged: it has too little data for a picture of its size")
    canvas = bytearray(width * height)
    position, x, y = header.pixels_at, 0, 0
    while y < height and position + 1 < len(data):
        count, value = data[position], data[position + 1]
        position += 2
        if count:
            run = _run(value, count, four_bits=four_bits)
        elif value == _END_OF_ROW:
            x, y = 0, y + 1
            continue
        elif value == _END:
            y = height
            break
        elif value == _MOVE:
            if position + 1 >= len(data):
                break
            x, y = x + data[position], y + data[position + 1]
            position += 2
            continue
        else:
            length = (value + 1) // 2 if four_bits else value
            literal = data[position : position + length]
            run = _nibbles(literal)[:value] if four_bits else literal
            position += length + (length & 1)
        room = max(0, min(len(run), width - x))
        start = y * width + x
        canvas[start : start + room] = run[:room]
        x += len(run)
    rows = min(height, y + (1 if x >= width else 0))
    return np.frombuffer(canvas, np.uint8).reshape(height, width), rows


def _run(value: int, count: int, *, four_bits: bool) -> bytes:
    if four_bits:
        return (bytes((value >> 4, value & 15)) * ((count + 1) // 2))[:count]
    return bytes((value,)) * count


def _nibbles(packed: bytes) -> bytes:
    return bytes(half for byte in packed for half in (byte >> 4, byte & 15))
