"""Stored images as their pictures and files are served: what is needed for it, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.library.picture import picture_key
from ingestion_orchestration_fastapi_app.domain.library.point import Point


@dataclass(frozen=True, slots=True)
class StoredImage:
    """The catalogue knows it by its id. `path` is absolute; `fingerprint` is that of the model that
    its vector is of. The rest is as in `Point` and its metadata.
    """

    id: UUID
    root_id: UUID
    path: bytes
    sha256: bytes
    size_bytes: int
    width_px: int
    height_px: int
    phash: int
    sidecar_turn: int | None
    fingerprint: str

    @classmethod
    def of(cls, point: Point) -> StoredImage:
        return cls(
            id=point.id,
            root_id=point.root_id,
            path=point.path,
            sha256=point.sha256,
            size_bytes=point.size_bytes,
            width_px=point.width_px,
            height_px=point.height_px,
            phash=point.phash,
            sidecar_turn=point.metadata.sidecar_turn,
            fingerprint=point.fingerprint,
        )

    @property
    def picture_key(self) -> bytes:
        return picture_key(self.sha256, self.sidecar_turn)

    @property
    def display_path(self) -> str:
        return display_text(self.path)

    @property
    def filename(self) -> str:
        return display_text(self.path.rpartition(b"/")[2])
