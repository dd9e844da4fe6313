"""Words in LanceDB: a table a collection, beside those of its points."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from typing import Any
from uuid import UUID

import anyio
import pyarrow as pa

from ingestion_orchestration_fastapi_app.adapters.lance.database import Database
from ingestion_orchestration_fastapi_app.adapters.lance.errors import (
    DamagedError,
    is_moment,
    reading,
    unreadable,
    writing,
)
from ingestion_orchestration_fastapi_app.adapters.lance.indexing.plan import IndexPlan
from ingestion_orchestration_fastapi_app.adapters.lance.open_table import Entry, OpenTable
from ingestion_orchestration_fastapi_app.adapters.lance.reading import queries
from ingestion_orchestration_fastapi_app.adapters.lance.schema import ID
from ingestion_orchestration_fastapi_app.adapters.lance.tables import Tables
from ingestion_orchestration_fastapi_app.adapters.lance.upkeep import Limits, main_index
from ingestion_orchestration_fastapi_app.adapters.lance.words import full_text
from ingestion_orchestration_fastapi_app.adapters.lance.words.rows import (
    READ,
    SCHEMA,
    TERMS,
    check,
    to_table,
    to_words,
    unlike,
)
from ingestion_orchestration_fastapi_app.domain.library.collection import Opened
from ingestion_orchestration_fastapi_app.domain.library.words import WordHit, Words
from ingestion_orchestration_fastapi_app.domain.search.word_query import WordQuery, every_word
from ingestion_orchestration_fastapi_app.errors import StoreWrite

_UNINDEXED_ROWS = 20_000  # twice what a search may read one by one, in about 10 ms
_ROWS_A_READ = 8192
_ROWS_ASKED_FOR = 8


class LanceWords(Tables):
    """A WordStore. Its index is there from the first row, and a torn table is not mended here."""

    def __init__(self, database: Database, *, compact_every_fragments: int = 100) -> None:
        limits = Limits(_UNINDEXED_ROWS, compact_every_fragments)
        super().__init__(database, limits)

    async def create(self, table: str) -> int:
        entry = self._entry(table)
        async with entry.writer:
            open_table = await self._attach(entry, table)
            with anyio.CancelScope(shield=True), writing(table, "created"):
                if open_table is None:
                    open_table = await self.database.create(table, SCHEMA)
                    await self._check_kind(open_table.handle)
                    entry.table = open_table
                version = await open_table.sync(self._threads)
        return version

    async def open(self, table: str, *, synced_version: int | None) -> Opened:
        entry = self._entry(table)
        async with entry.writer:
            await entry.stop_build()
            entry.table = None
            with reading(table):
                handle = await self.database.fresh(table)
                if handle is not None:
                    is_known = await handle.version() == synced_version
                    await _read(handle, [ID] if is_known else [*READ, TERMS])
                open_table = await self._attached(entry, table)
                opened = Opened(int(await open_table.handle.version()), restored=False)
                if opened.version == synced_version:
                    await open_table.adopt(self._threads)
                else:
                    await open_table.sync(self._threads)
            open_table.reported = opened.version
        return opened

    async def write(
        self, table: str, words: Sequence[Words], *, may_exist: Collection[UUID]
    ) -> int:
        async def rows(_: OpenTable) -> Callable[[Sequence[Words]], Any]:
            return to_table

        return await self._write(table, words, may_exist=may_exist, rows=rows)

    async def get(self, table: str, ids: Collection[UUID]) -> dict[UUID, Words]:
        async with self._reading(table) as open_table:
            found = queries.rows_by_id(open_table.handle, list(ids), READ)
            return {one.id: one async for rows in found for one in to_words(rows)}

    async def search(
        self, table: str, query: WordQuery, *, limit: int, among: Collection[UUID] | None = None
    ) -> list[WordHit]:
        async with self._reading(table) as open_table:
            return await full_text.found(open_table.handle, query, limit=limit, among=among)

    async def ids(self, table: str) -> AsyncIterator[list[UUID]]:
        async with self._reading(table) as open_table:
            async for group in queries.all_ids(open_table.handle, root_id=None):
                yield group

    async def _check_kind(self, handle: Any) -> None:
        fault = unlike(await handle.schema())
        if fault is not None:
            raise DamagedError(fault)
        if await main_index(handle) is None:  # it was cut off while it was made
            await full_text.make_indexes(handle)

    async def _plans(self, _: Any, /) -> Sequence[IndexPlan]:
        return full_text.PLANS

    async def _changed(self, table: str, entry: Entry, *, pruned: bool) -> None:
        """Its files are not watched: what is damaged shows when it is read."""

    async def _not_written(self, table: str, entry: Entry, fault: StoreWrite) -> None:
        entry.health.note(fault.__cause__)
        if not is_moment(fault.__cause__ or fault):  # waiting mends nothing, and another is made
            raise unreadable(table, fault.__cause__ or fault) from fault


async def _read(handle: Any, columns: list[str]) -> None:
    """These of every row, by their form, and the index by a few of the rows."""
    number, asked = 0, list[UUID]()
    query = handle.query().select(columns)
    async for batch in await query.to_batches(max_batch_length=_ROWS_A_READ):
        check(pa.Table.from_batches([batch]))
        number += batch.num_rows
        asked += map(UUID, batch[ID][:1].to_pylist())
    if number != await handle.count_rows():
        raise DamagedError("rows are missing")
    asked = asked[:: len(asked) // _ROWS_ASKED_FOR + 1]
    rows = [one async for part in queries.rows_by_id(handle, asked, READ) for one in to_words(part)]
    for one in rows:
        query = every_word(one.text)
        if query.all and not await full_text.found(handle, query, limit=1, among=[one.id]):
            raise DamagedError("the index lacks words")
