"""What a file says of its picture: when, with which camera, where. Never fails the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import structlog

from utils.containers.byte_source import ByteSource
from utils.imaging.formats import Format, extension
from utils.metadata.beside.name_dates import times_in_path
from utils.metadata.beside.takeout import is_json, read_takeout
from utils.metadata.beside.turns import further_turn
from utils.metadata.capture_time import Times, file_moment, most_trusted
from utils.metadata.embedded import Sources, read_embedded
from utils.metadata.photo_metadata import Metadata, TakenAtSource
from utils.metadata.text import keywords
from utils.metadata.xmp import read_xmp_sidecar

log = structlog.get_logger(__name__)
NOTHING = Metadata()
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
    found = Sources()
    try:
        for sidecar in sidecars:
            _add_sidecar(found, sidecar, extension(path))
        read_embedded(found, data, known)
    except Exception as exc:  # noqa: BLE001  # a gap in these readers costs metadata, not the file
        log.warning("metadata_unreadable", format=known.value, error=repr(exc))
    last = (*found.others, *found.notes)
    technical = [*found.exif, *found.sidecars, *found.xmp, *found.takeout, *last]
    written = [*found.sidecars, *found.takeout, *found.xmp, *found.iptc, *found.exif, *last]
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
    # Only where nothing was written down: to look through names takes as long as a small EXIF.
    times = found.times if any(found.times) else [*_guessed_times(path, mtime_ns)]
    return _timed(_placed(metadata, technical), times)


def _add_sidecar(found: Sources, sidecar: bytes, of_extension: str) -> None:
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


def _sidecar_turn(found: Sources, known: Format) -> int | None:
    """None where nothing is left to turn.

    A RAW's decoder turns it by what the camera says, in EXIF or elsewhere: where that was not
    found, it cannot be told how much is left.
    """
    wanted, done = found.sidecar_orientation, found.orientation
    if wanted is None or (known.is_raw and done is None):
        return None
    turn = further_turn(done or 1, wanted)
    return None if turn == 1 else turn


def _first(values: Iterable[T | None]) -> T | None:
    return next((value for value in values if value is not None), None)


def _keywords(found: Sources) -> tuple[str, ...]:
    """Of the first sidecar that has any; otherwise all that are embedded."""
    beside = next((each.keywords for each in found.sidecars if each.keywords), None)
    if beside is not None:
        return beside
    embedded = (*found.xmp, *found.iptc, *found.exif, *found.others)
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
