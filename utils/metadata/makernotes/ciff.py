"""CIFF, the heaps of Canon's CRW: what stands in no EXIF there, camera, time and exposure.

Where each value lies and how it is coded is documented by ExifTool's tables "CanonRaw Tags" and
"Canon Tags" (ShotInfo, FocalLength, CameraSettings): exiftool.org/TagNames.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import datetime, timedelta

from utils.containers.byte_source import ByteSource
from utils.metadata.capture_time import Moment, Times
from utils.metadata.makernotes.canon import at, lens_of, shot_iso
from utils.metadata.photo_metadata import Metadata, TakenAtSource
from utils.metadata.text import exposure_of_apex, f_number_of_apex, one_line, positive
from utils.text.old_encodings import decoded_text

_MAKE_MODEL, _CAPTURED, _EXPOSURE = 0x080A, 0x180E, 0x1818
_FOCAL_LENGTH, _SHOT, _SETTINGS = 0x1029, 0x102A, 0x102D
# Places in these lists of 16 bit; the first of a shot and of settings is their length in bytes.
_LENGTH, _UNITS_A_MM = 1, 25
_AIM_APERTURE, _AIM_TIME, _APERTURE, _TIME = 4, 5, 21, 22
_MOST_STOPS = 24  # either way
_IN_ENTRY, _TYPE_BITS, _HEAPS = 0x4000, 0x3800, (0x2800, 0x3000)
_MAX_HEAPS, _MAX_ENTRIES, _MAX_VALUE_BYTES = 32, 512, 1024
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # the camera counts by its own wall clock


def read_ciff(data: ByteSource) -> tuple[Metadata, Times]:
    """As far as it can be read; never raises."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 26:
        return Metadata(), ()
    (header_bytes,) = struct.unpack(order + "I", data[2:6])
    found: dict[int, bytes] = {}
    for tag, value in _values(data, order, header_bytes):
        found.setdefault(tag, value)
    names = [*found.get(_MAKE_MODEL, b"").split(b"\0"), b"", b""]
    shot = _numbers(found.get(_SHOT, b""), order)
    settings = _numbers(found.get(_SETTINGS, b""), order)
    _, speed, aperture = _powers(found.get(_EXPOSURE, b""), order)
    metadata = Metadata(
        camera_make=one_line(decoded_text(names[0])),
        camera_model=one_line(decoded_text(names[1])),
        lens=lens_of(settings),
        focal_length_mm=_focal_length_mm(found, order),
        aperture_f=_aperture_f(shot) or _rounded(f_number_of_apex(aperture) or 0),
        exposure_s=_exposure_s(shot) or _rounded(exposure_of_apex(speed) or 0),
        iso=shot_iso(shot),
    )
    captured = found.get(_CAPTURED, b"")
    seconds = struct.unpack_from(order + "I", captured)[0] if len(captured) >= 4 else 0
    if not seconds:
        return metadata, ()
    when = Moment(_EPOCH + timedelta(seconds=seconds))
    return metadata, ((TakenAtSource.DATE_TIME_ORIGINAL, when),)


def _numbers(value: bytes, order: str) -> tuple[int, ...]:
    count = len(value) // 2
    return struct.unpack(f"{order}{count}h", value[: 2 * count])


def _powers(value: bytes, order: str) -> tuple[float | None, float | None, float | None]:
    """Compensation, time and aperture, in stops."""
    if len(value) < 12:
        return None, None, None
    compensation, speed, aperture = struct.unpack_from(order + "3f", value)
    return compensation, speed or None, aperture or None


def _focal_length_mm(found: dict[int, bytes], order: str) -> float | None:
    length = at(_numbers(found.get(_FOCAL_LENGTH, b""), order), _LENGTH) & 0xFFFF
    units = at(_numbers(found.get(_SETTINGS, b""), order), _UNITS_A_MM) & 0xFFFF
    return positive(length / (units or 1), most=100_000)


def _aperture_f(shot: tuple[int, ...]) -> float | None:
    """What was set, or else what the light meter aimed at."""
    coded = at(shot, _APERTURE) or at(shot, _AIM_APERTURE)
    return _rounded(2 ** (_ev(coded) / 2)) if coded > 0 else None


def _exposure_s(shot: tuple[int, ...]) -> float | None:
    """0 is one second, but only where the aperture beside it is known."""
    both = ((_APERTURE, _TIME), (_AIM_APERTURE, _AIM_TIME))
    coded = next((at(shot, time) for aperture, time in both if at(shot, aperture) > 0), None)
    return None if coded is None else _rounded(2 ** -_ev(coded))


def _ev(coded: int) -> float:
    """Canon counts 32nds of a stop, but writes thirds as 12 and 20."""
    stops, rest = divmod(min(abs(coded), 32 * _MOST_STOPS), 32)
    whole = stops + {12: 1 / 3, 20: 2 / 3}.get(rest, rest / 32)
    return -whole if coded < 0 else whole


def _rounded(number: float) -> float | None:
    """To three figures: the codes are no finer."""
    return positive(float(f"{number:.3g}"), most=10_000_000)


def _values(data: ByteSource, order: str, start: int) -> Iterator[tuple[int, bytes]]:
    """Tag and value of what is short, heap by heap; a heap that holds itself ends it."""
    heaps = [(start, len(data))]
    for _ in range(_MAX_HEAPS):
        if not heaps:
            return
        start, end = heaps.pop(0)
        if end - start < 6 or end > len(data):
            continue
        (place,) = struct.unpack(order + "I", data[end - 4 : end])
        directory = start + place
        if directory + 2 > end:
            continue
        (count,) = struct.unpack(order + "H", data[directory : directory + 2])
        last = min(directory + 2 + 10 * min(count, _MAX_ENTRIES), end) - 9
        for entry in range(directory + 2, last, 10):
            tag, size, offset = struct.unpack(order + "HII", data[entry : entry + 10])
            if tag & _IN_ENTRY:
                yield tag & 0x3FFF, data[entry + 2 : entry + 10]
            elif tag & _TYPE_BITS in _HEAPS:
                heaps.append((start + offset, start + offset + size))
            elif size <= _MAX_VALUE_BYTES:
                yield tag & 0x3FFF, data[start + offset : start + offset + size]
