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
from ingestion_orchestration_fastapi_app.domain.library.filters import NO_FILTERS, Filters
from ingestion_orchestration_fastapi_app.domain.library.generation import Generation
from ingestion_orchestration_fastapi_app.domain.library.point import QueryVector, Vector
from ingestion_orchestration_fastapi_app.domain.search.mode import words_help
from ingestion_orchestration_fastapi_app.errors import ImageNotFound, StoreRead
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.inference_pool.queries import image_ask, texts_ask
from ingestion_orchestration_fastapi_app.library.allowed_roots import Shown
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.folders.visible import visible
from ingestion_orchestration_fastapi_app.library.ledger_conditions import LedgerConditions
from ingestion_orchestration_fastapi_app.library.relevance.judging import Judging
from ingestion_orchestration_fastapi_app.library.searching.arranged import Arranging
from ingestion_orchestration_fastapi_app.library.searching.asked import Asking, Templating
from ingestion_orchestration_fastapi_app.library.searching.judged import Relevance
from ingestion_orchestration_fastapi_app.library.searching.mixed import Example, Mixing
from ingestion_orchestration_fastapi_app.library.searching.paged import Start, start_of
from ingestion_orchestration_fastapi_app.library.searching.pages import Pages
from ingestion_orchestration_fastapi_app.library.searching.pool import Pools
from ingestion_orchestration_fastapi_app.library.searching.query import (
    Found,
    Query,
    Scope,
    StoredVector,
    Subject,
)
from ingestion_orchestration_fastapi_app.library.searching.worded import NOTHING, Worded, Wording
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from utils.contract.search import SearchMode, SearchSort
from utils.contract.warnings import WarningCode, WarningDetail

