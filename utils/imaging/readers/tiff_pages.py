"""What a page of a TIFF says of its pixels, and who reads it rightly."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from utils.imaging.faults.damage import DamagedError
from utils.imaging.faults.unreadable import unsupported
from utils.imaging.formats import sniff
from utils.imaging.header_size import header_size

Levels = npt.NDArray[np.uint8]

_ORIENTATION, _PROFILE, _INK_SET, _SHORT = 274, 34675, 332, 3
_REDUCED_OR_MASK = 0b101  # of NewSubfileType
_MOST_PAGES = 8

WHITE_IS_ZERO, GREY, RGB, PALETTE, MASK, INKS, YCBCR, CIELAB, ICCLAB = 0, 1, 2, 3, 4, 5, 6, 8, 9
_COLOURS = {WHITE_IS_ZERO: 1, GREY: 1, RGB: 3, PALETTE: 1, MASK: 1, INKS: 4, YCBCR: 3, CIELAB: 3}
_COLOURS[ICCLAB] = 3
_UNREAD = {
    10: "TIFF files in ITU Lab colours (of fax machines)",
    32803: "TIFF files that hold a sensor's data and name no camera",
    34892: "TIFF files that hold a sensor's data and name no camera",
    32844: "TIFF files in LogL values",
    32845: "TIFF files in LogLuv values",
}
_UNSIGNED, _SIGNED, _FLOAT, _VOID = 1, 2, 3, 4
JPEGS = (6, 7)
# None, CCITT, LZW, JPEG, Deflate, PackBits, LZMA, Zstandard: what libtiff does for Pillow.
_PILLOW_COMPRESSIONS = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946, 34925, 50000})
# Whole pictures inside: what they say of their own size is checked before they are decoded.
PICTURE_CODECS = frozenset({6, 7, 33003, 33004, 33005, 34712, 34933, 50001, 50002, 52546})
_CODECS = _PILLOW_COMPRESSIONS | PICTURE_CODECS
_UNPREDICTED, _DIFFERENCES, _FLOAT_BYTES = 1, 2, 3  # of the tag Predictor
_UNREAD_CODECS = {34887: "LERC", 34934: "JPEG XR", 34676: "SGI LogLuv", 32908: "Pixar's codes"}
_PILLOW_COLOURS = frozenset({WHITE_IS_ZERO, GREY, RGB, PALETTE, INKS, YCBCR, CIELAB})
_WIDE_BITS = 16
_TOLERATED_AREA, _SMALL_AREA = 4, 65_536  # a last strip of fewer rows may hold as many as others
_SMALL_TILE_PIXELS = 1 << 20  # a tiny picture may lie in one tile of a common size


@dataclass(frozen=True, slots=True)
class Layout:
    """`samples` are those that are kept: colours, and one of alpha where there is any.

    `alpha` is 0 (none), 1 (premultiplied) or 2 (not). `colour_map` has the shape (entries, 3).
    """

    photometric: int
    width_px: int
    height_px: int
    bits: int
    sample_format: int
    colours: int
    alpha: int
    stored_samples: int
    segments: int
    segment_rows: int
    segment_columns: int
    segments_across: int
    segments_down: int
    is_decoded_to_rgb: bool
    turn: int
    profile: bytes | None
    colour_map: Levels | None

    @property
    def segment_bytes(self) -> int:
        """Of a strip or tile, unpacked."""
        row_bits = self.segment_columns * self.stored_samples * self.bits
        return self.segment_rows * -(-row_bits // 8)

    @property
    def samples(self) -> int:
        return self.colours + (1 if self.alpha else 0)

    @property
    def needs_tone(self) -> bool:
        """What white is has to be seen from the values."""
        return self.sample_format in (_SIGNED, _FLOAT) or self.bits > _WIDE_BITS

    @property
    def is_float(self) -> bool:
        return self.sample_format == _FLOAT

    def top_of(self, segment: int) -> int:
        """The first row of a strip or tile."""
        down = segment // self.segments_across % max(1, self.segments_down)
        return down * self.segment_rows

    def is_picture_of_its_size(self, segment: bytes) -> bool:
        """Whether a whole picture that a segment holds is about as large as the segment."""
        known = sniff(segment)
        size = header_size(segment, known) if known is not None else None
        if size is None:
            return False
        most = _TOLERATED_AREA * self.segment_rows * self.segment_columns + _SMALL_AREA
        return size[0] * size[1] <= most

    def levels(self, values: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8]:
        """Unsigned values of up to 16 bits to 8 bits, by their range; indices and Lab as stored."""
        if self.photometric == PALETTE:
            return values.astype(np.uint8)
        if self.bits == 1:
            values = values.astype(np.uint8)
        if self.bits == 8:
            return values.astype(np.uint8, copy=False)
        if self.bits == _WIDE_BITS:
            return (values >> 8).astype(np.uint8)
        top = (1 << self.bits) - 1
        table = (np.arange(top + 1, dtype=np.uint32) * 510 + top) // (2 * top)
        return table.astype(np.uint8)[values]


def main_page(file: Any) -> tuple[Any, bool]:
    """The first page that is neither a small copy nor a mask; whether it is the file's first."""
    first = file.pages[0]
    if not _is_copy(first):
        return first, True
    for page in islice(first.pages or (), _MOST_PAGES):  # each is parsed when it is come to
        if not _is_copy(page):
            return page, False
    for number in range(1, _MOST_PAGES):
        try:
            page = file.pages[number]
        except IndexError:
            break
        if not _is_copy(page):
            return page, False
    return first, True


