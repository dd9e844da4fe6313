"""The pages of a search: the store's own, or cut from a list that is made for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.cursor import After
from ingestion_orchestration_fastapi_app.domain.library.point import Vector
from ingestion_orchestration_fastapi_app.library.searching.arranged import Arranging
from ingestion_orchestration_fastapi_app.library.searching.judged import Relevance
from ingestion_orchestration_fastapi_app.library.searching.paged import (
    Page,
    Start,
    next_cursor,
    page_of,
)
from ingestion_orchestration_fastapi_app.library.searching.pool import (
    MAX_DEPTH,
    Pool,
    Pools,
    depth_of,
)
from ingestion_orchestration_fastapi_app.library.searching.query import Found, Result, Scope
from ingestion_orchestration_fastapi_app.library.searching.worded import Worded
from ingestion_orchestration_fastapi_app.library.words.collection_words import CollectionWords
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from utils.contract.search import SearchMode


class Pages:
    def __init__(
        self,
        store: VectorStore,
        words: CollectionWords,
        pools: Pools,
        relevance: Relevance,
        arranging: Arranging,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._words = words
        self._pools = pools
        self._relevance = relevance
        self._arranging = arranging
        self._clock = clock

    async def plain(self, scope: Scope, start: Start) -> Found:
        """A page of the store's own. What is no answer may stand anywhere before its end."""
        assert start.vector is not None, "it was asked for"
        query, without = scope.query, scope.subject.without
        more = len(without)
        hits = await self._store.search(
            scope.active.table,
            start.vector,
            limit=query.limit + (query.offset + more if more else 0),
            offset=0 if more else query.offset,
            after=start.after,
            filters=scope.filters,
            min_score=query.min_score,
            vectors=scope.subject.is_judged,
        )
        if more:
            hits = [hit for hit in hits if hit.point.id not in without]
            hits = hits[query.offset : query.offset + query.limit]
        cursor = None
        if len(hits) == query.limit:
            before = query.offset + more if start.after is None else start.after.rank
            after = After(hits[-1].score, hits[-1].point.id, before + len(hits))
            cursor = next_cursor(start, after, now_s=self._clock())
        results = [Result(hit.point, hit.score) for hit in hits]
        results = await self._with_captions(scope.collection, results)
        total, is_exact = await self._total(scope, start.vector)
        return Found(results, scope.collection, (), cursor, total=total, is_total_exact=is_exact)

    async def _total(self, scope: Scope, vector: Vector) -> tuple[int | None, bool]:
        """Of a plain search, and whether it is exact."""
        query, table = scope.query, scope.active.table
        if not query.is_counted:
            return None, True
        if query.min_score is None:
            count = await self._store.count(table, scope.filters)
            there = await self._store.get(table, list(scope.subject.without))
            return count - sum(map(scope.filters.matches, there)), True
        pool = await self._pools.by_vector(scope, vector, depth=MAX_DEPTH + 1)
        found = [one for one in pool.candidates if one.id not in scope.subject.without]
        return len(found[:MAX_DEPTH]), pool.is_whole

    async def arranged(self, scope: Scope, start: Start, worded: Worded) -> Found:
        """A page of a list that is made for it."""
        query, without = scope.query, scope.subject.without
        depth = depth_of(query, shown=query.offset if start.after is None else start.after.rank)
        while True:
            pool = await self._pooled(scope, start, worded, depth)
            kept = [one for one in pool.candidates if one.id not in without]
            cut = await self._relevance.cut(scope, start, kept)
            if cut is not None:
                kept = cut.candidates
                pool = replace(pool, is_whole=pool.is_whole or cut.is_end)
            found = await self._arranging.arranged(query, scope.collection, kept[:MAX_DEPTH])
            groups = found
            if query.diverse:
                groups = await self._arranging.diverse(query, scope.active, found)
            page = page_of(query, start, groups)
            may_go_on = start.mode is SearchMode.VECTOR and not query.diverse
            if pool.is_whole or depth > MAX_DEPTH or not (may_go_on and page.is_last):
                break
            depth = min(4 * depth, MAX_DEPTH + 1)  # much was folded, or is far down
        cursor = None
        if not page.is_last:
            cursor = next_cursor(start, page.after, now_s=self._clock(), shown=page.shown)
        results = await self._with_captions(scope.collection, await self._shown_of(scope, page))
        total = len(found) if query.is_counted else None
        return Found(
            results, scope.collection, (), cursor, total=total, is_total_exact=pool.is_whole
        )

    async def _pooled(self, scope: Scope, start: Start, worded: Worded, depth: int) -> Pool:
        if start.mode is SearchMode.TEXT:
            return await self._pools.by_words(scope, worded)
        assert start.vector is not None, "it was asked for"
        if start.mode is SearchMode.HYBRID:
            return await self._pools.by_both(scope, worded, start.vector)
        return await self._pools.by_vector(scope, start.vector, depth=depth)

    async def _shown_of(self, scope: Scope, page: Page) -> list[Result]:
        ids = [group.first.id for group in page.groups]
        points = {one.id: one for one in await self._store.get(scope.active.table, ids)}
        return [
            Result(
                points[group.first.id],
                group.first.score,
                group.first.is_near,
                group.first.word_score,
                tuple(map(" ".join, group.first.words)),
                tuple(one.id for one in group.others),
            )
            for group in page.groups
            if group.first.id in points  # one may be deleted between the two looks
        ]

    async def _with_captions(
        self, collection: CollectionRecord, results: Sequence[Result]
    ) -> list[Result]:
        found = [one.point for one in results]
        points = await self._words.joined(collection, found)
        return [replace(one, point=point) for one, point in zip(results, points, strict=True)]