_THREADS = 2  # for hashes of images, and for lists that are put in order
_EMPTY = WarningDetail.of(WarningCode.COLLECTION_EMPTY)
_CUT_OFF = WarningDetail.of(WarningCode.QUERY_CUT_OFF)
_NOT_CUT = WarningDetail.of(WarningCode.SORTED_WITHOUT_CUT)


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
        templating: Templating,
        shown: Shown,
        query_timeout_s: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._collections = collections
        self._store = store
        self._pool = pool
        self._conditions = conditions
        self._templating = templating
        self._shown = shown
        self._clock = clock
        self._threads = CapacityLimiter(_THREADS)
        self._asking = Asking(pool, timeout_s=query_timeout_s)
        self._mixing = Mixing(self._asking)
        self._wording = Wording(store, collections.words, threads=self._threads)
        self._relevance = Relevance(judging, store)
        self._pages = Pages(
            store,
            collections.words,
            Pools(store, self._wording),
            self._relevance,
            Arranging(store, collections.catalogue, threads=self._threads),
            clock=clock,
        )

    async def by_text(self, query: Query, text: str, *, words: str | None = None) -> Found:
        """`words`: what of the text is looked for in words, where that is not all of it."""

        async def vector(collection: CollectionRecord, active: Generation) -> QueryVector:
            texts = await self._templating.texts(query.templates, active, text)
            return await self._asking.vector(collection, active, texts_ask(texts))

        if words is None or words == text:
            return await self.found(query, Subject(("text", text), vector, text))
        return await self.found(query, Subject(("text", text, words), vector, words))

    async def by_image(self, query: Query, data: bytes) -> Found:
        """Raises also ValidationProblem: the bytes are no image that can be read."""

        async def vector(collection: CollectionRecord, active: Generation) -> QueryVector:
            return await self._asking.vector(collection, active, image_ask(data))

        sha256 = await to_thread.run_sync(_sha256, data, limiter=self._threads)
        return await self.found(query, Subject(("image", sha256), vector))

    async def similar(self, query: Query, image_id: UUID) -> Found:
        """Images near one that is stored, without itself. Needs no inference."""

        async def vector(collection: CollectionRecord, active: Generation) -> QueryVector:
            return QueryVector(
                await self.stored_vector(collection, active, image_id), active.fingerprint
            )

        async with self._collections.reading(query.collection) as collection:
            if collection.active is None:
                raise _not_found(collection, image_id)
            await self.stored_vector(collection, collection.active, image_id)
        key, without = ("similar", str(image_id)), frozenset({image_id})
        return await self.found(query, Subject(key, vector, without=without))

    async def mixed(self, query: Query, text: str | None, examples: Sequence[Example]) -> Found:
        """By a text, which is looked for in words, too, and by examples."""

        async def stored(
            collection: CollectionRecord, active: Generation, image_id: UUID
        ) -> Vector:
            return await self.stored_vector(collection, active, image_id)

        async def vector(collection: CollectionRecord, active: Generation) -> QueryVector:
            return await self._mixing.vector(collection, active, everything, stored)

        if text is not None and not examples:
            return await self.by_text(query, text)
        everything = [*([] if text is None else [Example(text)]), *examples]
        key = ("mixed", text or "", *(one.key for one in examples))
        without = frozenset(one.of for one in examples if isinstance(one.of, UUID))
        return await self.found(query, Subject(key, vector, text, without))

    async def vector_of(self, name: str, image_id: UUID) -> StoredVector:
        """Raises ImageNotFound, CollectionNotFound, StoreRead."""
        async with self._collections.reading(name) as collection:
            active = collection.active
            if active is None:
                raise _not_found(collection, image_id)
            vector = await self.stored_vector(collection, active, image_id)
            return StoredVector(vector, active.model, active.fingerprint)

    async def stored_vector(
        self, collection: CollectionRecord, active: Generation, image_id: UUID
    ) -> Vector:
        """Raises ImageNotFound."""
        points = await self._store.get(active.table, [image_id], vectors=True)
        # Whoever names a hidden image may look for others like it.
        named = replace(NO_FILTERS, within=self._shown(collection))
        if not any(map(named.shows, points)):
            raise _not_found(collection, image_id)
        return points[0].vector

    async def is_met(self, collection: str, filters: Filters) -> bool:
        """Whether something that may be shown meets what no ledger is needed for."""
        async with self._collections.reading(collection) as record:
            shown = visible(filters, record, self._shown)
            active = record.active
            return active is not None and await self._store.count(active.table, shown) > 0

    async def found(self, query: Query, subject: Subject) -> Found:
        async with self._collections.reading(query.collection) as collection:
            start = start_of(query, collection, subject.key, now_s=self._clock())
            active = collection.active
            if active is None:
                return Found([], collection, (_EMPTY,))
            filters = await self._conditions.resolved(
                collection.id, self._filters(query, collection)
            )
            scope = Scope(query, subject, collection, active, filters)
            mode, worded = await self._mode(scope, start)
            if mode is not SearchMode.TEXT and start.vector is None:
                answer = await subject.vector(collection, active)
                start = replace(
                    start,
                    vector=answer.vector,
                    truncated=answer.truncated,
                    templated=answer.templated,
                )
            if mode is SearchMode.VECTOR and query.is_plain:
                found = await self._pages.plain(scope, start)
            else:
                found = await self._pages.arranged(scope, replace(start, mode=mode), worded)
            warnings = (
                *await self._pool.model_warnings(active.fingerprint),
                *tiny_model_warnings(active.model, [root.path for root in collection.roots]),
                *((_CUT_OFF,) if start.truncated else ()),
                *((_NOT_CUT,) if _is_sorted_whole(query, mode, worded) else ()),
                *worded.warnings,
            )
            found = replace(found, warning_details=warnings, mode=mode, templated=start.templated)
            return self._with_probabilities(scope, await self._relevance.told(scope, start, found))

    def _with_probabilities(self, scope: Scope, found: Found) -> Found:
        """Of one text as it is alone: that is what the model was trained to tell."""
        sigmoid = self._pool.sigmoid(scope.active.fingerprint)
        if sigmoid is None or found.templated or not scope.subject.is_judged:
            return found
        hits = [
            hit if hit.score is None else replace(hit, probability=sigmoid.probability(hit.score))
            for hit in found.hits
        ]
        return replace(found, hits=hits)

    async def _mode(self, scope: Scope, start: Start) -> tuple[SearchMode, Worded]:
        """Which is used, and what words found for it. Where they do not answer it is the vector."""
        mode = scope.query.mode if start.after is None else start.mode or SearchMode.VECTOR
        text = scope.subject.text
        if text is None or mode is SearchMode.VECTOR:
            return SearchMode.VECTOR, NOTHING
        worded = await self._wording.found(scope, text)
        if not worded.is_answered:
            if start.after is not None:
                raise StoreRead("The words do not answer now, and they found the pages before.")
            return SearchMode.VECTOR, worded
        if mode is SearchMode.AUTO:
            helps = words_help(worded.asked, worded.held.values())
            mode = SearchMode.HYBRID if helps else SearchMode.VECTOR
        return mode, worded

    def _filters(self, query: Query, collection: CollectionRecord) -> Filters:
        return visible(query.filters, collection, self._shown)


def _is_sorted_whole(query: Query, mode: SearchMode, worded: Worded) -> bool:
    """Whether what is sorted holds what nobody would call found."""
    least = (query.min_score, query.min_relevance)
    is_cut = any(one is not None for one in least) or bool(worded.asked.required)
    return query.sort is not SearchSort.RELEVANCE and not is_cut and mode is not SearchMode.TEXT


def _not_found(collection: CollectionRecord, image_id: UUID) -> ImageNotFound:
    return ImageNotFound(f"Collection {collection.name!r} holds no image {image_id}.")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
