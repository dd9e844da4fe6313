"""Points to the table's rows, and back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa

from ingestion_orchestration_fastapi_app.adapters.lance.reading import folded_columns
from ingestion_orchestration_fastapi_app.adapters.lance.schema import (
    DISPLAY_PATH,
    ID,
    PAYLOAD_COLUMNS,
    ROOT_ID,
    STORED_COLUMNS,
    VECTOR,
    schema,
)
from ingestion_orchestration_fastapi_app.domain.library.point import Point, Vector
from ingestion_orchestration_fastapi_app.errors import RowsRefused
from utils.metadata.photo_metadata import Metadata, TakenAtSource
from utils.text.storable import storable

NO_VECTOR: Vector = np.empty(0, dtype=np.float32)

UUID_FORM = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"

_UNIT_TOLERANCE = 0.01
_MAX_WHY = 300
# What Arrow and Python raise for a value that does not fit its column.
UNSTORABLE = (pa.ArrowException, ArithmeticError, AttributeError, TypeError, ValueError)


def are_unit(vectors: np.ndarray[Any, Any]) -> bool:
    """Whether every row is finite and of norm 1: a zeroed or foreign stretch of bytes is not."""
    norms = np.linalg.norm(vectors, axis=1)
    return bool(np.all(np.abs(norms - 1) <= _UNIT_TOLERANCE))  # false for NaN, too


def to_table(points: Sequence[Point], *, dim: int) -> Any:
    """An Arrow table in the order given. Numbers that a column cannot hold are left out.

    Raises:
        RowsRefused: some of the points cannot be rows.
        ValueError: a vector is not of shape (dim,) or not of norm 1: a mistake of the caller.
    """
    vectors = np.asarray([point.vector for point in points], dtype=np.float32)
    if vectors.shape != (len(points), dim):
        raise ValueError(f"vectors of shape {vectors.shape}, expected ({len(points)}, {dim})")
    if not are_unit(vectors):
        raise ValueError("a vector is not of norm 1")
    try:
        arrays = _arrays(points)
    except UNSTORABLE as exc:
        raise RowsRefused(_why_each(points)) from exc
    arrays.append(pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), dim))
    return pa.Table.from_arrays(arrays, schema=schema(dim))


def _arrays(points: Sequence[Point]) -> list[Any]:
    columns: dict[str, list[object]] = {field.name: [] for field in STORED_COLUMNS}
    for point in points:
        row = {
            name: storable(value) if isinstance(value, str) else value
            for name, value in _row(point).items()
        }
        for name, value in (row | folded_columns.folded_values(row)).items():
            columns[name].append(value)
    return [_array(columns[field.name], field) for field in STORED_COLUMNS]


def _array(values: list[object], field: Any) -> Any:
    if pa.types.is_floating(field.type):
        values = [_finite(value) for value in values]
    try:
        return pa.array(values, field.type)
    except UNSTORABLE:
        if not pa.types.is_integer(field.type):
            raise
        return pa.array([_held(value, field) for value in values], field.type)


def _finite(value: object) -> object:
    if not isinstance(value, (float, int)):
        return value
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _held(value: object, field: Any) -> object:
    """A number that the column holds: none, or the nearest where there must be one."""
    if not isinstance(value, int):
        return value
    bits, signed = field.type.bit_width, pa.types.is_signed_integer(field.type)
    least, most = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    if least <= value <= most:
        return value
    return None if field.nullable else max(least, min(value, most))


def _why_each(points: Sequence[Point]) -> dict[UUID, str]:
    """Of those that are no rows. Each is tried alone, as only a group with such a one is."""
    why: dict[UUID, str] = {}
    for point in points:
        try:
            _arrays([point])
        except UNSTORABLE as exc:
            why[point.id] = storable(f"its row cannot be written: {exc}")[:_MAX_WHY]
    if not why:
        raise AssertionError("rows that can be written one by one can be written together")
    return why


def _row(point: Point) -> dict[str, object]:
    metadata = point.metadata
    latitude, longitude = _place(metadata)
    return {
        ID: str(point.id),
        ROOT_ID: str(point.root_id),
        "path": point.path,
        DISPLAY_PATH: point.display_path,
        "filename": point.filename,
        "sha256": point.sha256,
        "size_bytes": point.size_bytes,
        "mtime_ns": point.mtime_ns,
        "format": point.format,
        "width_px": point.width_px,
        "height_px": point.height_px,
        "phash": point.phash,
        "partial": point.partial,
        "rung": point.pixel_source,
        "taken_at": metadata.taken_at,
        "camera_make": metadata.camera_make,
        "camera_model": metadata.camera_model,
        "latitude": latitude,
        "longitude": longitude,
        "taken_at_source": metadata.taken_at_source,
        "taken_at_offset_min": metadata.taken_at_offset_min,
        "lens": metadata.lens,
        "focal_length_mm": metadata.focal_length_mm,
        "aperture_f": metadata.aperture_f,
        "exposure_s": metadata.exposure_s,
        "iso": metadata.iso,
        "flash_fired": metadata.flash_fired,
        "altitude_m": metadata.altitude_m,
        "rating": metadata.rating,
        "title": metadata.title,
        "description": metadata.description,
        "keywords": [storable(word) for word in metadata.keywords] or None,
        "software": metadata.software,
        "favourite": metadata.favourite,
        "sidecar_turn": metadata.sidecar_turn,
        "motion": metadata.motion,
        "companions": [storable(name) for name in point.companions] or None,
        "caption": point.caption,
        "fingerprint": point.fingerprint,
        "job_id": point.job_id,
    }


def _place(metadata: Metadata) -> tuple[float | None, float | None]:
    """Both or neither, and on the globe."""
    latitude, longitude = metadata.latitude, metadata.longitude
    if latitude is None or longitude is None:
        return None, None
    there = -90 <= latitude <= 90 and -180 <= longitude <= 180
    return (latitude, longitude) if there else (None, None)


def to_points(table: Any) -> list[Point]:
    """The rows in order; without a vector column every vector is empty."""
    if VECTOR in table.schema.names:
        vectors = list(to_vectors(table))
    else:
        vectors = [NO_VECTOR] * table.num_rows
    rows = table.select(PAYLOAD_COLUMNS).to_pylist()
    return [_point(row, vector) for row, vector in zip(rows, vectors, strict=True)]


def to_vectors(table: Any) -> np.ndarray[Any, Any]:
    """float32, shape (rows, dim)."""
    column = table[VECTOR].combine_chunks()
    dim = table.schema.field(VECTOR).type.list_size
    flat = column.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, dtype=np.float32).reshape(-1, dim)


def _point(row: dict[str, Any], vector: Vector) -> Point:
    return Point(
        id=UUID(row[ID]),
        vector=vector,
        root_id=UUID(row[ROOT_ID]),
        path=row["path"],
        display_path=row[DISPLAY_PATH],
        filename=row["filename"],
        sha256=row["sha256"],
        size_bytes=row["size_bytes"],
        mtime_ns=row["mtime_ns"],
        format=row["format"],
        width_px=row["width_px"],
        height_px=row["height_px"],
        phash=row["phash"],
        partial=row["partial"],
        pixel_source=row["rung"],
        metadata=_metadata(row),
        caption=row["caption"],
        fingerprint=row["fingerprint"],
        job_id=row["job_id"],
        companions=tuple(row["companions"] or ()),
    )


def _metadata(row: dict[str, Any]) -> Metadata:
    source = row["taken_at_source"]
    return Metadata(
        taken_at=row["taken_at"],
        taken_at_source=None if source is None else TakenAtSource(source),
        taken_at_offset_min=row["taken_at_offset_min"],
        camera_make=row["camera_make"],
        camera_model=row["camera_model"],
        lens=row["lens"],
        focal_length_mm=row["focal_length_mm"],
        aperture_f=row["aperture_f"],
        exposure_s=row["exposure_s"],
        iso=row["iso"],
        flash_fired=row["flash_fired"],
        latitude=row["latitude"],
        longitude=row["longitude"],
        altitude_m=row["altitude_m"],
        rating=row["rating"],
        title=row["title"],
        description=row["description"],
        keywords=tuple(row["keywords"] or ()),
        software=row["software"],
        favourite=row["favourite"],
        sidecar_turn=row["sidecar_turn"],
        motion=row["motion"],
    )
