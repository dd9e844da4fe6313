"""What people say of folders: hidden ones and excluded ones. They are in a collection's record."""

from __future__ import annotations

from typing import Protocol

from ingestion_orchestration_fastapi_app.domain.files.folder_marks import (
    FolderPlace,
    Mark,
    MarkedFolder,
)


class FolderMarkRepository(Protocol):
    """By root and path, so that a root that moves changes nothing."""

    async def put(self, collection_id: int, place: FolderPlace, mark: Mark) -> MarkedFolder:
        """One that is there already stays as it is. Raises CollectionNotFound."""

    async def take_back(self, collection_id: int, place: FolderPlace, mark: Mark) -> bool:
        """False: it was not there."""
