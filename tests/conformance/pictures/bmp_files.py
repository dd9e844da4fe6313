"""BMP files of every kind, written by hand, with what each shows."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from tests.picture_files import scene

Bytes = npt.NDArray[np.uint8]

WIDTH, HEIGHT = 61, 43  # rows are padded in every depth


@cache
def photo() -> Image.Image:
    return scene(WIDTH, HEIGHT)


def pixels() -> Bytes:
    return np.asarray(photo())


@cache
def few(colours: int) -> tuple[Bytes, Bytes]:
    """Indices, and as many colours."""
    reduced = photo().quantize(colours)
    palette = np.array(reduced.getpalette(), np.uint8).reshape(-1, 3)[:colours]
    return np.asarray(reduced), palette


def few_shown(colours: int) -> Image.Image:
    indices, palette = few(colours)
    return Image.fromarray(palette[indices])


@dataclass(frozen=True, slots=True)
class Bmp:
    """What a writer chooses. `header` is 12, 16, 40, 64, 108 or 124."""

    bits: int
    header: int = 40
    compression: int = 0
    masks: Sequence[int] = ()
    is_top_down: bool = False
    is_bare: bool = False

    def file(self, rows: bytes, palette: Bytes | None = None) -> bytes:
        height = -HEIGHT if self.is_top_down else HEIGHT
        colours = 0 if palette is None else len(palette)
        if self.header == 12:
            head = struct.pack("<IHHHH", 12, WIDTH, HEIGHT, 1, self.bits)
        else:
            fields = (WIDTH, height, 1, self.bits, self.compression, len(rows), 0, 0, colours, 0)
            head = struct.pack("<IiiHHIIiiII", self.header, *fields)[: self.header]
        masks = struct.pack(f"<{len(self.masks)}I", *self.masks)
        head = (head + masks).ljust(self.header, b"\0")
        table = b""
        if palette is not None:
            entries = palette[:, ::-1]
            if self.header != 12:
                entries = np.pad(entries, ((0, 0), (0, 1)))
            table = entries.tobytes()
        if self.is_bare:
            return head + table + rows
        start = 14 + len(head) + len(table)
        return b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + head + table + rows

    def rows(self, values: npt.NDArray[np.unsignedinteger]) -> bytes:
        """`values` has the shape (HEIGHT, WIDTH), of `bits` each."""
        size = {16: 2, 24: 3, 32: 4}.get(self.bits)
        stored = values if self.is_top_down else values[::-1]
        if size is None:
            ones = np.unpackbits(stored.astype(np.uint8)[..., None], axis=-1)
            packed = np.packbits(ones[..., 8 - self.bits :].reshape(HEIGHT, -1), axis=-1)
        else:
            four = np.ascontiguousarray(stored.astype("<u4")).view(np.uint8)
            packed = four.reshape(HEIGHT, WIDTH, 4)[..., :size].reshape(HEIGHT, -1)
        return np.pad(packed, ((0, 0), (0, -packed.shape[1] % 4))).tobytes()


def fields(masks: Sequence[int], alpha: int = 255) -> npt.NDArray[np.uint32]:
    """The picture's values where its channels lie under these masks."""
    packed = np.zeros((HEIGHT, WIDTH), np.uint32)
    channels = [*np.moveaxis(pixels(), -1, 0).astype(np.uint32), np.full_like(packed, alpha)]
    for channel, mask in zip(channels, masks, strict=False):
        if mask:
            shift = (mask & -mask).bit_length() - 1
            top = mask >> shift
            packed |= ((channel * top + 127) // 255) << shift
    return packed


def true_colour(kind: Bmp, masks: Sequence[int], alpha: int = 255) -> bytes:
    return kind.file(kind.rows(fields(masks, alpha)))


def of_palette(kind: Bmp, colours: int) -> bytes:
    indices, palette = few(colours)
    return kind.file(kind.rows(indices), palette)


def run_lengths(kind: Bmp, colours: int) -> bytes:
    """Runs, literals of odd lengths, ends of rows, and the end."""
    indices, palette = few(colours)
    packed = bytearray()
    for row in indices[::-1]:
        values = row.tolist()
        packed += bytes((0, 5)) + _literal(values[:5], kind.bits)
        for value in values[5:]:
            packed += bytes((1, value if kind.bits == 8 else value << 4))
        packed += bytes((0, 0))
    return kind.file(bytes(packed) + bytes((0, 1)), palette)


def _literal(values: list[int], bits: int) -> bytes:
    if bits == 4:
        values = [*values, 0]
        packed = bytes(a << 4 | b for a, b in zip(values[::2], values[1::2], strict=True))
    else:
        packed = bytes(values)
    return packed + bytes(len(packed) % 2)
