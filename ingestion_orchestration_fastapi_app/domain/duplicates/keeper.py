"""Which image of a group to keep: the rule, and what it was decided by."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime

from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.domain.search.folding import is_raw
from utils.contract.duplicates.groups import KeptBy
from utils.metadata.photo_metadata import Metadata

# What a picture is developed from, then what lost nothing, then what lost least.
_FORMATS = ("tiff", "png", "jxl", "avif", "heic", "jp2", "jpeg", "webp", "bmp", "ppm", "gif")
# What says nothing of the picture itself, or of where a date comes from.
_NOT_COUNTED = frozenset({"taken_at_source", "sidecar_turn", "motion"})


def format_rank(name: str) -> int:
    """The less, the better. Unknown formats are last."""
    if is_raw(name):
        return 0
    return 1 + (_FORMATS.index(name) if name in _FORMATS else len(_FORMATS))


def metadata_count(metadata: Metadata) -> int:
    """How much is said."""
    said = (getattr(metadata, one.name) for one in fields(Metadata) if one.name not in _NOT_COUNTED)
    return sum(value is not None and value != () for value in said)


def decided_by(kept: Point, other: Point) -> KeptBy:
    """The first thing in which the one that is kept is better than the other."""
    if kept.partial != other.partial:
        return KeptBy.WHOLE
    if kept.width_px * kept.height_px != other.width_px * other.height_px:
        return KeptBy.PIXELS
    if format_rank(kept.format) != format_rank(other.format):
        return KeptBy.FORMAT
    if metadata_count(kept.metadata) != metadata_count(other.metadata):
        return KeptBy.METADATA
    if kept.mtime_ns != other.mtime_ns:
        return KeptBy.DATE
    if kept.size_bytes != other.size_bytes:
        return KeptBy.BYTES
    return KeptBy.ID


def reason_text(kept: Point, other: Point) -> str:
    """For people, of the one that is kept and the next best."""
    by = decided_by(kept, other)
    if by is KeptBy.WHOLE:
        return "its file is whole; the other's end is missing"
    if by is KeptBy.PIXELS:
        return f"more pixels: {_pixels(kept)} against {_pixels(other)}"
    if by is KeptBy.FORMAT:
        return f"the better format: {kept.format} against {other.format}"
    if by is KeptBy.METADATA:
        said, less = metadata_count(kept.metadata), metadata_count(other.metadata)
        return f"more metadata: {said} fields against {less}"
    if by is KeptBy.DATE:
        return f"the older file: {_day(kept)} against {_day(other)}"
    if by is KeptBy.BYTES:
        return f"the larger file: {kept.size_bytes:,} bytes against {other.size_bytes:,}"
    return "nothing tells them apart, so it is the first by its id"


def _pixels(point: Point) -> str:
    return f"{point.width_px} x {point.height_px}"


def _day(point: Point) -> str:
    try:
        return datetime.fromtimestamp(point.mtime_ns / 1e9, UTC).date().isoformat()
    except (OverflowError, OSError, ValueError):  # no calendar knows it
        return "an unknown day"
