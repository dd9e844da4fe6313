"""Captions that come after their points: into the rows of words, and into no other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.point import Point
from ingestion_orchestration_fastapi_app.domain.library.words import Caption, words_of
from ingestion_orchestration_fastapi_app.errors import StoreWrite
from ingestion_orchestration_fastapi_app.library.words.collection_words import CollectionWords
from ingestion_orchestration_fastapi_app.library.words.faults import WordsLostError, of_words


@dataclass(frozen=True, slots=True)
class WordsCaptioning:
    words: CollectionWords

    async def write(
        self,
        collection: CollectionRecord,
        points: Mapping[UUID, Point],
        captions: Mapping[UUID, Caption],
        *,
        settle: Callable[[], Awaitable[None]],
    ) -> None:
        """Of `points` as they are now. Safe to repeat.

        `settle` tells the ledger, before anybody else may write words: who fills them believes the
        ledger. Raises StoreWrite, DiskFull.
        """
        state = self.words.state(collection)
        async with state.lock:
            await self.words.open(collection)
            try:
                await self._put(collection, points, captions)
            except WordsLostError as exc:
                await self.words.replace(collection, why=exc)
                try:
                    await self._put(collection, points, captions)
                except WordsLostError as again:
                    raise StoreWrite("The captions could not be written.") from again
            await settle()

    async def _put(
        self,
        collection: CollectionRecord,
        points: Mapping[UUID, Point],
        captions: Mapping[UUID, Caption],
    ) -> None:
        if not captions:
            return
        state = self.words.state(collection)
        assert state.table is not None, "it was made"
        with of_words():
            there = await self.words.store.get(state.table, list(captions))
            rows = [
                replace(there[one], caption=said.text, caption_fingerprint=said.fingerprint)
                if one in there
                else words_of(points[one], collection.roots, said)
                for one, said in captions.items()
            ]
            write = self.words.store.write
            state.version = await write(state.table, rows, may_exist=list(there))
