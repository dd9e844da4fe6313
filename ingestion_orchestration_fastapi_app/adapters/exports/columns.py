"""The columns of an export's Parquet files, and images as Arrow tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from ingestion_orchestration_fastapi_app.domain.transfer.exported import ExportedImage
from ingestion_orchestration_fastapi_app.domain.transfer.rows import (
    COLUMNS,
    THUMBNAIL,
    VECTOR,
    row_of,
)
from ingestion_orchestration_fastapi_app.ports.exports import Layout

_TEXT, _TEXTS = pa.string(), pa.list_(pa.string())
_TYPES: dict[str, Any] = {
    **dict.fromkeys(
        (
            *("id", "root_id", "path", "filename", "sha256", "format", "pixel_source"),
            *("taken_at_source", "camera_make", "camera_model", "lens", "title", "description"),
            *("software", "caption", "caption_model", "job_id", "reader_version"),
        ),
        _TEXT,
    ),
    **dict.fromkeys(("keywords", "companions", "own_tags"), _TEXTS),
    **dict.fromkeys(("path_bytes", THUMBNAIL), pa.binary()),
    **dict.fromkeys(("size_bytes", "mtime_ns", "ctime_ns", "sidecar_mark"), pa.int64()),
    **dict.fromkeys(
        (
            *("width_px", "height_px", "taken_at_offset_min", "iso", "rating"),
            *("sidecar_turn", "own_rating"),
        ),
        pa.int32(),
    ),
    **dict.fromkeys(
        ("focal_length_mm", "aperture_f", "exposure_s", "latitude", "longitude", "altitude_m"),
        pa.float64(),
    ),
    **dict.fromkeys(
        ("partial", "flash_fired", "favourite", "motion", "own_favourite", "mtime_trusted"),
        pa.bool_(),
    ),
    "phash": pa.uint64(),
    "taken_at": pa.timestamp("us"),
    "added_at": pa.timestamp("us", tz="UTC"),
}


def schema(layout: Layout) -> Any:
    names = [name for name in COLUMNS if name != THUMBNAIL or layout.thumbnails]
    columns = [pa.field(name, _TYPES[name]) for name in names]
    if layout.dim is not None:
        columns.append(pa.field(VECTOR, pa.list_(pa.float32(), layout.dim)))
    return pa.schema(columns)


def to_table(images: Sequence[ExportedImage], layout: Layout) -> Any:
    """In the order given. Blocking: some milliseconds for a thousand."""
    wanted = schema(layout)
    rows = [row_of(image) for image in images]
    arrays = [
        pa.array([row[field.name] for row in rows], field.type)
        for field in wanted
        if field.name != VECTOR
    ]
    if layout.dim is not None:
        vectors = np.asarray([image.point.vector for image in images], dtype=np.float32)
        arrays.append(pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), layout.dim))
    return pa.Table.from_arrays(arrays, schema=wanted)


def unlike(found: Any, *, dim: int | None) -> str | None:
    """Why a table of this schema is none of an export; None: it is one."""
    if len(set(found.names)) < len(found.names):
        return "two of its columns have one name"
    layout = Layout(dim, thumbnails=THUMBNAIL in found.names)
    for field in schema(layout):
        if field.name not in found.names:
            return f"it has no column {field.name!r}"
        if not found.field(field.name).type.equals(field.type):
            return f"its column {field.name!r} is of type {found.field(field.name).type}"
    return None


def to_rows(table: Any, *, dim: int | None) -> list[dict[str, object]]:
    """By column. A row that Python has no values for (a date in the year 20,000) is empty."""
    vectors = [None] * table.num_rows if dim is None else _vectors(table[VECTOR], dim)
    plain = table.select([name for name in table.column_names if name != VECTOR])
    try:
        rows = plain.to_pylist()
    except (ArithmeticError, ValueError):
        rows = [_row(plain.slice(at, 1)) for at in range(table.num_rows)]
    return [
        {**row, VECTOR: vector} if row else {} for row, vector in zip(rows, vectors, strict=True)
    ]


def _row(one: Any) -> dict[str, object]:
    try:
        row: dict[str, object] = one.to_pylist()[0]
    except (ArithmeticError, ValueError):
        return {}
    return row


def _vectors(column: Any, dim: int) -> list[object]:
    """None where there is none; a number that is not there is NaN."""
    found: list[object] = []
    for chunk in column.chunks:
        flat = chunk.values.to_numpy(zero_copy_only=False)
        numbers = np.asarray(flat, dtype=np.float32).reshape(-1, dim)
        numbers = numbers[chunk.offset : chunk.offset + len(chunk)]
        is_there = chunk.is_valid().to_numpy(zero_copy_only=False)
        found += [one if there else None for one, there in zip(numbers, is_there, strict=True)]
    return found
