"""Where the words of points are kept and found."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Protocol
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.library.collection import Opened, TableSize
from ingestion_orchestration_fastapi_app.domain.library.words import WordHit, Words
from ingestion_orchestration_fastapi_app.domain.search.word_query import WordQuery


class WordStore(Protocol):
    """One table a collection, a row a point, one writer a table: the store has its own lock.

    Raises StoreWrite (or DiskFull) when a write did not become durable, StoreRead for what cannot
    be read, a table that is not there included; to write to one is a ValueError. A table that
    cannot be read is dropped and made again: all that is in it is elsewhere, too.
    """

    async def create(self, table: str) -> int:
        """Idempotent. Returns the synced version."""

    async def exists(self, table: str) -> bool: ...
    async def drop(self, table: str) -> None:
        """Idempotent, whatever the table's state."""

    async def open(self, table: str, *, synced_version: int | None) -> Opened:
        """Reads all of it; where the newest version is `synced_version` only the ids."""

    async def write(
        self, table: str, words: Sequence[Words], *, may_exist: Collection[UUID]
    ) -> int:
        """Appends the new, merges those in `may_exist`, syncs. Returns the synced version.

        `words` hold no id twice.
        """

    async def delete(self, table: str, ids: Sequence[UUID]) -> int: ...
    async def get(self, table: str, ids: Collection[UUID]) -> dict[UUID, Words]:
        """What is not there is left out."""

    async def search(
        self, table: str, query: WordQuery, *, limit: int, among: Collection[UUID] | None = None
    ) -> list[WordHit]:
        """Rows that hold what the query asks for, best first by BM25, ties by id.

        A row counts from the moment it is written. None for a query without words.
        """

    def ids(self, table: str) -> AsyncIterator[list[UUID]]:
        """Every row's id, as they are now, in groups; a duplicate shows twice."""

    async def size(self, table: str) -> TableSize: ...
    async def disk_bytes(self, table: str) -> int:
        """As of a table of points."""

    async def upkeep(self, table: str, *, indexing: bool = True) -> int | None:
        """As a vector store's."""
