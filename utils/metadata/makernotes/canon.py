"""Canon's lists of numbers, in maker notes and in the heaps of CRW alike."""

from __future__ import annotations

from collections.abc import Sequence

from utils.containers.tiff import Directory, TiffStructure
from utils.metadata.photo_metadata import Metadata
from utils.metadata.text import one_line

_SETTINGS, _SHOT, _LENS_MODEL = 1, 4, 0x95
GAPS = (4, 6, 16, 28, 0)  # bytes between the entries of a note and the first value
TAGS = frozenset({_SETTINGS, _SHOT, _LENS_MODEL})
# Places in these lists of 16 bit; the first of each is its length in bytes.
_CAMERA_ISO, _LONGEST, _SHORTEST, _UNITS_A_MM = 16, 23, 24, 25
_AUTO_ISO, _BASE_ISO = 1, 2
_ISO_CODES = {16: 50, 17: 100, 18: 200, 19: 400, 20: 800}
_IS_ISO, _ISO_BITS, _UNKNOWN = 0x4000, 0x3FFF, 0x7FFF
_MOST_STOPS = 24  # either way


def read(_: TiffStructure, note: Directory) -> Metadata:
    settings, shot = (
        [n for n in note.numbers(tag) if isinstance(n, int)] for tag in (_SETTINGS, _SHOT)
    )
    return Metadata(
        lens=one_line(note.text(_LENS_MODEL)) or lens_of(settings),
        iso=camera_iso(settings) or shot_iso(shot),
    )


def is_in_place(note: Directory) -> bool:
    """A list that begins with its own length is the list."""
    settings = note.numbers(_SETTINGS)
    return bool(settings) and settings[0] == 2 * len(settings)


def says_nothing(note: Directory) -> bool:
    return not note.numbers(_SETTINGS)


def at(numbers: Sequence[int], place: int) -> int:
    """0, which stands for unknown, where the list is shorter."""
    return numbers[place] if place < len(numbers) else 0


def lens_of(settings: Sequence[int]) -> str | None:
    """ "16.0 - 35.0 mm", as exiftool writes it: all that old cameras tell of their lens."""
    units = at(settings, _UNITS_A_MM) & 0xFFFF or 1
    shortest = (at(settings, _SHORTEST) & 0xFFFF) / units
    longest = (at(settings, _LONGEST) & 0xFFFF) / units
    if not shortest or not longest:
        return None
    return f"{shortest:.1f} mm" if shortest == longest else f"{shortest:.1f} - {longest:.1f} mm"


def camera_iso(settings: Sequence[int]) -> int | None:
    code = at(settings, _CAMERA_ISO) & 0xFFFF
    if code == _UNKNOWN:
        return None
    return code & _ISO_BITS or None if code & _IS_ISO else _ISO_CODES.get(code)


def shot_iso(shot: Sequence[int]) -> int | None:
    """In 32nds of a stop: 5 stops are 100; what the camera raised by itself comes on top."""
    base = at(shot, _BASE_ISO)
    if base <= 0:
        return None
    stops = (base + at(shot, _AUTO_ISO)) / 32 - 5
    return round(100 * 2**stops) or None if abs(stops) <= _MOST_STOPS else None
