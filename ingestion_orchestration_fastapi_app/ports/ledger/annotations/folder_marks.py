"""What people say of folders: hidden ones and excluded ones. They are in a collection's record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.folder_marks import (
    FolderPlace,
    Mark,
    MarkedFolder,
)
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion


class FolderMarkRepository(Protocol):
    """By root and path, so that a root that moves changes nothing."""

    async def put(self, collection_id: int, place: FolderPlace, mark: Mark) -> MarkedFolder:
        """One that is there already stays as it is. Raises CollectionNotFound."""

    async def take_back(self, collection_id: int, place: FolderPlace, mark: Mark) -> bool:
        """One transaction: it is not there, nor what was said of files because of it. False: it
        was not.
        """

    async def exclude_points(
        self,
        collection_id: int,
        point_ids: Sequence[UUID],
        *,
        synced: Sequence[SyncedVersion],
        reader_version: str,
    ) -> None:
        """One transaction, after the points were deleted: their files have that for a verdict, the
        catalogue holds none of them, and the intents in the generations that are synced are over.
        """

    async def end(self, collection_id: int, place: FolderPlace) -> None:
        """Nothing is left to be removed for an excluded folder."""
