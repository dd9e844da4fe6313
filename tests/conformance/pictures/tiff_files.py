"""TIFF files of every kind that people have, made by code, with what each shows."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile
from PIL import Image, ImageCms

from tests.picture_files import scene

Values = npt.NDArray[Any]

_BYTE, _SHORT, _LONG = 1, 3, 4


@cache
def photo() -> Image.Image:
    return scene(161, 123)


def pixels() -> npt.NDArray[np.uint8]:
    return np.asarray(photo())


def grey() -> Image.Image:
    return photo().getchannel("G").convert("RGB")


def turned() -> Image.Image:
    return photo().transpose(Image.Transpose.ROTATE_270)


def written(values: Values, photometric: str = "rgb", **options: Any) -> bytes:
    file = BytesIO()
    tifffile.imwrite(file, values, photometric=photometric, **options)
    return file.getvalue()


def planes(values: Values) -> Values:
    return np.moveaxis(values, -1, 0)


def wide(bits: int) -> Values:
    """All of 2 ** bits levels are used; up to 16."""
    top = (1 << bits) - 1
    return np.rint(pixels().astype(np.float64) * top / 255).astype(np.uint16)


def packed(bits: int, *, order: str = "<") -> bytes:
    """tifffile writes no colours of fewer than 8 bits: the bits are packed here, row by row."""
    values = np.rint(pixels().astype(np.float64) * ((1 << bits) - 1) / 255).astype(np.uint8)
    ones = np.unpackbits(values[..., None], axis=-1)[..., 8 - bits :]
    rows = np.packbits(ones.reshape(len(values), -1), axis=-1)
    whole = written(rows, "minisblack", byteorder=order, rowsperstrip=len(rows))
    return with_values(whole, {256: values.shape[1], 258: bits, 262: 2, 277: 3})


def with_values(data: bytes, values: dict[int, int]) -> bytes:
    """Entries of the first directory that hold one number get another."""
    changed = bytearray(data)
    with tifffile.TiffFile(BytesIO(data)) as file:
        order: Any = {"<": "little", ">": "big"}[file.byteorder]
        for tag in file.pages[0].tags:  # type: ignore[union-attr]  # the first is a page
            if tag.code in values:
                size = {_BYTE: 1, _SHORT: 2, _LONG: 4}[int(tag.dtype)]
                number = values[tag.code].to_bytes(size, order)
                changed[tag.valueoffset : tag.valueoffset + size] = number
    return bytes(changed)


def fractions(kind: str, brightest: float = 1.0) -> Values:
    return (pixels() / 255 * brightest).astype(kind)


def light() -> Values:
    """What a merge of exposures holds: the scene's light, its sky three times the white."""
    shown = pixels().astype(np.float64) / 255
    linear = np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)
    return (linear * 3).astype(np.float32)


def exposed() -> Image.Image:
    """`light` with its brightest hundredth at white."""
    linear = (light() / np.percentile(light(), 99)).clip(0, 1)
    shown = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return Image.fromarray(np.rint(shown * 255).astype(np.uint8))


def lab(bits: int) -> Values:
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    values = np.asarray(to_lab.apply(photo()))
    if bits == 8:
        return values
    deep = values.astype(np.uint16) << 8
    deep[..., 0] = values[..., 0].astype(np.uint16) * 257
    return deep


def with_icclab(values: Values) -> Values:
    offset = values.copy()
    offset[..., 1:] ^= 1 << (8 * values.itemsize - 1)
    return offset


def with_alpha(factor: float = 1.0, alpha: int = 128) -> Values:
    half = np.full((*pixels().shape[:2], 1), alpha, np.uint8)
    return np.concatenate([(pixels() * factor).astype(np.uint8), half], axis=-1)


def on_white() -> Image.Image:
    return Image.blend(Image.new("RGB", photo().size, "white"), photo(), 128 / 255)


def inks(kind: str) -> Values:
    top = int(np.iinfo(kind).max)
    black = np.zeros((*pixels().shape[:2], 1), kind)
    return np.concatenate([top - pixels().astype(kind) * (top // 255), black], axis=-1)


def palette(factor: int) -> bytes:
    indices, colours = _indexed()
    return written(indices, "palette", colormap=colours * factor)


@cache
def _indexed() -> tuple[Values, Values]:
    few = photo().quantize(200)
    colours = np.zeros((3, 256), np.uint16)
    given = np.array(few.getpalette(), np.uint16).reshape(-1, 3).T
    colours[:, : given.shape[1]] = given
    return np.asarray(few), colours


def of_palette() -> Image.Image:
    indices, colours = _indexed()
    return Image.fromarray(colours.T[indices].astype(np.uint8))


def after_a_thumbnail(*, inside: bool) -> bytes:
    """The small copy comes first; the picture is a page behind it, or a directory inside it."""
    file = BytesIO()
    small = np.asarray(photo().resize((40, 30)))
    with tifffile.TiffWriter(file) as writer:
        writer.write(small, photometric="rgb", subfiletype=1, subifds=1 if inside else None)
        writer.write(pixels(), photometric="rgb", subfiletype=0)
    return file.getvalue()


def two_pages() -> bytes:
    file = BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(pixels(), photometric="rgb")
        writer.write(255 - pixels(), photometric="rgb")
    return file.getvalue()


def oriented_as(kind: int) -> bytes:
    return written(pixels(), extratags=[(274, kind, 1, 6, True)])
