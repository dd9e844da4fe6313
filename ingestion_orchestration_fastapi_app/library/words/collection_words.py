"""The words of collections: written beside points, joined to them, and made again where lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

import structlog
from anyio import Lock, current_time, move_on_after

from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.generation import new_words_table
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.domain.library.words import (
    Caption,
    WordHit,
    Words,
    words_of,
)
from ingestion_orchestration_fastapi_app.domain.search.word_query import WordQuery
from ingestion_orchestration_fastapi_app.errors import CollectionNotFound, StoreRead, StoreWrite
from ingestion_orchestration_fastapi_app.library.indexing.requests import IndexRequests
from ingestion_orchestration_fastapi_app.library.words.faults import WordsLostError, of_words
from ingestion_orchestration_fastapi_app.library.words.joining import with_words
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from ingestion_orchestration_fastapi_app.ports.words import WordStore
from ingestion_orchestration_fastapi_app.resources.fill_queue import FillQueue
from utils.problems import Problem

log = structlog.get_logger(__name__)

_Read = TypeVar("_Read")

FIND_WAIT_S = 5.0  # an object store may hang: a search then goes without captions
_WARN_EVERY_S = 60.0
_NAMES = 8  # tried for a new table: where none of them can be read the store cannot


@dataclass
class WordsState:
    """Of one collection. Whoever writes to its table holds the lock; who makes it whole holds
    `filling` all the time: while one is at work none may say that it is whole.

    `table`: None until one is there. `version`: its newest on the disk. `whole`: it has a row for
    each point, as far as is known. `fills`: how often it was, or is, made so: who may have written
    words of points that an import has just written.
    `warned_s`: when it was last said that they came too late.
    """

    lock: Lock = field(default_factory=Lock)
    filling: Lock = field(default_factory=Lock)
    table: str | None = None
    version: int | None = None
    whole: bool = False
    fills: int = 0
    warned_s: float | None = None


class CollectionWords:
    """Words are never waited for: where their table is damaged another takes its place, and is
    filled beside all else (`filling.py`).

    Raises StoreWrite and DiskFull where words could not be written, or not be read for the moment;
    StoreRead of points alone.
    """

    def __init__(self, ledger: Ledger, store: VectorStore, words: WordStore) -> None:
        self._ledger = ledger
        self._store = store
        self.store = words
        self._states: defaultdict[int, WordsState] = defaultdict(WordsState)
        self.queue = FillQueue()
        self.index_requests = IndexRequests()

    def state(self, collection: CollectionRecord) -> WordsState:
        return self._states[collection.id]

    def undisturbed(self, collection: CollectionRecord) -> int | None:
        """Another number after each filling; None where one is due, or at work."""
        state = self.state(collection)
        return state.fills if state.whole else None

    async def check(self, collection: CollectionRecord) -> None:
        """At start-up, after the collection's points. What is not whole is filled later."""
        state = self.state(collection)
        async with state.lock:
            if collection.words_table is not None:
                try:
                    await self.open(collection)
                except Problem as exc:  # a full disk: points are served without
                    log.warning("words_not_opened", collection=collection.name, error=exc.detail)
        if not state.whole:
            self.ask(collection)

    async def compare(self, collection: CollectionRecord) -> None:
        """Another table answers from now on: its points are looked through for words."""
        state = self.state(collection)
        async with state.lock:
            state.whole = False
        self.ask(collection)

    async def prepare(self, collection: CollectionRecord, *, is_known: bool) -> None:
        """Before a job that writes points. `is_known`: the points are as they were left."""
        state = self.state(collection)
        async with state.lock:
            await self.open(collection)
            state.whole = state.whole and is_known
        if not state.whole:
            self.ask(collection)

    async def open(self, collection: CollectionRecord) -> None:
        """Another one, where it has none or cannot be read. The lock is held."""
        state, table = self.state(collection), collection.words_table
        if state.table is not None:
            return
        if table is None:
            await self.replace(collection)
            state.whole = not await self._store.count(collection.bound().table)
            return
        try:
            with of_words():
                opened = await self.store.open(table, synced_version=collection.words_version)
                rows = (await self.store.size(table)).points
        except WordsLostError as exc:
            await self.replace(collection, why=exc)
            return
        state.table, state.version = table, opened.version
        is_synced = opened.version == collection.words_version
        state.whole = is_synced and rows == await self._store.count(collection.bound().table)

    async def write(
        self,
        collection: CollectionRecord,
        points: Sequence[Point],
        captions: Mapping[UUID, Caption],
        *,
        may_exist: Collection[UUID],
        undisturbed: int | None,
    ) -> None:
        """After the points themselves. Safe to repeat with more that may exist.

        `undisturbed`: of the moment before the points were written; where a filling was at work
        since, each may exist.
        """
        rows = [words_of(point, collection.roots, captions.get(point.id)) for point in points]
        state = self.state(collection)
        async with state.lock:
            await self.open(collection)
            if undisturbed is None or undisturbed != self.undisturbed(collection):
                may_exist = [one.id for one in rows]
            try:
                await self._put(collection, rows, may_exist)
            except WordsLostError as exc:
                await self.replace(collection, why=exc)
                try:
                    await self._put(collection, rows, [one.id for one in rows])
                except WordsLostError as again:
                    raise StoreWrite("The words of images could not be written.") from again

    async def _put(
        self, collection: CollectionRecord, rows: Sequence[Words], may_exist: Collection[UUID]
    ) -> None:
        state = self.state(collection)
        assert state.table is not None, "it was made"
        if len(collection.generations) > 1:  # another may have the point
            may_exist = [one.id for one in rows]
        with of_words():
            state.version = await self.store.write(state.table, rows, may_exist=may_exist)

    async def delete(self, collection: CollectionRecord, ids: Sequence[UUID]) -> None:
        """After the points themselves."""
        state = self.state(collection)
        async with state.lock:
            if state.table is not None:
                try:
                    with of_words():
                        state.version = await self.store.delete(state.table, ids)
                except WordsLostError as exc:
                    await self.replace(collection, why=exc)

    async def joined(self, collection: CollectionRecord, points: Sequence[Point]) -> list[Point]:
        """With their captions, and what people say of them."""
        found = await self.found(collection, [point.id for point in points])
        return await with_words(self._ledger, collection.id, points, found)

    async def found(self, collection: CollectionRecord, ids: Collection[UUID]) -> dict[UUID, Words]:
        """What cannot be read, or not in time, is left out; what is lost is made again later."""
        get = self.store.get
        return await self._read(collection, lambda table: get(table, ids)) or {} if ids else {}

    async def search(
        self,
        collection: CollectionRecord,
        query: WordQuery,
        *,
        limit: int,
        among: Collection[UUID] | None = None,
    ) -> list[WordHit] | None:
        """None where the words do not answer now, or not in time."""
        search = self.store.search
        return await self._read(collection, lambda t: search(t, query, limit=limit, among=among))

    async def _read(
        self, collection: CollectionRecord, read: Callable[[str], Awaitable[_Read]]
    ) -> _Read | None:
        state = self.state(collection)
        if state.table is None:
            return None
        try:
            with move_on_after(FIND_WAIT_S), of_words():
                return await read(state.table)
        except WordsLostError:
            self.ask(collection)
        except StoreWrite:  # the moment's; the store has logged it
            pass
        else:
            self._warn_late(collection)
        return None

    def _warn_late(self, collection: CollectionRecord) -> None:
        state, now_s = self.state(collection), current_time()
        if state.warned_s is None or now_s - state.warned_s >= _WARN_EVERY_S:
            state.warned_s = now_s
            log.warning("words_not_found_in_time", collection=collection.name, wait_s=FIND_WAIT_S)

    async def upkeep(self, collection: CollectionRecord) -> None:
        """But for indexes, which are asked for: those of the collection's points, too."""
        state = self.state(collection)
        async with state.lock:
            if state.table is not None:
                with suppress(StoreRead, ValueError):  # who reads or writes next finds out
                    version = await self.store.upkeep(state.table, indexing=False)
                    state.version = state.version if version is None else version
        self.index_requests.ask(collection.id)

    async def settle(self, collection: CollectionRecord) -> None:
        """At a job's end: the next start then need not look at what is known to be whole."""
        state = self.state(collection)
        async with state.lock:
            if state.whole and state.table is not None:
                put = self._ledger.collections.put_words_table
                with suppress(Problem):
                    await put(collection.id, state.table, synced_version=state.version)

    async def replace(
        self, collection: CollectionRecord, *, why: BaseException | None = None
    ) -> str:
        """Makes another table in place of the collection's, if it has any. The lock is held.

        It has a new name: what is damaged may not even let itself be removed.
        """
        state = self.state(collection)
        taken = await self._ledger.generations.taken_tables()
        table, version = await self._created(collection, taken)
        put = self._ledger.collections.put_words_table
        try:
            await put(collection.id, table, synced_version=None)
        except CollectionNotFound:
            await self.store.drop(table)
            raise
        before, state.table, state.version, state.whole = state.table, table, version, False
        before = before or collection.words_table
        if before is not None and before != table:
            log.warning("words_lost", collection=collection.name, table=before, error=str(why))
            with suppress(Problem):  # the next start tries again
                await self.store.drop(before)
                await self._ledger.collections.end_drop(before)
        self.ask(collection)
        return table

    async def _created(self, collection: CollectionRecord, taken: set[str]) -> tuple[str, int]:
        for _ in range(_NAMES):
            table = new_words_table(collection.bound().table, taken)
            try:
                with of_words():
                    return table, await self.store.create(table)
            except WordsLostError as exc:  # one that outlived its ledger, and is damaged
                taken.add(table)
                fault = exc
        raise StoreWrite("No table for words could be made.", cause=str(fault)) from fault

    def ask(self, collection: CollectionRecord) -> None:
        """That its words be looked through, and made whole."""
        self.queue.ask(collection.id)
