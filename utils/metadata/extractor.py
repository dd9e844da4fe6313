"""What a file says of its picture: when, with which camera, where. Never fails the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import structlog

from utils.containers.byte_source import ByteSource
from utils.containers.motion_photo import holds_film
from utils.containers.tiff import IPTC, PHOTOSHOP, XMP, Directory
from utils.imaging.formats import Format, extension
from utils.metadata.beside.name_dates import times_in_path
from utils.metadata.beside.takeout import is_json, read_takeout
from utils.metadata.beside.turns import further_turn
from utils.metadata.blocks import metadata_blocks
from utils.metadata.capture_time import Times, file_moment, most_trusted
from utils.metadata.ciff import read_ciff
from utils.metadata.exif import exif_directories, read_exif
from utils.metadata.iptc import iptc_resources, read_iptc
from utils.metadata.photo_metadata import Metadata, TakenAtSource
from utils.metadata.text import keywords
from utils.metadata.xmp import read_xmp, read_xmp_sidecar

log = structlog.get_logger(__name__)
NOTHING = Metadata()
_ORIENTATION = 0x0112
_WITH_FILMS = frozenset({Format.JPEG, Format.HEIC, Format.AVIF})
_AHEAD = timedelta(days=1)  # of UTC: no clock of a photographer is further
T = TypeVar("T")


def extract_metadata(
    data: ByteSource,
    known: Format,
    *,
    sidecars: Sequence[bytes] = (),
    path: str = "",
    mtime_ns: int | None = None,
) -> Metadata:
    """Reads what can be read; milliseconds, no pixels. Blocking: call it from a worker thread.

    Of two values EXIF's is taken where a camera knows best, XMP's where people write: and there
    the sidecars', in their order, before what is embedded; Google Takeout's JSON stands behind the
    other sidecars, and where cameras know best behind everything. Where nothing else says the
    time, the names in `path` (its folder's and the file's) are asked, and at last `mtime_ns`.
    """
    found = _Sources()
    try:
        for sidecar in sidecars:
            _add_sidecar(found, sidecar, extension(path))
        _read_blocks(found, data, known)
    except Exception as exc:  # noqa: BLE001  # a gap in these readers costs metadata, not the file
        log.warning("metadata_unreadable", format=known.value, error=repr(exc))
    technical = [*found.exif, *found.sidecars, *found.xmp, *found.takeout]
    written = [*found.sidecars, *found.takeout, *found.xmp, *found.iptc, *found.exif]
    metadata = Metadata(
        camera_make=_first(each.camera_make for each in technical),
        camera_model=_first(each.camera_model for each in technical),
        lens=_first(each.lens for each in technical),
        focal_length_mm=_first(each.focal_length_mm for each in technical),
        aperture_f=_first(each.aperture_f for each in technical),
        exposure_s=_first(each.exposure_s for each in technical),
        iso=_first(each.iso for each in technical),
        flash_fired=_first(each.flash_fired for each in technical),
        software=_first(each.software for each in technical),
        rating=_first(each.rating for each in written),
        title=_first(each.title for each in written),
        description=_first(each.description for each in written),
        keywords=_keywords(found),
        favourite=_first(each.favourite for each in found.takeout),
        sidecar_turn=_sidecar_turn(found, known),
        motion=found.motion or None,
    )
    times = [*found.times, *_guessed_times(path, mtime_ns)]
    return _timed(_placed(metadata, technical), times)


@dataclass(frozen=True, slots=True)
class Inside:
    """`said`: what each block said, by its kind. `orientation`: EXIF's, 1 to 8."""

    orientation: int | None
    said: tuple[tuple[str, Metadata], ...]


def said_inside(data: ByteSource, known: Format) -> Inside:
    """For those who ask where a value comes from. As `extract_metadata`: never raises, blocks."""
    found = _Sources()
    with suppress(Exception):
        _read_blocks(found, data, known)
    kinds = (("exif", found.exif), ("xmp", found.xmp), ("iptc", found.iptc))
    said = tuple((name, each) for name, blocks in kinds for each in blocks)
    return Inside(found.orientation, said)


