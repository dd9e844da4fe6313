"""Folders on the disk, listed for who chooses one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ingestion_orchestration_fastapi_app.domain.scanning.disk_folders import (
    FolderLook,
    FoldersBelow,
)


class DiskFolders(Protocol):
    """Paths are absolute and hold no links; none is followed. No file is opened."""

    async def below(self, folder: bytes) -> FoldersBelow:
        """Those right in it that an import of it would go into, in no order.

        Raises DirectoryNotFound where it cannot be listed.
        """

    async def look(self, folders: Sequence[bytes]) -> list[FolderLook | None]:
        """Into each of these, for a short time; None: it is not there any more."""
