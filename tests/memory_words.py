"""The in-memory twin of the words tables: the same rules, for fast tests."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import anyio.lowlevel

from ingestion_orchestration_fastapi_app.adapters.lance.errors import NoTableError, reading
from ingestion_orchestration_fastapi_app.adapters.lance.words.rows import to_table, to_words
from ingestion_orchestration_fastapi_app.domain.library.collection import Opened, TableSize
from ingestion_orchestration_fastapi_app.domain.library.search_terms import terms
from ingestion_orchestration_fastapi_app.domain.library.words import WordHit, Words
from ingestion_orchestration_fastapi_app.domain.search.word_query import Phrase, WordQuery

_IDS_A_GROUP = 8192
_K1, _B = 1.2, 0.75  # of BM25


@dataclass(slots=True)
class _Table:
    version: int = 1
    rows: list[Words] = field(default_factory=list)


class MemoryWords:
    """A WordStore without a disk. Appending an id that is there duplicates its row, as Lance
    does, so that a test can notice.
    """

    def __init__(self) -> None:
        self._tables: dict[str, _Table] = {}

    async def create(self, table: str) -> int:
        await anyio.lowlevel.checkpoint()
        return self._tables.setdefault(table, _Table()).version

    async def exists(self, table: str) -> bool:
        await anyio.lowlevel.checkpoint()
        return table in self._tables

    async def drop(self, table: str) -> None:
        await anyio.lowlevel.checkpoint()
        self._tables.pop(table, None)

    async def open(self, table: str, *, synced_version: int | None) -> Opened:
        await anyio.lowlevel.checkpoint()
        return Opened(self._read(table).version, restored=False)

    async def write(
        self, table: str, words: Sequence[Words], *, may_exist: Collection[UUID]
    ) -> int:
        await anyio.lowlevel.checkpoint()
        kept = self._written(table)
        if not words:
            return kept.version
        asked = frozenset(may_exist)
        # Through Arrow and back: what cannot be stored there must not pass here.
        stored = to_words(to_table(words))
        merged = {one.id: one for one in stored if one.id in asked}
        there = {one.id for one in kept.rows}
        kept.rows = [merged.get(one.id, one) for one in kept.rows]
        kept.rows += [one for one in stored if one.id not in merged or one.id not in there]
        kept.version += 1
        return kept.version

    async def delete(self, table: str, ids: Sequence[UUID]) -> int:
        await anyio.lowlevel.checkpoint()
        kept, gone = self._written(table), frozenset(ids)
        rows = [one for one in kept.rows if one.id not in gone]
        if len(rows) < len(kept.rows):
            kept.rows = rows
            kept.version += 1
        return kept.version

    async def get(self, table: str, ids: Collection[UUID]) -> dict[UUID, Words]:
        await anyio.lowlevel.checkpoint()
        wanted = frozenset(ids)
        return {one.id: one for one in self._read(table).rows if one.id in wanted}

    async def search(
        self, table: str, query: WordQuery, *, limit: int, among: Collection[UUID] | None = None
    ) -> list[WordHit]:
        await anyio.lowlevel.checkpoint()
        said = {one.id: all_terms(one) for one in self._read(table).rows}
        hits = [
            WordHit(one, _bm25(query.all, said[one], list(said.values())))
            for one in said
            if holds(said[one], query) and (among is None or one in among)
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.id))[: max(limit, 0)]

    async def ids(self, table: str) -> AsyncIterator[list[UUID]]:
        rows = self._read(table).rows  # a snapshot: writes make a new list
        for start in range(0, len(rows), _IDS_A_GROUP):
            await anyio.lowlevel.checkpoint()
            yield [one.id for one in rows[start : start + _IDS_A_GROUP]]

    async def size(self, table: str) -> TableSize:
        await anyio.lowlevel.checkpoint()
        rows = len(self._read(table).rows)
        return TableSize(rows, unindexed_points=rows)

    async def disk_bytes(self, table: str) -> int:
        await anyio.lowlevel.checkpoint()
        kept = self._tables.get(table)
        return 0 if kept is None else len(kept.rows)

    async def upkeep(self, table: str, *, indexing: bool = True) -> int | None:
        await anyio.lowlevel.checkpoint()
        self._written(table)
        return None

    def _written(self, table: str) -> _Table:
        try:
            return self._tables[table]
        except KeyError:
            raise NoTableError(table) from None

    def _read(self, table: str) -> _Table:
        with reading(table):
            if table not in self._tables:
                raise LookupError("its table is gone")
            return self._tables[table]


def all_terms(words: Words) -> list[str]:
    return [*terms(words.text), *terms(words.caption or "")]


def holds(said: list[str], query: WordQuery) -> bool:
    """Whether a search finds it: each required phrase stands somewhere, or any of the others."""
    if query.required:
        return all(_count(said, phrase) for phrase in query.required)
    return any(_count(said, phrase) for phrase in query.optional)


def _count(said: list[str], phrase: Phrase) -> int:
    places = range(len(said) - len(phrase) + 1)
    return sum(tuple(said[at : at + len(phrase)]) == phrase for at in places)


def _bm25(wanted: Collection[Phrase], said: list[str], everything: list[list[str]]) -> float:
    mean = sum(map(len, everything)) / len(everything)
    score = 0.0
    for phrase in wanted:
        holding = sum(_count(one, phrase) > 0 for one in everything)
        rarity = math.log(1 + (len(everything) - holding + 0.5) / (holding + 0.5))
        count = _count(said, phrase)
        score += rarity * count * (_K1 + 1) / (count + _K1 * (1 - _B + _B * len(said) / mean))
    return score
