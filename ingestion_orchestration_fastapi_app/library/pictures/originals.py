"""The originals of stored pictures, opened where the ledger, or their content, says they are it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from anyio import move_on_after

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey, FileStat
from ingestion_orchestration_fastapi_app.domain.files.roots import relative_path
from ingestion_orchestration_fastapi_app.domain.library.catalogue.stored_image import StoredImage
from ingestion_orchestration_fastapi_app.errors import PictureUnavailable
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.ports.ledger.files import FileRepository
from ingestion_orchestration_fastapi_app.resources.root_threads import RootThreads
from utils.imaging.formats import Format

OPEN_LIMIT_S = 30.0  # a large file may have to be read whole, to be sure of it
RETRY_AFTER_S = 10.0


class OpenedPicture(Protocol):
    """A file that stays the same one while it is served. `read_at` blocks."""

    size_bytes: int
    mtime_ns: int
    format: Format

    def read_at(self, offset: int, length: int) -> bytes: ...
    def close(self) -> None:
        """Idempotent."""


class Originals:
    """`open_stored` blocks: it runs in a thread of the file's root. It is told how the file looked
    when this content was read, None where nobody knows; then it reads the file to be sure.
    """

    def __init__(
        self,
        collections: Collections,
        files: FileRepository,
        open_stored: Callable[[StoredImage, FileStat | None], OpenedPicture],
        *,
        threads: RootThreads,
    ) -> None:
        self._collections = collections
        self._files = files
        self._open_stored = open_stored
        self.threads = threads

    async def open(self, collection: str, image: StoredImage) -> OpenedPicture:
        """Raises CollectionNotFound; ImageNotFound: what is there is not what was imported.

        PictureUnavailable: the file system does not answer.
        """
        seen = await self._seen(collection, image)
        opening = partial(self._open_stored, image, seen)
        with move_on_after(OPEN_LIMIT_S):
            return await self.threads.run(image.path, opening, drop=_closed)
        raise PictureUnavailable(
            "The file's folder has not answered in time: is its disk or share there?",
            retry_after_s=RETRY_AFTER_S,
        )

    async def _seen(self, collection: str, image: StoredImage) -> FileStat | None:
        record = await self._collections.get(collection)
        relative = relative_path(image, record.identity)
        if relative is None:
            return None
        key = FileKey(image.root_id, relative)
        file = (await self._files.recall(record.id, [key])).get(key)
        is_sure = file is not None and file.mtime_trusted and file.sha256 == image.sha256
        return file.stat if file is not None and is_sure else None


def _closed(opened: OpenedPicture | None) -> None:
    """Of a request that was given up: it came after all."""
    if opened is not None:
        opened.close()
