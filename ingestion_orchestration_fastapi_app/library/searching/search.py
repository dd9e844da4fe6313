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
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.domain.library.point import Hit
from ingestion_orchestration_fastapi_app.errors import ImageNotFound
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.inference_pool.queries import Ask
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.library.searching.asked import Asked, Asking
from ingestion_orchestration_fastapi_app.library.searching.paged import (
    at_cursor,
    digest_of,
    next_cursor,
)
from ingestion_orchestration_fastapi_app.library.searching.query import Found, Query, Shown
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore

_HASH_THREADS = 2  # for images that are asked for
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
        shown: Shown,
        query_timeout_s: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._collections = collections
        self._store = store
        self._pool = pool
        self._asking = Asking(pool, timeout_s=query_timeout_s)
        self._shown = shown
        self._clock = clock
        self._threads = CapacityLimiter(_HASH_THREADS)

    async def by_text(self, query: Query, text: str) -> Found:
        async with self._collections.reading(query.collection) as collection:
            digest = digest_of(query, collection, "text", text)
            return await self._by(
                query,
                collection,
                digest,
                lambda service, model: service.embed_text(text, fingerprint=model),
            )

    async def by_image(self, query: Query, data: bytes) -> Found:
        """Raises also ValidationProblem: the bytes are no image that can be read."""
        sha256 = await to_thread.run_sync(_sha256, data, limiter=self._threads)
        async with self._collections.reading(query.collection) as collection:
            digest = digest_of(query, collection, "image", sha256)
            return await self._by(
                query,
                collection,
                digest,
                lambda service, model: service.embed_image(data, fingerprint=model),
            )

    async def _by(
        self, query: Query, collection: CollectionRecord, digest: bytes, ask: Ask
    ) -> Found:
        asked = at_cursor(query, collection, digest, now_s=self._clock())
        active = collection.active
        if active is None:
            return Found(hits=[], collection=collection, warnings=("the collection is empty",))
        if asked is None:
            answer = await self._asking.vector(collection, active, ask)
            asked = Asked(answer.vector, digest, truncated=answer.truncated)
        hits = await self._store.search(
            active.table,
            asked.vector,
            limit=query.limit,
            offset=query.offset,
            after=asked.after,
            filters=self._filters(query, collection),
            min_score=query.min_score,
        )
        roots = [root.path for root in collection.roots]
        return Found(
            hits=await self._with_captions(collection, hits),
            collection=collection,
            warnings=(
                *await self._pool.model_warnings(active.fingerprint),
                *tiny_model_warnings(active.model, roots),
                *((_CUT_OFF,) if asked.truncated else ()),
            ),
            cursor=next_cursor(query, asked, hits, before=query.offset, now_s=self._clock()),
        )

    async def similar(self, query: Query, image_id: UUID) -> Found:
        """Images near one that is stored, without itself. Needs no inference."""
        async with self._collections.reading(query.collection) as collection:
            active = collection.active
            points = []
            if active is not None:
                points = await self._store.get(active.table, [image_id], vectors=True)
            filters = self._filters(query, collection)
            if active is None or not any(map(filters.shows, points)):
                raise ImageNotFound(f"Collection {collection.name!r} holds no image {image_id}.")
            digest = digest_of(query, collection, "similar", str(image_id))
            asked = at_cursor(query, collection, digest, now_s=self._clock())
            if asked is None:
                asked = Asked(points[0].vector, digest)
            # The image itself may stand anywhere among them: all before the page are asked for.
            hits = await self._store.search(
                active.table,
                asked.vector,
                limit=query.offset + query.limit + 1,
                after=asked.after,
                filters=filters,
                min_score=query.min_score,
            )
            others = [hit for hit in hits if hit.point.id != image_id]
            page = others[query.offset : query.offset + query.limit]
            before = query.offset + 1
            return Found(
                hits=await self._with_captions(collection, page),
                collection=collection,
                warnings=await self._pool.model_warnings(active.fingerprint),
                cursor=next_cursor(query, asked, page, before=before, now_s=self._clock()),
            )

    async def _with_captions(self, collection: CollectionRecord, hits: Sequence[Hit]) -> list[Hit]:
        points = await self._collections.words.joined(collection, [hit.point for hit in hits])
        return [replace(hit, point=point) for hit, point in zip(hits, points, strict=True)]

    def _filters(self, query: Query, collection: CollectionRecord) -> Filters:
        return replace(query.filters, within=self._shown(collection))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
