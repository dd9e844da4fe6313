"""Where a file is damaged that its decoder refused, in words for its owner."""

from __future__ import annotations

import struct

from utils.containers.jpeg_segments import START_OF_SCAN, segments
from utils.imaging.faults.ends import lacks_end, media_end, said_end
from utils.imaging.formats import Format


class DamagedError(OSError):
    """A reader of ours found what is wrong. Its text is written for the owner of the file."""


_HOLE_BYTES = 4096  # disks and downloads leave out whole sectors
_KB = 1000
_BELIEVED = 100  # a length of more than so many times the file's is damage itself


def damage(data: bytes, known: Format | None, *, otherwise: str = "") -> str:
    """Looks at what may explain a failure; never raises. `otherwise`: where nothing does."""
    otherwise = otherwise or _of_unknown_cause(known)
    try:
        return _cut_off(data, known) or never_written(data) or otherwise
    except (struct.error, IndexError, ValueError, OverflowError):
        return otherwise


def cut_off(present_bytes: int, wanted_bytes: int) -> str:
    """The sentence for a file that is shorter than it says."""
    present, wanted = _size(present_bytes), _size(wanted_bytes)
    if present == wanted:
        return f"the file is cut off: {wanted_bytes - present_bytes} bytes are missing at its end"
    return f"the file is cut off: it ends after {present} of {wanted}"


def _size(count: int) -> str:
    if count < _KB:
        return f"{count} bytes"
    if count < _KB**2:
        return f"{count / _KB:.3g} KB" if count < 100 * _KB else f"{count // _KB} KB"
    return f"{count / _KB**2:.1f} MB"


def _cut_off(data: bytes, known: Format | None) -> str | None:
    wanted = said_end(data, known)
    if wanted is not None and len(data) < wanted < _BELIEVED * len(data) + _KB**2:
        return cut_off(len(data), wanted)
    if known is Format.JPEG and not any(each.marker == START_OF_SCAN for each in segments(data)):
        return f"the file ends after {_size(len(data))}, before its picture begins"
    if lacks_end(data, known):
        return f"the file is cut off: it ends after {_size(len(data))}, within its picture"
    return None


def never_written(data: bytes) -> str | None:
    """Zeros up to the end: a copy or a download that stopped."""
    written = len(data.rstrip(b"\0"))
    if len(data) - written < _HOLE_BYTES:
        return None
    if not written:
        return "the file holds nothing but zeros"
    return f"the file is empty from {_size(written)} on, of {_size(len(data))}: its copy broke off"


def check_written(data: bytes, known: Format) -> None:
    """Decoders of WebP, HEIC and AVIF make something of a half that was never written.

    Raises:
        DamagedError: the data of the picture ends in zeros, as no encoder's does.
    """
    if known in (Format.WEBP, Format.HEIC, Format.AVIF) and (said := never_written(data)):
        end = said_end(data, known) if known is Format.WEBP else media_end(data)
        if end is None:
            return
        begin = max(0, min(end, len(data)) - _HOLE_BYTES)
        if not any(data[begin:end]):
            raise DamagedError(said)


def _of_unknown_cause(known: Format | None) -> str:
    if known is not None and known.is_raw:
        return (
            "the RAW data is damaged, or of a camera that this version of Photoseek does not know"
        )
    return "the picture data is damaged, or written in a way that no decoder here understands"
