"""The original of a stored picture, opened to be served: what was checked is what is read."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial

from ingestion_orchestration_fastapi_app.adapters.local_files.regular_file import open_regular
from ingestion_orchestration_fastapi_app.adapters.local_files.walking.file_walk import file_stat
from ingestion_orchestration_fastapi_app.adapters.local_files.whole_file import hash_whole
from ingestion_orchestration_fastapi_app.domain.files.file import FileStat
from ingestion_orchestration_fastapi_app.domain.library.catalogue.stored_image import StoredImage
from ingestion_orchestration_fastapi_app.errors import ImageNotFound
from utils.imaging.formats import Format, extension, sniff_at


def open_stored(image: StoredImage, seen: FileStat | None) -> StoredFile:
    """The file, if it is the picture still that was imported. Blocking.

    Whether its folder may be looked at has been asked before.

    `seen` is how the file looked when this content was read. A size and an mtime can be given to
    any file, so where the ctime, too, is not the one that was seen (a copy that was put back, a
    ledger that was lost) the hash of the content decides.

    Raises:
        ImageNotFound: it is gone, a link is in its place or on the way there, or it is another.
    """
    opened = open_regular(image.path)
    if not isinstance(opened, int):
        raise ImageNotFound(f"The file is no longer where it was: {opened.detail}.")
    try:
        served = _checked(opened, image, seen)
    except OSError as exc:
        os.close(opened)
        raise ImageNotFound("The file cannot be read.") from exc
    if served is None:
        os.close(opened)
        raise ImageNotFound(
            "The file at this place is not the picture that was imported. Import its folder again."
        )
    return served


def _checked(descriptor: int, image: StoredImage, seen: FileStat | None) -> StoredFile | None:
    found = file_stat(os.fstat(descriptor))
    known = sniff_at(partial(_read_at, descriptor), hint=extension(image.path))
    if known is None or found.size_bytes != image.size_bytes:
        return None
    if seen is None or found != replace(seen, sidecar_mark=0):
        _, sha256, _ = hash_whole(descriptor, found.size_bytes)
        if sha256 != image.sha256:
            return None
    return StoredFile(descriptor, found.size_bytes, found.mtime_ns, known)


class StoredFile:
    """Implements `OpenedPicture`."""

    def __init__(self, descriptor: int, size_bytes: int, mtime_ns: int, known: Format) -> None:
        self.size_bytes = size_bytes
        self.mtime_ns = mtime_ns
        self.format = known
        self._descriptor: int | None = descriptor

    def read_at(self, offset: int, length: int) -> bytes:
        assert self._descriptor is not None, "read after close"
        return _read_at(self._descriptor, offset, length)

    def close(self) -> None:
        """Idempotent. Closing what was only read does not block."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def _read_at(descriptor: int, offset: int, length: int) -> bytes:
    return os.pread(descriptor, length, offset)
