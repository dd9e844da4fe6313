"""How a file, its content, its picture and its vector become one point."""

from __future__ import annotations

from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Content
from ingestion_orchestration_fastapi_app.domain.library.picture import Picture
from ingestion_orchestration_fastapi_app.domain.library.point import Point, Vector


def point_of(
    content: Content,
    picture: Picture,
    vector: Vector,
    *,
    point_id: UUID,
    caption: str | None,
    fingerprint: str,
    job_id: str,
) -> Point:
    """The row to store. `content.data` is not needed and may be empty."""
    path = content.file.absolute
    return Point(
        id=point_id,
        vector=vector,
        root_id=content.file.root.id,
        path=path,
        display_path=display_text(path),
        filename=display_text(path.rpartition(b"/")[2]),
        sha256=content.sha256,
        size_bytes=content.file.stat.size_bytes,
        mtime_ns=content.file.stat.mtime_ns,
        format=picture.format,
        width_px=picture.width_px,
        height_px=picture.height_px,
        phash=picture.phash,
        partial=picture.partial,
        pixel_source=picture.pixel_source,
        metadata=content.metadata,
        caption=caption,
        fingerprint=fingerprint,
        job_id=job_id,
        companions=tuple(map(display_text, content.file.companions)),
    )