def _is_copy(page: Any) -> bool:
    return bool(int(page.subfiletype) & _REDUCED_OR_MASK)


def size_of(page: Any) -> tuple[int, int]:
    """Damage may make a text or a list of a number, by which another is then multiplied."""
    width, height = page.imagewidth, page.imagelength
    if not (isinstance(width, int) and isinstance(height, int) and min(width, height) > 0):
        raise DamagedError("the header of the TIFF is damaged: it lacks a size")
    return width, height


def layout_of(page: Any) -> Layout:
    """Raises ImageUnreadableError where no reader here makes a picture of it."""
    photometric = int(page.photometric)
    if photometric in _UNREAD:
        raise unsupported(_UNREAD[photometric])
    if photometric not in _COLOURS:
        raise unsupported(f"TIFF files with colours of the kind {photometric}")
    separate, depth, height, width, contiguous = page.shaped
    samples, colours = int(page.samplesperpixel), _COLOURS[photometric]
    if samples < colours or min(height, width, depth) < 1 or separate * contiguous < colours:
        raise DamagedError("the header of the TIFF is damaged: it lacks colours or a size")
    if int(page.compression) not in _CODECS:
        codec = _UNREAD_CODECS.get(int(page.compression), "codes that it does not know")
        raise unsupported(f"TIFF files that are packed in {codec}")
    if photometric == INKS and page.tags.valueof(_INK_SET, 1) != 1:
        raise unsupported("TIFF files in inks other than cyan, magenta, yellow and black")
    if isinstance(page.bitspersample, tuple):
        raise unsupported("TIFF files whose samples differ in their bits")
    if photometric == PALETTE and page.bitspersample > 8:
        raise unsupported("TIFF files with palettes of more than 256 colours")
    in_lab = photometric in (CIELAB, ICCLAB)
    if in_lab and (page.bitspersample not in (8, 16) or int(page.sampleformat) == _FLOAT):
        raise unsupported("TIFF files in Lab colours of other than 8 or 16 bits")
    if depth != 1:
        raise unsupported("TIFF files of volumes")
    if int(page.sampleformat) not in (_UNSIGNED, _SIGNED, _FLOAT, _VOID):
        raise unsupported("TIFF files of complex numbers")
    rows, columns = _segment_size(page, height, width)
    down, across = -(-height // rows), -(-width // columns)
    return Layout(
        photometric=photometric,
        width_px=width,
        height_px=height,
        bits=int(page.bitspersample),
        sample_format=int(page.sampleformat),
        colours=colours,
        alpha=_alpha(page, colours),
        stored_samples=contiguous,
        segments=separate * down * across,
        segment_rows=rows,
        segment_columns=columns,
        segments_across=across,
        segments_down=down,
        is_decoded_to_rgb=int(page.compression) in JPEGS,
        turn=_turn(page),
        profile=_profile(page),
        colour_map=_colour_map(page) if photometric == PALETTE else None,
    )


def check_packing(page: Any, layout: Layout) -> None:
    """Raises ImageUnreadableError for what tifffile decodes no strip of, whatever is in it.

    Predictors are of TIFF 6.0, section 14, and of Adobe's Technical Note 3.
    """
    compression, predictor = int(page.compression), int(page.predictor)
    if compression not in PICTURE_CODECS:
        known = (_UNPREDICTED, _DIFFERENCES, _FLOAT_BYTES)
        if predictor not in known or (predictor == _FLOAT_BYTES and not layout.is_float):
            raise unsupported("TIFF files with this kind of differences between pixels")
        if predictor == _FLOAT_BYTES and layout.bits == 24:
            raise unsupported("TIFF files of 24-bit fractions in this kind of packing")
    if page.is_subsampled and (compression not in JPEGS or int(page.planarconfig) != 1):
        raise unsupported("TIFF files whose colours are coarser than their light, but as JPEG")


def _segment_size(page: Any, height: int, width: int) -> tuple[int, int]:
    """Rows and columns of a strip or tile."""
    rows = int(page.tilelength) if page.is_tiled else min(int(page.rowsperstrip), height)
    columns = int(page.tilewidth) if page.is_tiled else width
    if rows < 1 or columns < 1:
        raise DamagedError("the header of the TIFF is damaged: its strips have no rows")
    if page.is_tiled and rows * columns > 4 * width * height + _SMALL_TILE_PIXELS:
        raise DamagedError("the header of the TIFF is damaged: a tile is larger than the picture")
    return rows, columns


def _alpha(page: Any, colours: int) -> int:
    extra = page.extrasamples
    if not extra or int(page.samplesperpixel) <= colours:
        return 0
    return int(extra[0]) if int(extra[0]) in (1, 2) and colours in (1, 3) else 0


def _turn(page: Any) -> int:
    """Whatever type it was written in."""
    value = page.tags.valueof(_ORIENTATION, 1)
    if isinstance(value, bytes | tuple):
        value = value[0] if value else 1
    return int(value) if isinstance(value, int) and 1 <= value <= 8 else 1


def _profile(page: Any) -> bytes | None:
    value = page.tags.valueof(_PROFILE)
    return value if isinstance(value, bytes) else None


def _colour_map(page: Any) -> Levels:
    """Some writers gave 8 bits where 16 are meant: then no value is above 255."""
    values = np.asarray(page.colormap)
    if values.ndim != 2 or len(values) != 3:
        raise DamagedError("the colours of the TIFF are damaged")
    if _is_wide(page):
        values = values >> 8
    return values.astype(np.uint8).T


def _is_wide(page: Any) -> bool:
    return bool(np.asarray(page.colormap).max(initial=0) > 255)


def pillow_is_right(page: Any, layout: Layout) -> bool:
    """Of 8 bits and 1, and the commonest of 16: there it reads what libtiff reads, and faster."""
    if layout.sample_format not in (_UNSIGNED, _VOID):
        return False
    if layout.bits == _WIDE_BITS:
        if int(page.planarconfig) != 1 or layout.photometric not in (GREY, RGB, INKS):
            return False
    elif layout.bits not in (1, 8):
        return False
    orientation = page.tags.get(_ORIENTATION)
    return (
        page.parent.byteorder + str(page.parent.is_bigtiff) != ">True"
        and layout.photometric in _PILLOW_COLOURS
        and int(page.compression) in _PILLOW_COMPRESSIONS
        and (orientation is None or int(orientation.dtype) == _SHORT)
        and (layout.photometric != PALETTE or _is_wide(page))
        and len(page.extrasamples) <= 1
    )
