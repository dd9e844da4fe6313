"""What the notes of each maker but Canon say as text or numbers."""

from __future__ import annotations

import struct
from datetime import datetime

from utils.containers.tiff import Directory, TiffStructure
from utils.metadata.capture_time import Moment, possible
from utils.metadata.photo_metadata import Metadata, TakenAtSource
from utils.metadata.text import lens_range, one_line, positive, rating

_MOST_ISO, _UNKNOWN_ISO = 6_553_600, 65_535

_NIKON_ISO, _NIKON_ISO_INFO, _NIKON_LENS = 0x02, 0x25, 0x84
NIKON = frozenset({_NIKON_ISO, _NIKON_ISO_INFO, _NIKON_LENS})

_EQUIPMENT, _MODEL, _WIDEST, _AT_LONGEST, _SHORTEST, _LONGEST = (
    0x2010, 0x203, 0x205, 0x206, 0x207, 0x208,
)  # fmt: skip
OLYMPUS = PLACES = frozenset({_EQUIPMENT})

_SONY_RATING, _SONY_LENS = 0x2002, 0xB02A
SONY = frozenset({_SONY_RATING, _SONY_LENS})

_PANASONIC_LENS, _PANASONIC_ISO = 0x51, 0xD1
PANASONIC = frozenset({_PANASONIC_LENS, _PANASONIC_ISO})
_LEICA_LENS = 0x303
LEICA = frozenset({_LEICA_LENS})

_FUJIFILM_RATING = 0x1431
FUJIFILM = frozenset({_FUJIFILM_RATING})

_CASIO_ISO, _CASIO_TWO_ISO = 0x14, 0x3014
CASIO, CASIO_TWO = frozenset({_CASIO_ISO}), frozenset({_CASIO_ISO, _CASIO_TWO_ISO})
_CASIO_CODES = {3: 50, 4: 64, 6: 100, 9: 200}

_PENTAX_ISO = 0x14
PENTAX = frozenset({_PENTAX_ISO})
# Of the codes from 3 on, a third of a stop each.
_PENTAX_ISOS = (50, 64, 80, 100, 125, 160, 200, 250, 320, 400, 500, 640, 800, 1000, 1250, 1600,
                2000, 2500, 3200, 4000, 5000, 6400, 8000, 10000, 12800, 16000, 20000, 25600, 32000,
                40000, 51200)  # fmt: skip
_PENTAX_AS_IS = frozenset({100, 200, 400, 800, 1600, 3200})

_MINOLTA_SETTINGS = (0x01, 0x03)
MINOLTA = frozenset(_MINOLTA_SETTINGS)
_MINOLTA_ISO = 8  # a place in its list of 32 bit, in stops of an eighth
_KODAK_ISO_AT, _RECONYX_TIME_AT = 8 + 0x60, 2 * 0x0B
FIXED_BYTES = 256


def _iso(number: float | None) -> int | None:
    kept = positive(number, most=_MOST_ISO)
    return None if kept is None or kept == _UNKNOWN_ISO else round(kept) or None


def nikon(_: TiffStructure, note: Directory) -> Metadata:
    pair, lens = note.numbers(_NIKON_ISO), note.numbers(_NIKON_LENS)
    coded = note.block(_NIKON_ISO_INFO)[:1]
    iso = _iso(pair[1]) if len(pair) == 2 else None
    if iso is None and coded and coded[0]:
        iso = _iso(100 * 2 ** (coded[0] / 12 - 5))
    return Metadata(lens=lens_range(*lens) if len(lens) == 4 else None, iso=iso)


def olympus(tiff: TiffStructure, note: Directory) -> Metadata:
    """The lens is in a directory of its own, which old cameras keep as a block."""
    place = note.numbers(_EQUIPMENT)
    tags = frozenset({_MODEL, _WIDEST, _AT_LONGEST, _SHORTEST, _LONGEST})
    equipment = tiff.directory(int(place[0]), only=tags) if place else None
    if equipment is None:
        return Metadata()
    name = one_line(equipment.text(_MODEL))
    shortest, longest, wide, far = (
        equipment.integer(tag) or 0 for tag in (_SHORTEST, _LONGEST, _WIDEST, _AT_LONGEST)
    )
    # F-numbers are powers of the square root of two, in 256ths.
    widest, at_longest = (2 ** (min(n, 4096) / 512) if n else 0.0 for n in (wide, far))
    return Metadata(
        lens=name or lens_range(shortest, longest, round(widest, 1), round(at_longest, 1))
    )


