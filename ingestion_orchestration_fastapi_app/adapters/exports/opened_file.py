"""Files of an export, opened without following a link: its manifest, and those that are served."""

from __future__ import annotations

import os
import stat

from ingestion_orchestration_fastapi_app.adapters.local_files.no_links import open_path
from ingestion_orchestration_fastapi_app.domain.files.identity import display_text
from ingestion_orchestration_fastapi_app.domain.transfer.manifest import (
    MANIFEST_NAME,
    MAX_MANIFEST_BYTES,
    Manifest,
    ManifestRefusedError,
    manifest_of,
)
from ingestion_orchestration_fastapi_app.errors import ExportInvalid, ExportNotFound


class ServedFile:
    """Implements `OpenedFile`."""

    def __init__(self, descriptor: int, found: os.stat_result) -> None:
        self.size_bytes = found.st_size
        self.mtime_ns = found.st_mtime_ns
        self._descriptor: int | None = descriptor

    def read_at(self, offset: int, length: int) -> bytes:
        assert self._descriptor is not None, "read after close"
        return os.pread(self._descriptor, length, offset)

    def close(self) -> None:
        """Idempotent. Closing what was only read does not block."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def open_in(folder: bytes, name: str) -> ServedFile:
    """Blocking. Raises ExportNotFound."""
    try:
        descriptor = open_regular(folder, name)
    except OSError as exc:
        raise ExportNotFound(f"The export has no file {name!r}.") from exc
    return ServedFile(descriptor, os.fstat(descriptor))


def read_manifest(folder: bytes) -> Manifest:
    """Blocking. Raises ExportNotFound, ExportInvalid."""
    shown = display_text(folder)
    try:
        descriptor = open_regular(folder, MANIFEST_NAME)
    except OSError as exc:
        why = f"{shown} is no export: its {MANIFEST_NAME} cannot be read ({exc.strerror})."
        raise ExportNotFound(why) from exc
    with os.fdopen(descriptor, "rb") as file:
        try:
            content = file.read(MAX_MANIFEST_BYTES + 1)
        except OSError as exc:
            raise ExportNotFound(f"{shown} cannot be read ({exc.strerror}).") from exc
    if len(content) > MAX_MANIFEST_BYTES:
        raise ExportInvalid(f"The {MANIFEST_NAME} of {shown} is larger than any.")
    try:
        return manifest_of(content)
    except ManifestRefusedError as exc:
        raise ExportInvalid(f"The {MANIFEST_NAME} of {shown} cannot be used: {exc}.") from exc


def open_regular(folder: bytes, name: str) -> int:
    """Raises OSError, also for what is no regular file."""
    path = os.path.join(folder, os.fsencode(name))
    descriptor = open_path(path, os.O_RDONLY | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(2, "it is no regular file")
    return descriptor
