"""ZIPs of originals, made while they are sent: one file open, one chunk in memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.library.catalogue.stored_image import StoredImage
from ingestion_orchestration_fastapi_app.domain.library.saved_names import UniqueNames
from ingestion_orchestration_fastapi_app.errors import ImageNotFound, PictureUnavailable
from ingestion_orchestration_fastapi_app.library.pictures.originals import (
    OpenedPicture,
    Originals,
)
from ingestion_orchestration_fastapi_app.library.pictures.stored_images import StoredImages
from ingestion_orchestration_fastapi_app.library.pictures.zip_stream import ZipStream
from utils.problems import Problem

MOST_ARCHIVES = 4  # sent at once: each may take hours
RETRY_AFTER_S = 30.0
GROUP = 100  # images that are looked up at once
CHUNK_BYTES = 1024 * 1024
MISSING = "MISSING.txt"
_MISSING_HEAD = "These images were asked for and are not in the archive, or not whole:\n\n"


@dataclass(slots=True)
class _Archive:
    """One under way."""

    zip: ZipStream = field(default_factory=ZipStream)
    names: UniqueNames = field(default_factory=lambda: UniqueNames(MISSING))
    missing: list[str] = field(default_factory=list)


class Archives:
    """What is not there when its turn comes is told in a text inside: an archive that has begun
    can have no other answer.
    """

    def __init__(self, images: StoredImages, originals: Originals) -> None:
        self._images = images
        self._originals = originals
        self._open_count = 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """To be held while one is made. Raises PictureUnavailable."""
        if self._open_count >= MOST_ARCHIVES:
            raise PictureUnavailable(
                f"{MOST_ARCHIVES} archives are being sent already.", retry_after_s=RETRY_AFTER_S
            )
        self._open_count += 1
        try:
            yield
        finally:
            self._open_count -= 1

    async def check(self, collection: str, ids: Sequence[UUID]) -> None:
        """Raises CollectionNotFound, StoreRead; ImageNotFound where none of them is there."""
        for start in range(0, len(ids), GROUP):
            if await self._images.several(collection, ids[start : start + GROUP]):
                return
        raise ImageNotFound(f"Collection {collection!r} holds none of these images.")

    async def chunks(self, collection: str, ids: Sequence[UUID]) -> AsyncGenerator[bytes]:
        """Must be closed."""
        archive = _Archive()
        try:
            async with aclosing(self._entries(archive, collection, ids)) as entries:
                async for chunk in entries:
                    yield chunk
            if archive.missing:
                _write_missing(archive)
            archive.zip.finish()
            yield archive.zip.taken()
        finally:
            archive.zip.finish()

    async def _entries(
        self, archive: _Archive, collection: str, ids: Sequence[UUID]
    ) -> AsyncGenerator[bytes]:
        for start in range(0, len(ids), GROUP):
            group = ids[start : start + GROUP]
            try:
                images = await self._images.several(collection, group)
            except Problem as exc:
                archive.missing += [f"{image_id}: {exc.detail}" for image_id in group]
                continue
            found = {image.id: image for image in images}
            for image_id in group:
                if image_id not in found:
                    archive.missing.append(f"{image_id}: the collection does not hold it")
                    continue
                async with aclosing(self._entry(archive, collection, found[image_id])) as entry:
                    async for chunk in entry:
                        yield chunk

    async def _entry(
        self, archive: _Archive, collection: str, image: StoredImage
    ) -> AsyncGenerator[bytes]:
        try:
            opened = await self._originals.open(collection, image)
        except Problem as exc:
            archive.missing.append(f"{image.display_path}: {exc.detail}")
            return
        try:
            name = archive.names.unique(image.filename, opened.format)
            archive.zip.begin(name, size_bytes=opened.size_bytes, mtime_ns=opened.mtime_ns)
            at = 0
            while at < opened.size_bytes:
                copy = partial(_copied, archive.zip, opened, at)
                try:
                    length = await self._originals.threads.run(image.path, copy)
                except (OSError, Problem):
                    length = 0
                if not length:
                    archive.missing.append(f"{image.display_path}: it ended early, as {name}")
                    break
                at += length
                yield archive.zip.taken()
            archive.zip.end()
        finally:
            opened.close()


def _copied(archive: ZipStream, opened: OpenedPicture, at: int) -> int:
    """How many bytes. Blocking: the checksum is made in the thread that reads."""
    chunk = opened.read_at(at, min(CHUNK_BYTES, opened.size_bytes - at))
    archive.write(chunk)
    return len(chunk)


def _write_missing(archive: _Archive) -> None:
    lines = (line.encode("utf-8", "backslashreplace").decode() for line in archive.missing)
    text = (_MISSING_HEAD + "\n".join(" ".join(line.splitlines()) for line in lines)).encode()
    archive.zip.begin(MISSING, size_bytes=len(text), mtime_ns=0)
    archive.zip.write(text + b"\n")
    archive.zip.end()