@dataclass(slots=True)
class _Sources:
    """What each kind of block said, in the order found; times in the order of trust."""

    sidecars: list[Metadata] = field(default_factory=list)
    takeout: list[Metadata] = field(default_factory=list)
    xmp: list[Metadata] = field(default_factory=list)
    iptc: list[Metadata] = field(default_factory=list)
    exif: list[Metadata] = field(default_factory=list)
    times: list[Times] = field(default_factory=list)
    orientation: int | None = None  # by EXIF
    sidecar_orientation: int | None = None
    motion: bool = False


def _read_blocks(found: _Sources, data: ByteSource, known: Format) -> None:
    blocks = metadata_blocks(data, known)
    directories = [each for block in blocks.exif for each in exif_directories(block)]
    turns = (each.integer(_ORIENTATION) for each in directories)
    found.orientation = next((turn for turn in turns if turn in range(1, 9)), None)
    if directories or known is Format.CRW:
        metadata, times = read_exif(directories) if directories else read_ciff(data)
        found.exif.append(metadata)
        found.times.insert(0, times)  # its GPS time before that of XMP
    if known in _WITH_FILMS:
        found.motion = holds_film(data, blocks.xmp, is_heif=known is not Format.JPEG)
    for block in (*blocks.xmp, *_within(directories, XMP)):
        _add_xmp(found.xmp, found.times, block)
    resources = (*blocks.photoshop, *_within(directories, PHOTOSHOP))
    bare = (one for each in resources for one in iptc_resources(each))
    found.iptc.extend(read_iptc(block) for block in (*bare, *_within(directories, IPTC)))


def _within(directories: Iterable[Directory], tag: int) -> Iterator[bytes]:
    return (block for each in directories if (block := each.block(tag)))


def _add_sidecar(found: _Sources, sidecar: bytes, of_extension: str) -> None:
    """XMP or Google Takeout's JSON. XMP that names another extension is another file's."""
    if is_json(sidecar):
        takeout = read_takeout(sidecar)
        if takeout is not None:
            found.takeout.append(takeout[0])
            found.times.append(takeout[1])
        return
    said = read_xmp_sidecar(sidecar)
    if of_extension and said.for_extension not in ("", of_extension):
        return
    found.sidecars.append(said.metadata)
    found.sidecar_orientation = found.sidecar_orientation or said.orientation
    found.times.append(said.times)


def _sidecar_turn(found: _Sources, known: Format) -> int | None:
    """None where nothing is left to turn.

    A RAW's decoder turns it by what the camera says, in EXIF or elsewhere: where that was not
    found, it cannot be told how much is left.
    """
    wanted, done = found.sidecar_orientation, found.orientation
    if wanted is None or (known.is_raw and done is None):
        return None
    turn = further_turn(done or 1, wanted)
    return None if turn == 1 else turn


def _add_xmp(to: list[Metadata], times: list[Times], block: bytes) -> None:
    metadata, found = read_xmp(block)
    to.append(metadata)
    times.append(found)


def _first(values: Iterable[T | None]) -> T | None:
    return next((value for value in values if value is not None), None)


def _keywords(found: _Sources) -> tuple[str, ...]:
    """Of the first sidecar that has any; otherwise all that are embedded."""
    beside = next((each.keywords for each in found.sidecars if each.keywords), None)
    if beside is not None:
        return beside
    embedded = (*found.xmp, *found.iptc, *found.exif)
    return keywords(word for each in embedded for word in each.keywords)


def _placed(metadata: Metadata, sources: Iterable[Metadata]) -> Metadata:
    """Latitude, longitude and altitude are of one source."""
    place = next((each for each in sources if each.latitude is not None), NOTHING)
    return replace(
        metadata,
        latitude=place.latitude,
        longitude=place.longitude,
        altitude_m=place.altitude_m,
    )


def _guessed_times(path: str, mtime_ns: int | None) -> Iterator[Times]:
    written = None if mtime_ns is None else file_moment(mtime_ns)
    latest = datetime.now(UTC).replace(tzinfo=None) + _AHEAD
    at = None if written is None else written.at
    yield times_in_path(path, written=at, latest=latest)
    if written is not None:
        yield ((TakenAtSource.FILE_MTIME, written),)


def _timed(metadata: Metadata, times: Iterable[Times]) -> Metadata:
    chosen = most_trusted(one for each in times for one in each)
    if chosen is None:
        return metadata
    source, moment = chosen
    return replace(
        metadata,
        taken_at=moment.at,
        taken_at_source=source,
        taken_at_offset_min=moment.offset_min,
    )
