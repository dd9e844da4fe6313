"""Makes files whose parts are many, or each the whole: layers of JPEG XL, items of HEIC."""

from __future__ import annotations

import struct

import numpy as np

from tests.heif_files import grid, size_of
from tests.jxl_files import Layer, jxl_of_layers
from tests.picture_files import scene
from utils.containers.heif_writer import NewItem, heif_file


def jxl_of_layers_without_end() -> bytes:
    """Ten thousand frames that are one picture."""
    pixels = np.asarray(scene(64, 64))
    return jxl_of_layers([Layer(pixels), *[Layer(pixels[:1, :1])] * 10_000])


def heif_of_doubled_pieces() -> bytes:
    """A grid of 250 tiles, each of which is the whole file."""
    tile = NewItem(b"hvc1", bytes(4000), [size_of(64, 64)])
    data = bytearray(heif_file([grid(640, 1600, 25, 10), *[tile] * 250], brand=b"heic"))
    first = data.index(b"iloc") + 12 + 14
    for entry in range(first, first + 14 * 250, 14):
        data[entry + 6 : entry + 14] = struct.pack(">II", 0, len(data))
    return bytes(data)
