"""Points: one vector with what is known of its file, and what a search finds of them."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import numpy as np
import numpy.typing as npt

from ingestion_orchestration_fastapi_app.domain.captions.origin import CaptionOrigin
from ingestion_orchestration_fastapi_app.domain.library.annotations import Annotation
from ingestion_orchestration_fastapi_app.domain.library.picture import picture_key
from utils.metadata.photo_metadata import Metadata

Vector = npt.NDArray[np.float32]  # shape (dim,), unit norm


@dataclass(frozen=True, slots=True)
class Point:
    """One row of the vector store: one file's vector and payload."""

    id: UUID
    vector: Vector
    root_id: UUID
    path: bytes  # absolute
    display_path: str
    filename: str
    sha256: bytes
    size_bytes: int
    mtime_ns: int
    format: str
    width_px: int
    height_px: int
    phash: int  # 64 bits, unsigned
    partial: bool
    pixel_source: str
    metadata: Metadata
    caption: str | None
    fingerprint: str
    job_id: str
    annotation: Annotation | None = None  # joined where it is shown, as the caption is
    caption_origin: CaptionOrigin | None = None  # likewise
    companions: tuple[str, ...] = ()  # names of other files of the shot, in the same folder

    @property
    def picture_key(self) -> bytes:
        return picture_key(self.sha256, self.metadata.sidecar_turn)


@dataclass(frozen=True, slots=True)
class Hit:
    """A point found by a search. `score` is the cosine, -1 to 1; `point.vector` may be empty."""

    point: Point
    score: float


@dataclass(frozen=True, slots=True)
class QueryVector:
    """A unit vector, the model it belongs to, and whether the query's end was cut off.

    `templated`: it is the mean of several sentences that the query stands in.
    """

    vector: Vector
    fingerprint: str
    truncated: bool = False
    templated: bool = False