def sony(_: TiffStructure, note: Directory) -> Metadata:
    spec = note.numbers(_SONY_LENS)
    lens = note.block(_SONY_LENS) or bytes(n & 0xFF for n in spec if isinstance(n, int))
    return Metadata(lens=_sony_lens(lens), rating=rating(note.integer(_SONY_RATING)))


def _sony_lens(spec: bytes) -> str | None:
    """Eight bytes: features, focal lengths and f-numbers in decimal digits, features.

    "DT 18-55mm F3.5-5.6 SAM": the order of the words is Sony's own.
    """
    digits = spec.hex()
    if len(spec) != 8 or not digits[2:10].isdigit():
        return None
    shortest, longest = int(digits[2:6]), int(digits[6:10])
    # Tenths; the first digit may be a letter: b0 is 11.
    widest, at_longest = (
        int(d[0], 16) + int(d[1], 16) / 10 for d in (digits[10:12], digits[12:14])
    )
    lengths = lens_range(shortest, longest or shortest, widest, at_longest)
    if lengths is None:
        return None
    flags = spec[0] << 8 | spec[7]
    before = [
        {0x0100: "DT", 0x0200: "FE", 0x0300: "E"}.get(flags & 0x0300, ""),
        "PZ" if flags & 0x4000 else "",
    ]
    behind = [
        {0x20: "STF", 0x40: "Reflex", 0x60: "Macro", 0x80: "Fisheye"}.get(flags & 0xE0, ""),
        {0x04: "ZA", 0x08: "G"}.get(flags & 0x0C, ""),
        {0x01: "SSM", 0x02: "SAM"}.get(flags & 0x03, ""),
        "OSS" if flags & 0x8000 else "",
        "LE" if flags & 0x2000 else "",
        "II" if flags & 0x0800 else "",
    ]
    return " ".join(filter(None, (*before, lengths.replace(" f/", " F"), *behind)))


def panasonic(_: TiffStructure, note: Directory) -> Metadata:
    return Metadata(
        lens=one_line(note.text(_PANASONIC_LENS)), iso=_iso(note.integer(_PANASONIC_ISO))
    )


def leica(_: TiffStructure, note: Directory) -> Metadata:
    return Metadata(lens=one_line(note.text(_LEICA_LENS)))


def fujifilm(_: TiffStructure, note: Directory) -> Metadata:
    return Metadata(rating=rating(note.integer(_FUJIFILM_RATING)))


def casio(_: TiffStructure, note: Directory) -> Metadata:
    return Metadata(iso=_iso(note.integer(_CASIO_ISO)))


def casio_two(_: TiffStructure, note: Directory) -> Metadata:
    coded = note.integer(_CASIO_ISO) or 0
    return Metadata(iso=_iso(note.integer(_CASIO_TWO_ISO)) or _CASIO_CODES.get(coded))


def pentax(_: TiffStructure, note: Directory) -> Metadata:
    code = note.integer(_PENTAX_ISO) or 0
    if 3 <= code < 3 + len(_PENTAX_ISOS):
        return Metadata(iso=_PENTAX_ISOS[code - 3])
    return Metadata(iso=code if code in _PENTAX_AS_IS else None)


def minolta(_: TiffStructure, note: Directory) -> Metadata:
    for tag in _MINOLTA_SETTINGS:
        settings = note.block(tag)[4 * _MINOLTA_ISO :][:4]
        if len(settings) == 4 and 0 < (coded := int.from_bytes(settings)) < 256:
            return Metadata(iso=int(100 * 2 ** ((coded - 48) / 8) + 0.5))
    return Metadata()


def fixed_places(note: bytes) -> Metadata:
    """Notes that are no directory: Kodak's of about 2000, and those of Reconyx' game cameras."""
    if note.startswith(b"KDK"):
        order = ">" if note.startswith(b"KDK INFO") else "<"
        field = note[_KODAK_ISO_AT : _KODAK_ISO_AT + 2]
        return Metadata(iso=_iso(struct.unpack(order + "H", field)[0]) if len(field) == 2 else None)
    field = note[_RECONYX_TIME_AT : _RECONYX_TIME_AT + 12]
    if len(field) < 12:
        return Metadata()
    second, minute, hour, month, day, year = struct.unpack("<6H", field)
    try:
        moment = possible(Moment(datetime(year, month, day, hour, minute, second)))  # noqa: DTZ001  # a wall clock
    except ValueError:
        return Metadata()
    if moment is None:
        return Metadata()
    return Metadata(taken_at=moment.at, taken_at_source=TakenAtSource.DATE_TIME_ORIGINAL)
