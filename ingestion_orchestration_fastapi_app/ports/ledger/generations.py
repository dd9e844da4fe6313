"""Generations of collections: their tables, their models, and which one answers."""

from __future__ import annotations

from typing import Protocol

from ingestion_orchestration_fastapi_app.domain.files.file import FileKey
from ingestion_orchestration_fastapi_app.domain.files.records import LackingFile
from ingestion_orchestration_fastapi_app.domain.library.generation import Generation, NewGeneration


class GenerationRepository(Protocol):
    """Those of a collection are in its record. The table of a new one is none of `taken_tables`."""

    async def bind(
        self, collection_id: int, new: NewGeneration, *, synced_version: int | None
    ) -> None:
        """Makes the collection's first generation, which is active at once. Idempotent.

        Raises CollectionNotFound; ModelMismatch where it has one of another fingerprint.
        """

    async def create(self, collection_id: int, new: NewGeneration) -> Generation:
        """A filling one, or the one that the collection has of this fingerprint, as it is.

        Raises CollectionNotFound.
        """

    async def activate(self, generation_id: int) -> None:
        """It answers from now on, and the one that did is retired: one transaction. Idempotent.

        Raises CollectionNotFound where it was removed, or its collection deleted.
        """

    async def remove(self, generation_id: int) -> None:
        """Its table is a dropped one then. Idempotent; ValueError for the active one."""

    async def set_synced_version(
        self, generation_id: int, version: int, *, only_newer: bool = False
    ) -> None:
        """`only_newer`: of who may come late, after a write that was later."""

    async def lacking(
        self, source_id: int, target_id: int, *, refused: bool, after: FileKey | None, limit: int
    ) -> list[LackingFile]:
        """By key, those after `after`: files with a point in the source whose vector by the
        target's model is not there, or is of an older content. `refused`: also those that cannot
        be read, or that the target's model refused.
        """

    async def count_missing(self, source_id: int, target_id: int) -> int:
        """How many files have a point in the source, and none in the target."""

    async def taken_tables(self) -> set[str]:
        """Names of all tables that the ledger knows, dropped ones included."""
