"""Rows of an export: their columns and bounds, images as rows, and what a foreign row must be.

The columns are a part of the format (docs/undo-and-backup.md): names and types stay, and a new one
comes with another `FORMAT_VERSION`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC
from typing import Annotated, Any, Self
from uuid import UUID

import numpy as np
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    NaiveDatetime,
    ValidationError,
    model_validator,
)

from ingestion_orchestration_fastapi_app.domain.files.file import FileStat, Root
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text, point_id
from ingestion_orchestration_fastapi_app.domain.library.annotations import Annotation
from ingestion_orchestration_fastapi_app.domain.library.annotations.annotation import MAX_TAGS
from ingestion_orchestration_fastapi_app.domain.library.point import Point, Vector
from ingestion_orchestration_fastapi_app.domain.transfer.exported import (
    ExportedImage,
    RefusedRow,
    SeenFile,
)
from ingestion_orchestration_fastapi_app.domain.transfer.manifest import Manifest, fault_text
from utils.contract.images import Format, TakenAtSource
from utils.metadata.photo_metadata import Metadata
from utils.problems import ValidationProblem

NORM_TOLERANCE = 1e-3
MAX_THUMBNAIL_BYTES = 512 * 1024
MAX_ID_CHARACTERS = 64
_INT32, _INT64 = 2**31 - 1, 2**63 - 1
_FORMATS, _SOURCES = frozenset(Format), frozenset(TakenAtSource)
_MOST_CHARACTERS = 65_536
_MOST_WORDS = 4096


def _not_zeroed(text: str) -> str:
    if "\0" in text:
        raise ValueError("it holds a NUL")
    return text


_Text = Annotated[str, Field(max_length=_MOST_CHARACTERS), AfterValidator(_not_zeroed)]
_Word = Annotated[str, Field(max_length=1024), AfterValidator(_not_zeroed)]
_Words = Annotated[list[_Word], Field(max_length=_MOST_WORDS)]
_Id = Annotated[str, Field(max_length=MAX_ID_CHARACTERS, pattern=r"^[0-9A-Za-z_.:-]*$")]
_Model = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,255}$")]
_Uuid = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
_Size = Annotated[int, Field(ge=0, le=_INT64)]
_Whole = Annotated[int, Field(ge=-_INT64 - 1, le=_INT64)]
_Small = Annotated[int, Field(ge=-_INT32 - 1, le=_INT32)]
_Side = Annotated[int, Field(ge=1, le=_INT32)]
_Number = Annotated[float, Field(allow_inf_nan=False)]
_Tag = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Row(BaseModel):
    """In the order of the columns. `path` is for people: `path_bytes` is what counts."""

    model_config = ConfigDict(strict=True, extra="ignore")

    id: _Uuid
    root_id: _Uuid
    path: str
    path_bytes: Annotated[bytes, Field(min_length=2, max_length=4096)]
    filename: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size_bytes: _Size
    mtime_ns: _Whole
    format: str
    width_px: _Side
    height_px: _Side
    phash: Annotated[int, Field(ge=0, le=2**64 - 1)]
    partial: bool
    pixel_source: Annotated[str, Field(pattern="^(image|preview|developed)$")]
    taken_at: NaiveDatetime | None = None
    taken_at_source: Annotated[str, Field(max_length=64)] | None = None
    taken_at_offset_min: Annotated[int, Field(ge=-10_000, le=10_000)] | None = None
    camera_make: _Word | None = None
    camera_model: _Word | None = None
    lens: _Word | None = None
    focal_length_mm: _Number | None = None
    aperture_f: _Number | None = None
    exposure_s: _Number | None = None
    iso: _Small | None = None
    flash_fired: bool | None = None
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    altitude_m: _Number | None = None
    rating: _Small | None = None
    title: _Text | None = None
    description: _Text | None = None
    keywords: _Words = []
    software: _Word | None = None
    favourite: bool | None = None
    sidecar_turn: Annotated[int, Field(ge=2, le=8)] | None = None
    motion: bool | None = None
    companions: _Words = []
    caption: _Text | None = None
    caption_model: _Model | None = None
    own_rating: Annotated[int, Field(ge=-1, le=5)] | None = None
    own_favourite: bool | None = None
    own_tags: Annotated[list[_Tag], Field(max_length=MAX_TAGS)] = []
    added_at: AwareDatetime | None = None
    job_id: _Id = ""
    ctime_ns: _Whole | None = None
    sidecar_mark: _Whole | None = None
    mtime_trusted: bool | None = None
    reader_version: _Id | None = None
    thumbnail: Annotated[bytes, Field(max_length=MAX_THUMBNAIL_BYTES)] | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude: both or neither")
        if self.thumbnail is not None and not _is_webp(self.thumbnail):
            raise ValueError("thumbnail: it is no WebP")
        return self


COLUMNS = tuple(Row.model_fields)
VECTOR, THUMBNAIL = "vector", "thumbnail"
_OF_METADATA = tuple(one.name for one in fields(Metadata))


class _RefusedError(Exception):
    """Why a row cannot be an image."""


def row_of(image: ExportedImage) -> dict[str, Any]:
    """By column, without the vector."""
    point, said, seen = image.point, image.point.annotation or Annotation(), image.seen
    row = {name: getattr(point.metadata, name) for name in _OF_METADATA}
    source = point.metadata.taken_at_source
    row |= {
        "id": str(point.id),
        "root_id": str(point.root_id),
        "path": point.display_path,
        "path_bytes": point.path,
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
        "taken_at_source": None if source is None else source.value,
        "keywords": list(point.metadata.keywords),
        "companions": list(point.companions),
        "caption": point.caption,
        "caption_model": image.caption_model,
        "own_rating": said.rating,
        "own_favourite": said.favourite,
        "own_tags": list(said.tags),
        "added_at": image.added_at,
        "job_id": point.job_id,
        "ctime_ns": None if seen is None else seen.stat.ctime_ns,
        "sidecar_mark": None if seen is None else seen.stat.sidecar_mark,
        "mtime_trusted": None if seen is None else seen.mtime_trusted,
        "reader_version": None if seen is None else seen.reader_version,
        "thumbnail": image.thumbnail,
    }
    return {name: row[name] for name in COLUMNS}


class Reading:
    """Rows of one export, checked one by one: nothing that a foreign file says is believed."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._roots = {str(one.id): one.root for one in manifest.collection.roots}

    def image(self, row: Mapping[str, object]) -> ExportedImage | RefusedRow:
        """`row` by column, the vector as an array of float32."""
        try:
            said = Row.model_validate({name: row[name] for name in COLUMNS if name in row})
            return self._image(said, self._vector(row.get(VECTOR)))
        except ValidationError as exc:
            reason = fault_text(exc)
        except (_RefusedError, ValidationProblem) as exc:
            reason = str(exc)
        return RefusedRow(reason[:300], _shown(row.get("path")), _shown(row.get("id")))

    def _image(self, row: Row, vector: Vector) -> ExportedImage:
        root = self._roots.get(row.root_id)
        if root is None:
            raise _RefusedError("root_id: it is none of the export's roots")
        relative = _relative(row.path_bytes, root)
        image_id = UUID(row.id)
        if point_id(self._manifest.collection.identity, root.id, relative) != image_id:
            raise _RefusedError("id: it is not that of the collection, the root and the path")
        if row.format not in _FORMATS:
            raise _RefusedError("format: it is none that this Photoseek reads")
        point = Point(
            id=image_id,
            vector=vector,
            root_id=root.id,
            path=row.path_bytes,
            display_path=display_text(row.path_bytes),
            filename=display_text(row.path_bytes.rpartition(b"/")[2]),
            sha256=bytes.fromhex(row.sha256),
            size_bytes=row.size_bytes,
            mtime_ns=row.mtime_ns,
            format=row.format,
            width_px=row.width_px,
            height_px=row.height_px,
            phash=row.phash,
            partial=row.partial,
            pixel_source=row.pixel_source,
            metadata=_metadata(row),
            caption=row.caption,
            fingerprint=self._manifest.model.fingerprint,
            job_id=row.job_id,
            annotation=_annotation(row),
            companions=tuple(row.companions),
        )
        caption_model = None if row.caption is None else row.caption_model
        added_at = None if row.added_at is None else row.added_at.astimezone(UTC)
        return ExportedImage(point, caption_model, _seen(row), added_at, row.thumbnail)

    def _vector(self, found: object) -> Vector:
        dim = self._manifest.model.dim
        if not isinstance(found, np.ndarray) or found.shape != (dim,):
            raise _RefusedError(f"vector: it has not {dim} numbers")
        norm = float(np.linalg.norm(found.astype(np.float64)))
        if not abs(norm - 1) <= NORM_TOLERANCE:  # not of NaN, either
            raise _RefusedError(f"vector: its norm is {norm:.6g}")
        return found


