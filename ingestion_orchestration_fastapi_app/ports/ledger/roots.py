"""Roots of collections: where they are, and where they are being moved to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.library.generation import SyncedVersion


class RootRepository(Protocol):
    async def add(self, collection_id: int, root: Root) -> None:
        """Idempotent.

        Raises CollectionNotFound; JobStateProblem while roots of it are being changed.
        """

    async def adopt(
        self, collection_id: int, roots: Sequence[Root], *, identity: str | None
    ) -> None:
        """What the store knows of roots and identity, and this ledger does not.

        Ids of roots are never changed. None: the store does not know the collection's identity.
        """

    async def begin_changes(self, collection_id: int, changes: Mapping[UUID, bytes | None]) -> None:
        """Before any point is changed: where the roots will be; None: they are forgotten.

        Until each has ended no job of the collection can be created. Idempotent.

        Raises:
            JobStateProblem: a job is unfinished, or other changes are.
            CollectionNotFound, RootNotFound: it was deleted or forgotten meanwhile.
            RootOverlap: where another root holds files already.
        """

    async def repeat_changes(self, collection_id: int, root_ids: Sequence[UUID]) -> None:
        """The store has points of these roots where they were: changes to where they are now.

        Changes that were begun stay as they are; of roots that are not there there are none.
        """

    async def forget_points(
        self, collection_id: int, point_ids: Sequence[UUID], *, synced: SyncedVersion
    ) -> None:
        """After points of a root that is forgotten were deleted from the store."""

    async def end_change(self, collection_id: int, root_id: UUID) -> bool:
        """When the store is as it was to be: the root, its folders' watches, devices and jobs.

        False: files are left to be forgotten, and it must be called again.
        """
