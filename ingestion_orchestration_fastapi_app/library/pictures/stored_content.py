"""The content of a stored picture, read again: the file must hold what was imported."""

from __future__ import annotations

from dataclasses import replace

from ingestion_orchestration_fastapi_app.domain.files.file import File, FileStat, Root
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Content, Skipped
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.errors import ImageNotFound
from ingestion_orchestration_fastapi_app.ports.library import Library
from ingestion_orchestration_fastapi_app.resources.memory_budget import Share
from utils.problems import Rejected


async def stored_content(
    library: Library, point: Point, memory: Share, *, min_side_px: int
) -> Content:
    """Reserves the memory first, for a picture that is decoded at `min_side_px` or more.

    Raises:
        ImageNotFound: the file cannot be read, or it is another by now.
    """
    folder, _, name = point.path.rpartition(b"/")
    file = File(Root(point.root_id, folder), name, FileStat(point.size_bytes, 0, 0))
    opened = await library.open(file)
    if isinstance(opened, (Rejected, Skipped)):
        raise ImageNotFound(f"The file cannot be read: {opened.detail}")
    try:
        await memory.reserve(opened.need_bytes(min_side_px=min_side_px))
        content = await opened.read()
    finally:
        await opened.close()
    if isinstance(content, Rejected) or content.sha256 != point.sha256:
        raise ImageNotFound("The file has changed since it was stored.")
    return replace(content, metadata=point.metadata)  # its sidecars were not read