def _relative(path: bytes, root: Root) -> bytes:
    top = root.path.rstrip(b"/") + b"/"
    relative = path[len(top) :]
    if not path.startswith(top) or b"\0" in path:
        raise _RefusedError("path_bytes: it does not lie in its root")
    if any(name in (b"", b".", b"..") for name in relative.split(b"/")):
        raise _RefusedError("path_bytes: it holds dots or empty names")
    return relative


def _metadata(row: Row) -> Metadata:
    values: dict[str, Any] = {name: getattr(row, name) for name in _OF_METADATA}
    source = row.taken_at_source
    if source is not None and source not in _SOURCES:
        raise _RefusedError("taken_at_source: it is none that this Photoseek knows")
    values["taken_at_source"] = None if source is None else TakenAtSource(source)
    values["keywords"] = tuple(row.keywords)
    return Metadata(**values)


def _annotation(row: Row) -> Annotation | None:
    said = Annotation.of(rating=row.own_rating, favourite=row.own_favourite, tags=row.own_tags)
    return None if said == Annotation() else said


def _seen(row: Row) -> SeenFile | None:
    if row.ctime_ns is None or row.sidecar_mark is None or row.mtime_trusted is None:
        return None
    stat = FileStat(row.size_bytes, row.mtime_ns, row.ctime_ns, row.sidecar_mark)
    return SeenFile(stat, row.mtime_trusted, row.reader_version)


def _is_webp(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def _shown(said: object) -> str:
    return said[:4096] if isinstance(said, str) else ""
