"""Makes words whole: a row for each point and no other, from the points and cached captions."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from uuid import UUID

import numpy as np
import structlog
from anyio import sleep

from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.domain.library.words import Caption, words_of
from ingestion_orchestration_fastapi_app.errors import StoreRead, StoreWrite
from ingestion_orchestration_fastapi_app.library.words.collection_words import CollectionWords
from ingestion_orchestration_fastapi_app.library.words.faults import WordsLostError, of_words
from ingestion_orchestration_fastapi_app.ports.content_cache import ContentCache
from ingestion_orchestration_fastapi_app.ports.ledger import Ledger
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from utils.problems import Problem

log = structlog.get_logger(__name__)

RETRY_S = 60.0  # after what may be the moment's fault
_A_STEP = 1024  # points: an import waits for one step at most
_TRIES = 2  # the second into another table


class WordsFilling:
    """Runs beside imports, searches and removals. Goes on where it was cut off, at the next start:
    what is there is not made again.
    """

    def __init__(
        self, ledger: Ledger, store: VectorStore, words: CollectionWords, cache: ContentCache
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._words = words
        self._cache = cache

    async def serve(self) -> None:
        while True:
            collection_id = await self._words.queue.next()
            try:
                found = await self._ledger.collections.find_by_id(collection_id)
                if found is not None and found.active is not None:
                    await self.fill(found)
            except Problem as exc:
                log.warning("words_not_filled", collection_id=collection_id, error=exc.detail)
                if not (isinstance(exc, StoreRead) and exc.damaged_table):  # an import mends that
                    await sleep(RETRY_S)
                    self._words.queue.ask(collection_id)
            except Exception:  # a bug, too: nothing else depends on it
                log.exception("words_not_filled", collection_id=collection_id)

    async def fill(self, collection: CollectionRecord) -> None:
        """After any other filling of it, which may be through with what is looked at now."""
        async with self._words.state(collection).filling:
            await self._fill(collection)

    async def _fill(self, collection: CollectionRecord) -> None:
        state, table = self._words.state(collection), collection.bound().table
        log.info("words_filling", collection=collection.name)
        fault: WordsLostError | None = None
        filled: str | None = None
        for _ in range(_TRIES):
            async with state.lock:
                if fault is not None and state.table == filled:  # else who wrote has replaced it
                    await self._words.replace(collection, why=fault)
                await self._words.open(collection)
                state.whole, state.fills, filled = False, state.fills + 1, state.table
            try:
                made = await self._write_missing(collection, table)
                deleted = await self._delete_unknown(collection, table)
            except WordsLostError as exc:
                fault = exc
                continue
            if state.table == filled:  # another would hold but the later half
                state.whole = True
                await self._words.upkeep(collection)
                await self._words.settle(collection)
                log.info("words_filled", collection=collection.name, made=made, deleted=deleted)
                return
        raise StoreWrite("The words of images could not be made whole.") from fault

    async def _write_missing(self, collection: CollectionRecord, table: str) -> int:
        """An import that wrote a point first waits with its words until the step is over."""
        state, made = self._words.state(collection), 0
        async for ids in self._store.ids(table):
            for start in range(0, len(ids), _A_STEP):
                async with state.lock:
                    made += await self.write(collection, ids[start : start + _A_STEP])
        return made

    async def write(self, collection: CollectionRecord, ids: Sequence[UUID]) -> int:
        """What these lack: words, or the caption that the ledger knows. A caption that is nowhere
        any more is not believed, so that an import makes it.

        The lock is held: what is not there now is new.
        """
        state, known = self._words.state(collection), self._ledger
        assert state.table is not None, "it was made"
        with of_words():
            there = await self._words.store.get(state.table, ids)
        # Before their captioners: what no import is writing now none can write until the lock is
        # free.
        sure = await known.artefacts.surely_stored(collection.bound().id, list(there))
        models = await known.captions.captioners(collection.id, ids)
        others = {
            one for one in sure if models.get(one) not in (None, there[one].caption_fingerprint)
        }
        lacking = list(dict.fromkeys(one for one in ids if one not in there or one in others))
        if not lacking:
            return 0
        points = await self._store.get(collection.bound().table, lacking)
        captions = await self._captions(points, models)
        lost = [one.id for one in points if one.id in models and one.id not in captions]
        if lost:
            log.warning("captions_lost", collection=collection.name, images=len(lost))
            await known.captions.forget(collection.id, lost)
        rows = [
            words_of(point, collection.roots, captions.get(point.id))
            for point in points
            if point.id not in others or point.id in captions
        ]
        if rows:
            with of_words():
                write = self._words.store.write
                state.version = await write(state.table, rows, may_exist=others)
        return len(rows)

    async def _captions(
        self, points: Sequence[Point], models: Mapping[UUID, str]
    ) -> dict[UUID, Caption]:
        """Of the cache, where it still has them; else what the point's own row says, which an
        earlier version wrote.
        """
        found = {one.id: Caption(one.caption, None) for one in points if one.caption is not None}
        for model in set(models.values()):
            of_model = [point for point in points if models.get(point.id) == model]
            hashes = list({point.picture_key for point in of_model})
            said = await self._cache.captions(model, hashes)
            for point in of_model:
                text = said.get(point.picture_key, point.caption)
                if text is not None:
                    found[point.id] = Caption(text, model)
        return found

    async def _delete_unknown(self, collection: CollectionRecord, table: str) -> int:
        """Rows of no point. Of a point that has several, all but one are made again."""
        state, marks, deleted = self._words.state(collection), array("Q"), 0
        assert state.table is not None, "it was made"
        with of_words():
            groups = [ids async for ids in self._words.store.ids(state.table)]
        for ids in groups:
            marks.extend(_mark(one) for one in ids)
            async with state.lock:
                there = {point.id for point in await self._store.get(table, ids)}
                unknown = [one for one in ids if one not in there]
                if unknown:
                    with of_words():
                        version = await self._words.store.delete(state.table, unknown)
                    state.version, deleted = version, deleted + len(unknown)
        distinct, counts = np.unique(np.asarray(marks, dtype=np.uint64), return_counts=True)
        twice = set(distinct[counts > 1].tolist())
        if twice:
            doubled = {one for ids in groups for one in ids if _mark(one) in twice}
            await self._write_once(collection, sorted(doubled))
            deleted += int(counts.sum()) - len(distinct)
        return deleted

    async def _write_once(self, collection: CollectionRecord, ids: Sequence[UUID]) -> None:
        state = self._words.state(collection)
        async with state.lock:
            assert state.table is not None, "it was made"
            with of_words():
                rows = list((await self._words.store.get(state.table, ids)).values())
                await self._words.store.delete(state.table, ids)
                write = self._words.store.write
                state.version = await write(state.table, rows, may_exist=())


def _mark(one: UUID) -> int:
    return int.from_bytes(one.bytes[:8])  # ids are hashes: of a million no two begin alike
