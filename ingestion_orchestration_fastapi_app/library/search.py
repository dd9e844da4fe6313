"""Searches: a query becomes a vector, the vector finds points."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from anyio import CapacityLimiter, to_thread

from ingestion_orchestration_fastapi_app.domain.inference.tiny_model import tiny_model_warnings
from ingestion_orchestration_fastapi_app.domain.library import cursor as cursors
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.cursor import After, Cursor
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.domain.library.generation import Generation
from ingestion_orchestration_fastapi_app.domain.library.point import Hit, QueryVector, Vector
from ingestion_orchestration_fastapi_app.errors import (
    CursorRefused,
    ImageNotFound,
    InferenceFault,
    ModelMismatch,
    Overloaded,
)
from ingestion_orchestration_fastapi_app.inference_pool.pool import InferencePool
from ingestion_orchestration_fastapi_app.inference_pool.queries import Ask, query_vector
from ingestion_orchestration_fastapi_app.library.collections import Collections
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore
from utils.problems import MlUnavailable, ValidationProblem

_HASH_THREADS = 2  # for images that are asked for
_CUT_OFF = "the query is longer than the model reads: its end was cut off and does not count"


@dataclass(frozen=True, slots=True)
class Query:
    """A page begins at `offset`, or where `cursor` says."""

    collection: str
    limit: int
    offset: int
    filters: Filters
    min_score: float | None
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """`cursor` is there where more may follow."""

    hits: list[Hit]
    collection: CollectionRecord
    warnings: tuple[str, ...]
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """One search: its vector, and the result after which its page begins."""

    vector: Vector
    digest: bytes
    after: After | None = None
    truncated: bool = False


Shown = Callable[[CollectionRecord], tuple[bytes, ...] | None]


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
        self._shown = shown
        self._query_timeout_s = query_timeout_s
        self._clock = clock
        self._threads = CapacityLimiter(_HASH_THREADS)

    async def by_text(self, query: Query, text: str) -> Found:
        async with self._collections.reading(query.collection) as collection:
            digest = _digest(query, collection, "text", text)
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
            digest = _digest(query, collection, "image", sha256)
            return await self._by(
                query,
                collection,
                digest,
                lambda service, model: service.embed_image(data, fingerprint=model),
            )

    async def _by(
        self, query: Query, collection: CollectionRecord, digest: bytes, ask: Ask
    ) -> Found:
        asked = self._at_cursor(query, collection, digest)
        active = collection.active
        if active is None:
            return Found(hits=[], collection=collection, warnings=("the collection is empty",))
        if asked is None:
            answer = await self._vector(collection, active, ask)
            asked = _Asked(answer.vector, digest, truncated=answer.truncated)
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
            cursor=self._cursor(query, asked, hits, before=query.offset),
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
            digest = _digest(query, collection, "similar", str(image_id))
            asked = self._at_cursor(query, collection, digest)
            if asked is None:
                asked = _Asked(points[0].vector, digest)
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
            return Found(
                hits=await self._with_captions(collection, page),
                collection=collection,
                warnings=await self._pool.model_warnings(active.fingerprint),
                cursor=self._cursor(query, asked, page, before=query.offset + 1),
            )

    async def _with_captions(self, collection: CollectionRecord, hits: Sequence[Hit]) -> list[Hit]:
        points = await self._collections.words.joined(collection, [hit.point for hit in hits])
        return [replace(hit, point=point) for hit, point in zip(hits, points, strict=True)]

    def _at_cursor(
        self, query: Query, collection: CollectionRecord, digest: bytes
    ) -> _Asked | None:
        """None where there is no cursor."""
        if query.cursor is None:
            return None
        if query.offset:
            raise ValidationProblem("Send a cursor or an offset, not both.")
        cursor = cursors.read(query.cursor)
        if cursor is None:
            raise CursorRefused("This is no cursor that a search gave.")
        dim = collection.active and collection.active.dim
        if cursor.query != digest or len(cursor.vector) != dim:
            raise CursorRefused(
                "The cursor is of another search: its query, collection, filters or least score "
                "differ. Search anew."
            )
        if cursor.expires_s < self._clock():
            minutes = cursors.GOOD_FOR_S // 60
            raise CursorRefused(
                f"The cursor is too old: it is good for {minutes} minutes. Search anew."
            )
        return _Asked(cursor.vector, digest, cursor.after, cursor.truncated)

    def _cursor(
        self, query: Query, asked: _Asked, hits: Sequence[Hit], *, before: int
    ) -> str | None:
        """`before` results are before the page where it does not begin at a cursor."""
        if len(hits) < query.limit:
            return None
        shown = (before if asked.after is None else asked.after.rank) + len(hits)
        after = After(hits[-1].score, hits[-1].point.id, shown)
        expires_s = int(self._clock()) + cursors.GOOD_FOR_S
        cursor = Cursor(after, asked.vector, asked.digest, expires_s, asked.truncated)
        return cursors.written(cursor)

    async def _vector(
        self, collection: CollectionRecord, active: Generation, ask: Ask
    ) -> QueryVector:
        try:
            return await query_vector(
                self._pool, active.fingerprint, ask, timeout_s=self._query_timeout_s
            )
        except InferenceFault as exc:
            raise _unavailable(exc) from exc
        except ModelMismatch as exc:
            raise ModelMismatch(
                f"Collection {collection.name!r} was made by {active.model} "
                f"({active.fingerprint}); {exc.detail}."
            ) from exc

    def _filters(self, query: Query, collection: CollectionRecord) -> Filters:
        return replace(query.filters, within=self._shown(collection))


def _digest(query: Query, collection: CollectionRecord, kind: str, subject: str) -> bytes:
    """Of all that must be the same on the next page."""
    return cursors.digest(
        kind, subject, collection.id, collection.fingerprint, query.filters, query.min_score
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _unavailable(exc: InferenceFault) -> MlUnavailable:
    retry_after_s = exc.retry_after_s if isinstance(exc, Overloaded) else None
    return MlUnavailable(f"{exc}. Searches need it.", retry_after_s=retry_after_s or 2.0)
