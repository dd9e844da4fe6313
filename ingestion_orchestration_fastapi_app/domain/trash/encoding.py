"""Removed points as text and bytes, for a table that outlives versions of this program."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from uuid import UUID

import numpy as np
from pydantic import JsonValue, TypeAdapter

from ingestion_orchestration_fastapi_app.domain.files.artefacts import Artefact
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from utils.metadata.photo_metadata import Metadata

_METADATA = TypeAdapter(Metadata)
_ARTEFACTS = TypeAdapter(tuple[Artefact, ...])
_VECTOR = np.dtype("<f4")


def payload_text(point: Point) -> str:
    """All of it but its id, its root and its vector. Fields that are at their default are left
    out: those that come later read as theirs.
    """
    metadata: Mapping[str, JsonValue] = _METADATA.dump_python(
        point.metadata, mode="json", exclude_defaults=True
    )
    return json.dumps(
        {
            "path": _text(point.path),
            "display_path": point.display_path,
            "filename": point.filename,
            "sha256": point.sha256.hex(),
            "size_bytes": point.size_bytes,
            "mtime_ns": point.mtime_ns,
            "format": point.format,
            "width_px": point.width_px,
            "height_px": point.height_px,
            "phash": point.phash,
            "partial": point.partial,
            "pixel_source": point.pixel_source,
            "metadata": metadata,
            "fingerprint": point.fingerprint,
            "job_id": point.job_id,
            "companions": point.companions,
        }
    )


def vector_bytes(point: Point) -> bytes:
    return point.vector.astype(_VECTOR).tobytes()


def point_of(point_id: UUID, root_id: UUID, payload: str, vector: bytes) -> Point:
    """The other way. Its caption is a word, and is kept beside it."""
    given = json.loads(payload)
    given["path"] = given["path"].encode("utf-8", "surrogateescape")
    given["sha256"] = bytes.fromhex(given["sha256"])
    given["metadata"] = _METADATA.validate_python(given["metadata"])
    given["companions"] = tuple(given["companions"])
    numbers = np.frombuffer(vector, dtype=_VECTOR).astype(np.float32)
    return Point(id=point_id, root_id=root_id, vector=numbers, caption=None, **given)


def artefacts_text(artefacts: Sequence[Artefact]) -> str:
    return _ARTEFACTS.dump_json(tuple(artefacts), exclude_defaults=True).decode()


def artefacts_of(text: str) -> tuple[Artefact, ...]:
    return _ARTEFACTS.validate_json(text)


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")
