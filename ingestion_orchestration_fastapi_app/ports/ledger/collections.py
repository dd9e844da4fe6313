"""Collections: names, models, watched folders, and tables that wait to be dropped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ingestion_orchestration_fastapi_app.domain.files.file import Root
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord, Watch


class CollectionRepository(Protocol):
    async def create(
        self, name: str, roots: Sequence[Root] = (), *, identity: str
    ) -> CollectionRecord:
        """Raises CollectionExists; CollectionDropping while its name is among the dropped ones."""

    async def find(self, name: str) -> CollectionRecord | None: ...
    async def list_all(self) -> list[CollectionRecord]:
        """By name."""

    async def delete(self, collection_id: int) -> None:
        """Forgets its files, roots, intents, jobs and failures; its name is a dropped one then.

        One transaction. Raises JobStateProblem while a job of it is unfinished.
        """

    async def dropped_tables(self) -> list[str]:
        """Names of deleted collections whose tables may still be in the vector store."""

    async def end_drop(self, name: str) -> None: ...
    async def bind(
        self, collection_id: int, *, model: str, weights: str, dim: int, fingerprint: str
    ) -> None:
        """Binds once: a second model would mix vectors that cannot be compared.

        Raises CollectionNotFound, ModelMismatch.
        """

    async def set_synced_version(self, collection_id: int, version: int) -> None: ...
    async def put_watch(self, collection_id: int, watch: Watch) -> None:
        """Replaces what was said of the same directory. Raises CollectionNotFound."""

    async def end_watch(self, collection_id: int, directory: bytes) -> None:
        """Idempotent."""
