"""The table's typed schema: which columns there are, and whether a table that is there has them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from ingestion_orchestration_fastapi_app.adapters.lance.reading import folded_columns

ID = "id"
ROOT_ID = "root_id"
VECTOR = "vector"
DISPLAY_PATH = "display_path"
_NUMBER = pa.float32()

# Ids are text: SQL conditions and the index on them need no binary literals, and the order of
# the text is the order of the UUIDs.
_PAYLOAD = (
    pa.field(ID, pa.string(), nullable=False),
    pa.field(ROOT_ID, pa.string(), nullable=False),
    pa.field("path", pa.binary(), nullable=False),
    pa.field(DISPLAY_PATH, pa.string(), nullable=False),
    pa.field("filename", pa.string(), nullable=False),
    pa.field("sha256", pa.binary(), nullable=False),
    pa.field("size_bytes", pa.int64(), nullable=False),
    pa.field("mtime_ns", pa.int64(), nullable=False),
    pa.field("format", pa.string(), nullable=False),
    pa.field("width_px", pa.int32(), nullable=False),
    pa.field("height_px", pa.int32(), nullable=False),
    pa.field("phash", pa.uint64(), nullable=False),
    pa.field("partial", pa.bool_(), nullable=False),
    pa.field("rung", pa.string(), nullable=False),  # the point's `pixel_source`
    pa.field("taken_at", pa.timestamp("us")),
    pa.field("camera_make", pa.string()),
    pa.field("camera_model", pa.string()),
    pa.field("latitude", pa.float64()),
    pa.field("longitude", pa.float64()),
    pa.field("caption", pa.string()),
    pa.field("fingerprint", pa.string(), nullable=False),
    pa.field("job_id", pa.string(), nullable=False),
)
# What tables of earlier versions lack. They get these columns when they are opened, so every one
# may be null; names and types stay as they are for good.
_ADDED = (
    pa.field("taken_at_source", pa.string()),
    pa.field("taken_at_offset_min", pa.int32()),
    pa.field("lens", pa.string()),
    pa.field("focal_length_mm", pa.float64()),
    pa.field("aperture_f", pa.float64()),
    pa.field("exposure_s", pa.float64()),
    pa.field("iso", pa.int32()),
    pa.field("flash_fired", pa.bool_()),
    pa.field("altitude_m", pa.float64()),
    pa.field("rating", pa.int32()),
    pa.field("title", pa.string()),
    pa.field("description", pa.string()),
    pa.field("keywords", pa.list_(pa.string())),  # null where there is none
    pa.field("software", pa.string()),
    pa.field("favourite", pa.bool_()),
    pa.field("sidecar_turn", pa.int32()),
    pa.field("motion", pa.bool_()),
    pa.field("companions", pa.list_(pa.string())),  # null where there is none
)
_COLUMNS = (*_PAYLOAD, *_ADDED)
PAYLOAD_COLUMNS = tuple(field.name for field in _COLUMNS)
STORED_COLUMNS = (*_COLUMNS, *folded_columns.COLUMNS)


def schema(dim: int) -> Any:
    """The Arrow schema of a collection whose vectors have `dim` numbers."""
    return pa.schema([*STORED_COLUMNS, pa.field(VECTOR, pa.list_(_NUMBER, dim), nullable=False)])


def dim_of(found: Any) -> int:
    """Of a table of this schema: how many numbers its vectors have."""
    return int(found.field(VECTOR).type.list_size)


def missing(found: Any) -> list[Any]:
    """The columns that a table of this schema, made by an earlier version, has not got.

    Without those that must be filled, too.
    """
    return [field for field in _ADDED if field.name not in found.names]


def unlike(found: Any, *, dim: int | None = None) -> str | None:
    """Why a table of this schema is none that can be used; None: it is one.

    `dim`: how many numbers its vectors must have; None: any number. Columns that this version does
    not know are no fault.
    """
    for field in _PAYLOAD:
        if field.name not in found.names or found.field(field.name).type != field.type:
            return f"it has no column {field.name!r} of the kind that this version reads"
    vector = found.field(VECTOR).type if VECTOR in found.names else None
    if vector is None or not pa.types.is_fixed_size_list(vector) or vector.value_type != _NUMBER:
        return "it holds no vectors"
    if dim not in (None, vector.list_size):
        return f"its vectors have {vector.list_size} numbers, and the collection's have {dim}"
    return None
