"""BMP of Windows and OS/2: any bit fields, palettes and run lengths, and the rows that are there.

Pillow knows eight layouts of bit fields, and takes an index without a colour for one of its own.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from utils.containers.bmp_header import BmpHeader, bmp_header
from utils.imaging.faults.damage import DamagedError, cut_off
from utils.imaging.faults.unreadable import check_pixels, unsupported
from utils.imaging.jpeg_rows import MIN_READABLE
from utils.imaging.readers.loaded import Loaded
from utils.imaging.readers.palettes import Colours, coloured
from utils.imaging.readers.run_lengths import rle_rows

Bytes = npt.NDArray[np.uint8]

_RGB, _RLE8, _RLE4, _BIT_FIELDS, _JPEG, _PNG, _ALPHA_BIT_FIELDS = range(7)
_FIVE_BITS = (0x7C00, 0x03E0, 0x001F, 0)
_EIGHT_BITS = (0xFF0000, 0x00FF00, 0x0000FF, 0)
_GREY = 128


def read_bmp(data: bytes, *, max_pixels: int) -> Loaded:
    """Raises ImageUnreadableError where the kind is not read, DamagedError where it is damaged."""
    header = bmp_header(data)
    if header is None or header.width_px < 1 or header.height_px < 1:
        raise DamagedError("the header of the BMP is damaged")
    size = (header.width_px, header.height_px)
    check_pixels(size, max_pixels)
    _check_kind(header)
    if header.pixels_at >= len(data):
        raise DamagedError(cut_off(len(data), header.pixels_at + header.row_bytes))
    is_partial = False
    if header.compression in (_RLE8, _RLE4):
        indices, rows = rle_rows(data, header, four_bits=header.compression == _RLE4)
        pixels, is_partial = coloured(indices, _palette(data, header))
    else:
        packed, rows = _rows(data, header)
        if header.bits <= 8:
            pixels, is_partial = coloured(_indices(packed, header), _palette(data, header))
        else:
            pixels = _true_colour(packed, header)
    height = header.height_px
    if rows < MIN_READABLE * height:
        missing = header.pixels_at + header.row_bytes * height
        if header.compression in (_RLE8, _RLE4) or missing <= len(data):
            raise DamagedError(
                f"the BMP is damaged: {rows * 100 // height} % of its rows are there"
            )
        raise DamagedError(cut_off(len(data), missing))
    pixels[rows:] = (_GREY, _GREY, _GREY, 255)[: pixels.shape[2]]
    if not header.is_top_down:
        pixels = pixels[::-1]
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return Loaded(image, size, turn=1, partial=is_partial or rows < height)


def _check_kind(header: BmpHeader) -> None:
    compression, bits = header.compression, header.bits
    if header.is_os2 and compression in (_BIT_FIELDS, _JPEG):
        raise unsupported("BMP files of OS/2 that are packed by Huffman codes or RLE24")
    if compression in (_JPEG, _PNG):
        raise unsupported("BMP files that hold a JPEG or PNG")
    if compression > _ALPHA_BIT_FIELDS:
        raise unsupported("BMP files with this kind of compression")
    if (compression, bits) in ((_RLE8, 8), (_RLE4, 4)):
        return
    depths = {_RGB: (1, 2, 4, 8, 16, 24, 32)}.get(compression, (16, 24, 32))
    if bits not in depths or compression in (_RLE8, _RLE4):
        raise unsupported(f"BMP files of {bits} bits a pixel in this kind of packing")


def _rows(data: bytes, header: BmpHeader) -> tuple[Bytes, int]:
    """As stored, shape (height, bytes of a row), and how many are there: the others are 0."""
    wanted = header.row_bytes * header.height_px
    there = np.frombuffer(data[header.pixels_at : header.pixels_at + wanted], np.uint8)
    rows = len(there) // header.row_bytes
    if rows < MIN_READABLE * header.height_px:
        return np.zeros((0, header.row_bytes), np.uint8), rows  # what is refused takes no memory
    if len(there) < wanted:
        there = np.concatenate([there, np.zeros(wanted - len(there), np.uint8)])
    return there.reshape(header.height_px, header.row_bytes), rows


def _palette(data: bytes, header: BmpHeader) -> Colours:
    found = np.frombuffer(data[header.palette], np.uint8)
    entries = len(found) // header.entry_bytes
    table = found[: entries * header.entry_bytes].reshape(entries, header.entry_bytes)
    return np.ascontiguousarray(table[:, 2::-1])


def _indices(packed: Bytes, header: BmpHeader) -> Bytes:
    if header.bits == 8:
        return packed[:, : header.width_px]
    mask = (1 << header.bits) - 1
    parts = [packed >> shift & mask for shift in range(8 - header.bits, -1, -header.bits)]
    width = packed.shape[1] * len(parts)  # said, because there may be no rows
    return np.stack(parts, axis=-1).reshape(len(packed), width)[:, : header.width_px]


def _true_colour(packed: Bytes, header: BmpHeader) -> Bytes:
    """RGB, or RGBA where a mask of alpha lets anything be seen."""
    width, masks = header.width_px, header.masks
    if header.bits == 24 and masks is None:
        return packed[:, : 3 * width].reshape(len(packed), width, 3)[..., ::-1].copy()
    values = _values(packed, header)
    masks = masks or (_FIVE_BITS if header.bits == 16 else _EIGHT_BITS)
    channels = [_channel(values, mask) for mask in masks[:3]]
    if masks[3]:
        alpha = _channel(values, masks[3])
        if alpha.any():
            channels.append(alpha)
    return np.stack(channels, axis=-1)


def _values(packed: Bytes, header: BmpHeader) -> npt.NDArray[np.uint32]:
    width = header.width_px
    if header.bits == 24:
        low = packed[:, : 3 * width].reshape(len(packed), width, 3).astype(np.uint32)
        values: npt.NDArray[np.uint32] = low @ np.array((1, 1 << 8, 1 << 16), np.uint32)
        return values
    kind = "<u2" if header.bits == 16 else "<u4"
    return packed.view(kind)[:, :width].astype(np.uint32)


def _channel(values: npt.NDArray[np.uint32], mask: int) -> Bytes:
    """The bits of a mask, which lie side by side, to 8 bits."""
    if not mask:
        return np.zeros(values.shape, np.uint8)
    shift = (mask & -mask).bit_length() - 1
    top = mask >> shift
    if top & (top + 1):
        raise unsupported("BMP files whose bit fields have gaps")
    part = (values & np.uint32(mask)) >> np.uint32(shift)
    if top == 255:
        return part.astype(np.uint8)
    if top > 0xFFFF:
        return (part >> np.uint32(top.bit_length() - 8)).astype(np.uint8)
    levels = (np.arange(top + 1, dtype=np.uint32) * 510 + top) // (2 * top)
    scaled: Bytes = levels.astype(np.uint8)[part]
    return scaled
