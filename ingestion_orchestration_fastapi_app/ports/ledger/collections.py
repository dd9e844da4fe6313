"""Collections: names, watched folders, and tables that wait to be dropped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord, Watch
from ingestion_orchestration_fastapi_app.domain.library.generation import (
    GenerationState,
    NewGeneration,
)


class CollectionRepository(Protocol):
    async def create(
        self,
        name: str,
        roots: Sequence[Root] = (),
        *,
        identity: str,
        generations: Sequence[tuple[NewGeneration, GenerationState]] = (),
    ) -> CollectionRecord:
        """With the generations of tables that outlived a ledger; one transaction.

        Raises CollectionExists; CollectionDropping while a dropped table has the name that is made
        of its name: it would be taken for the collection's.
        """

    async def find(self, name: str) -> CollectionRecord | None: ...
    async def find_by_id(self, collection_id: int) -> CollectionRecord | None:
        """Whatever it is called now."""

    async def list_all(self) -> list[CollectionRecord]:
        """By name."""

    async def rename(self, collection_id: int, name: str) -> None:
        """Nothing else of it changes. Idempotent. Raises CollectionNotFound, CollectionExists."""

    async def delete(self, collection_id: int) -> None:
        """Forgets its files, roots, intents, jobs and failures; its tables are dropped ones then,
        and what was removed from it goes when the trash is trimmed.

        One transaction. Raises JobStateProblem while a job of it is unfinished.
        """

    async def dropped_tables(self) -> list[str]:
        """Names of tables that nobody needs, and that may still be in the vector store."""

    async def end_drop(self, table: str) -> None: ...
    async def put_words_table(
        self, collection_id: int, table: str, *, synced_version: int | None
    ) -> None:
        """Another one that it had is a dropped table then. Raises CollectionNotFound."""

    async def put_watch(self, collection_id: int, watch: Watch) -> None:
        """Replaces what was said of the same directory. Raises CollectionNotFound."""

    async def end_watch(self, collection_id: int, directory: bytes) -> None:
        """Idempotent."""
