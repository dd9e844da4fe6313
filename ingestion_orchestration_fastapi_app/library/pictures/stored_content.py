"""The content of a stored picture, read again: the file must hold what was imported."""

from __future__ import annotations

from dataclasses import replace

from ingestion_orchestration_fastapi_app.domain.files.file import File, FileStat, Root
from ingestion_orchestration_fastapi_app.domain.inference.uploads import Content, Skipped
from ingestion_orchestration_fastapi_app.domain.library.catalogue.stored_image import StoredImage
from ingestion_orchestration_fastapi_app.errors import ImageNotFound
from ingestion_orchestration_fastapi_app.ports.library import Library
from ingestion_orchestration_fastapi_app.resources.memory_budget import Share
from utils.problems import Rejected


async def stored_content(
    library: Library, image: StoredImage, memory: Share, *, min_side_px: int
) -> Content:
    """Reserves the memory first, for a picture that is decoded at `min_side_px` or more.

    Raises:
        ImageNotFound: the file cannot be read, or it is another by now.
    """
    folder, _, name = image.path.rpartition(b"/")
    file = File(Root(image.root_id, folder), name, FileStat(image.size_bytes, 0, 0))
    opened = await library.open(file)
    if isinstance(opened, (Rejected, Skipped)):
        raise ImageNotFound(f"The file cannot be read: {opened.detail}")
    try:
        await memory.reserve(opened.need_bytes(min_side_px=min_side_px))
        content = await opened.read()
    finally:
        await opened.close()
    if isinstance(content, Rejected) or content.sha256 != image.sha256:
        raise ImageNotFound("The file has changed since it was stored.")
    turned = replace(content.metadata, sidecar_turn=image.sidecar_turn)  # no sidecar was read
    return replace(content, metadata=turned)
