"""Every way to search: asked, found, judged, arranged and paged, in this order."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

from anyio import CapacityLimiter, to_thread

from ingestion_orchestration_fastapi_app.domain.inference.tiny_model import tiny_model_warnings
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.cursor import After
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.domain.library.generation import Generation
from ingestion_orchestration_fastapi_app.domain.library.point import QueryVector, Vector
from ingestion_orchestration_fastapi_app.domain.search.mode import words_help
from ingestion_orchestration_fastapi_app.errors import ImageNotFound
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.ledger_conditions import LedgerConditions
from ingestion_orchestration_fastapi_app.library.relevance.judging import Judging
from ingestion_orchestration_fastapi_app.library.searching.arranged import Arranging
from ingestion_orchestration_fastapi_app.library.searching.asked import Asking
from ingestion_orchestration_fastapi_app.library.searching.judged import Relevance
from ingestion_orchestration_fastapi_app.library.searching.paged import (
    Page,
    Start,
    next_cursor,
    page_of,
    start_of,
)
from ingestion_orchestration_fastapi_app.library.searching.pool import (
    MAX_DEPTH,
    Pool,
    Pools,
    depth_of,
)
from ingestion_orchestration_fastapi_app.library.searching.query import (
    Found,
    Query,
    Result,
    Scope,
    Shown,
    Subject,
)
from ingestion_orchestration_fastapi_app.library.searching.worded import NOTHING, Worded, Wording
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from utils.contract.search import SearchMode

_THREADS = 2  # for hashes of images, and for lists that are put in order
_CUT_OFF = "the query is longer than the model reads: its end was cut off and does not count"


class Search:
    """Every way to find images, in the parts of a collection that `shown` gives (None: in all).

    Raises CollectionNotFound, MlUnavailable, ModelMismatch, StoreRead; CursorRefused for a cursor
    that is too old, or of another search. With one no vector is asked for.
    """

    def __init__(
        self,
        collections: Collections,
        store: VectorStore,
        pool: InferencePool,
        *,
        conditions: LedgerConditions,
        judging: Judging,
        shown: Shown,
        query_timeout_s: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._collections = collections
        self._store = store
        self._pool = pool
        self._conditions = conditions
        self._shown = shown
        self._clock = clock
        self._threads = CapacityLimiter(_THREADS)
        self._asking = Asking(pool, timeout_s=query_timeout_s)
        self._wording = Wording(store, collections.words, threads=self._threads)
        self._pools = Pools(store, self._wording)
        self._relevance = Relevance(judging, store)
        self._arranging = Arranging(store, threads=self._threads)

    async def by_text(self, query: Query, text: str, *, words: str | None = None) -> Found:
        """`words`: what of the text is looked for in words, where that is not all of it."""

        async def vector(collection: CollectionRecord, active: Generation) -> QueryVector:
            return await self._asking.vector(
                collection,
                active,
                lambda service, model: service.embed_text(text, fingerprint=model),
            )

        if words is None or words == text:
            return await self.found(query, Subject(("text", text), vector, text))
        return await self.found(query, Subject(("text", text, words), vector, words))

    async def by_image(self, query: Query, data: bytes) -> Found:
        """Raises also ValidationProblem: the bytes are no image that can be read."""

        async def vector(collection: CollectionRecord, active: Generation) -> QueryVector:
            return await self._asking.vector(
                collection,
                active,
                lambda service, model: service.embed_image(data, fingerprint=model),
            )

        sha256 = await to_thread.run_sync(_sha256, data, limiter=self._threads)
        return await self.found(query, Subject(("image", sha256), vector))

    async def similar(self, query: Query, image_id: UUID) -> Found:
        """Images near one that is stored, without itself. Needs no inference."""

        async def vector(collection: CollectionRecord, active: Generation) -> QueryVector:
            return QueryVector(
                await self.stored_vector(query, collection, active, image_id), active.fingerprint
            )

        async with self._collections.reading(query.collection) as collection:
            if collection.active is None:
                raise _not_found(collection, image_id)
            await self.stored_vector(query, collection, collection.active, image_id)
        key, without = ("similar", str(image_id)), frozenset({image_id})
        return await self.found(query, Subject(key, vector, without=without))

    async def stored_vector(
        self, query: Query, collection: CollectionRecord, active: Generation, image_id: UUID
    ) -> Vector:
        """Raises ImageNotFound."""
        points = await self._store.get(active.table, [image_id], vectors=True)
        filters = self._filters(query, collection)
        if not any(map(filters.shows, points)):
            raise _not_found(collection, image_id)
        return points[0].vector

    async def is_met(self, collection: str, filters: Filters) -> bool:
        """Whether something that may be shown meets what no ledger is needed for."""
        async with self._collections.reading(collection) as record:
            shown = replace(filters, within=self._shown(record))
            active = record.active
            return active is not None and await self._store.count(active.table, shown) > 0

    async def found(self, query: Query, subject: Subject) -> Found:
        async with self._collections.reading(query.collection) as collection:
            start = start_of(query, collection, subject.key, now_s=self._clock())
            active = collection.active
            if active is None:
                return Found([], collection, ("the collection is empty",))
            filters = await self._conditions.resolved(
                collection.id, self._filters(query, collection)
            )
            scope = Scope(query, subject, collection, active, filters)
            mode, worded = await self._mode(scope, start)
            if mode is not SearchMode.TEXT and start.vector is None:
                answer = await subject.vector(collection, active)
                start = replace(start, vector=answer.vector, truncated=answer.truncated)
            if mode is SearchMode.VECTOR and query.is_plain:
                found = await self._plain(scope, start)
            else:
                found = await self._arranged(scope, replace(start, mode=mode), worded)
            warnings = (
                *await self._pool.model_warnings(active.fingerprint),
                *tiny_model_warnings(active.model, [root.path for root in collection.roots]),
                *((_CUT_OFF,) if start.truncated else ()),
                *worded.warnings,
            )
            found = replace(found, warnings=warnings, mode=mode)
            return await self._relevance.told(scope, start, found)

    async def _mode(self, scope: Scope, start: Start) -> tuple[SearchMode, Worded]:
        """Which is used, and what words found for it. Where they do not answer it is the vector."""
        mode = scope.query.mode if start.after is None else start.mode or SearchMode.VECTOR
        text = scope.subject.text
        if text is None or mode is SearchMode.VECTOR:
            return SearchMode.VECTOR, NOTHING
        worded = await self._wording.found(scope, text)
        if not worded.is_answered:
            return SearchMode.VECTOR, worded
        if mode is SearchMode.AUTO:
            helps = words_help(worded.asked, worded.held.values())
            mode = SearchMode.HYBRID if helps else SearchMode.VECTOR
        return mode, worded

    async def _plain(self, scope: Scope, start: Start) -> Found:
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
        return Found(results, scope.collection, (), cursor)

    async def _arranged(self, scope: Scope, start: Start, worded: Worded) -> Found:
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
            groups = await self._arranging.arranged(query, scope.active, kept[:MAX_DEPTH])
            page = page_of(query, start, groups)
            may_go_on = start.mode is SearchMode.VECTOR and not query.diverse
            if pool.is_whole or depth > MAX_DEPTH or not (may_go_on and page.is_last):
                break
            depth = min(4 * depth, MAX_DEPTH + 1)  # much was folded, or is far down
        cursor = None
        if not page.is_last:
            cursor = next_cursor(start, page.after, now_s=self._clock(), shown=page.shown)
        results = await self._with_captions(scope.collection, await self._shown_of(scope, page))
        return Found(results, scope.collection, (), cursor)

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
        points = await self._collections.words.joined(collection, found)
        return [replace(one, point=point) for one, point in zip(results, points, strict=True)]

    def _filters(self, query: Query, collection: CollectionRecord) -> Filters:
        return replace(query.filters, within=self._shown(collection))


def _not_found(collection: CollectionRecord, image_id: UUID) -> ImageNotFound:
    return ImageNotFound(f"Collection {collection.name!r} holds no image {image_id}.")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
