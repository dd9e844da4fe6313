"""The primary picture of a HEIF or AVIF file, upright, whatever else the file holds."""

from __future__ import annotations

from fractions import Fraction
from io import BytesIO
from math import floor

from PIL import Image

from utils.containers.heif_structure import HeifStructure, Item, Property, heif_structure
from utils.containers.heif_writer import picture_alone
from utils.containers.iso_boxes import ends_early
from utils.imaging.colour.code_points import CodePoints, item_code_points
from utils.imaging.faults.damage import DamagedError, check_written, damage
from utils.imaging.faults.unreadable import check_pixels, unsupported
from utils.imaging.formats import Format
from utils.imaging.readers.loaded import Loaded

_KINDS = {b"av01": Format.AVIF, b"hvc1": Format.HEIC}
_PILLOW_NAMES = {Format.AVIF: "AVIF", Format.HEIC: "HEIF"}
_OTHER_CODECS = {
    b"avc1": "HEIF pictures in H.264",
    b"vvc1": "HEIF pictures in VVC",
    b"evc1": "HEIF pictures in EVC",
    b"j2k1": "HEIF pictures in JPEG 2000",
    b"jpeg": "HEIF pictures in JPEG",
    b"unci": "HEIF pictures without compression",
}
_QUARTERS = (
    None,
    Image.Transpose.ROTATE_90,  # all of them against the clock
    Image.Transpose.ROTATE_180,
    Image.Transpose.ROTATE_270,
)
_MIRRORS = (Image.Transpose.FLIP_TOP_BOTTOM, Image.Transpose.FLIP_LEFT_RIGHT)


def read_heif(data: bytes, known: Format, *, max_pixels: int) -> Loaded:
    """By the codec inside: brands do not always tell. EXIF's orientation is not followed.

    libheif does what a file says of crop, turn and mirror; for AVIF it is done here. Where the
    decoder trips over something else in the file, it is given the picture alone.
    """
    check_written(data, known)
    structure = heif_structure(data)
    codec = b"" if structure is None else structure.codec
    if codec in _OTHER_CODECS:
        raise unsupported(_OTHER_CODECS[codec])
    kind = _KINDS.get(codec, known)
    ends_within = structure is not None and structure.end > len(data)
    if kind is Format.HEIC and (ends_within or ends_early(data)):
        raise DamagedError(damage(data, known))
    if structure is None:
        image = _decoded(data, kind, max_pixels)
    else:
        image = _tried_twice(data, structure, kind, max_pixels)
    points = None
    if structure is not None:
        shown = structure.base()
        if kind is Format.AVIF:
            image = _transformed(image, shown.picture)
        if shown is not structure:
            points = item_code_points(shown.picture) or CodePoints()
    return Loaded(image, image.size, 1, points=points)


def _tried_twice(
    data: bytes, structure: HeifStructure, kind: Format, max_pixels: int
) -> Image.Image:
    if structure.base() is structure:
        try:
            return _decoded(data, kind, max_pixels)
        except (OSError, ValueError, RuntimeError, SyntaxError, EOFError) as exc:
            refused: Exception | None = exc
    else:
        refused = None  # decoders would show it as it is meant for other screens, or not at all
    alone = picture_alone(
        data,
        structure.base(),
        brand=b"avif" if kind is Format.AVIF else b"heic",
        turned=kind is Format.AVIF,
    )
    if alone is None:
        raise refused or DamagedError(damage(data, kind))
    return _decoded(alone, kind, max_pixels)


def _decoded(data: bytes, kind: Format, max_pixels: int) -> Image.Image:
    with Image.open(BytesIO(data), formats=(_PILLOW_NAMES[kind],)) as image:
        check_pixels(image.size, max_pixels)
        image.load()
        return image


def _transformed(image: Image.Image, item: Item) -> Image.Image:
    for said in item.transforms:
        profile = image.info
        image = _one_transform(image, said)
        image.info = profile
    return image


def _one_transform(image: Image.Image, said: Property) -> Image.Image:
    angle = said.content[0] & 3 if said.content else 0
    match said.kind:
        case b"clap":
            area = _clean_aperture(said.content, image.size)
            return image if area is None else image.crop(area)
        case b"irot":
            quarter = _QUARTERS[angle]
            return image if quarter is None else image.transpose(quarter)
        case _:
            return image.transpose(_MIRRORS[angle & 1])


def _clean_aperture(content: bytes, size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """The box to keep, as libheif rounds it; None where it makes no sense."""
    numbers = [
        int.from_bytes(content[at : at + 4], signed=signed)
        for at, signed in zip(range(0, 32, 4), (False, False) * 2 + (True, False) * 2, strict=True)
    ]
    if len(content) < 32 or not all(numbers[1::2]):
        return None
    kept_width, kept_height, right_of_centre, below_centre = (
        Fraction(over, under) for over, under in zip(numbers[::2], numbers[1::2], strict=True)
    )
    sides = []
    for kept, offset, side in (
        (kept_width, right_of_centre, size[0]),
        (kept_height, below_centre, size[1]),
    ):
        first = floor(offset + Fraction(side - 1, 2) - (kept - 1) / 2)
        sides.append((max(0, first), min(side, first + round(kept))))
    (left, right), (top, bottom) = sides
    return (left, top, right, bottom) if left < right and top < bottom else None
