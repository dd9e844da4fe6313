"""One image as an export holds it: its point, and what the ledger, words and cache know of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ingestion_orchestration_fastapi_app.domain.files.file import FileStat
from ingestion_orchestration_fastapi_app.domain.library.point import Point


@dataclass(frozen=True, slots=True)
class SeenFile:
    """How the file looked when its content was read, and by which readers it was."""

    stat: FileStat
    mtime_trusted: bool
    reader_version: str | None


@dataclass(frozen=True, slots=True)
class ExportedImage:
    """`point` has its caption, and what people say of it. `thumbnail` is WebP.

    `seen`: None where the ledger does not know the file, or knows it with another content by now.
    """

    point: Point
    caption_model: str | None = None
    seen: SeenFile | None = None
    added_at: datetime | None = None
    thumbnail: bytes | None = None


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that cannot be an image. `path` and `point_id` as it says them, for people."""

    reason: str
    path: str = ""
    point_id: str = ""
