"""Searches: a query becomes a vector, the vector finds points."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from uuid import UUID

from anyio import current_time, fail_after, sleep

from ingestion_orchestration_fastapi_app.core.files import Hit, Vector
from ingestion_orchestration_fastapi_app.core.filters import Filters
from ingestion_orchestration_fastapi_app.core.records import CollectionRecord
from ingestion_orchestration_fastapi_app.core.tiny_model import tiny_model_warnings
from ingestion_orchestration_fastapi_app.errors import (
    ImageNotFound,
    InferenceFault,
    ModelMismatch,
    Overloaded,
    Unreachable,
)
from ingestion_orchestration_fastapi_app.pipeline.collections import Collections
from ingestion_orchestration_fastapi_app.pipeline.ml_watch import MlWatch
from ingestion_orchestration_fastapi_app.pipeline.ports import Inference, VectorStore
from utils.problems import MlUnavailable


@dataclass(frozen=True, slots=True)
class Query:
    collection: str
    limit: int
    offset: int
    filters: Filters
    min_score: float | None


@dataclass(frozen=True, slots=True)
class Found:
    hits: list[Hit]
    collection: CollectionRecord
    warnings: tuple[str, ...]


Shown = Callable[[CollectionRecord], tuple[bytes, ...] | None]


class Search:
    """Every way to find images, in the parts of a collection that `shown` gives (None: in all).

    Raises CollectionNotFound, MlUnavailable, ModelMismatch, StoreRead.
    """

    def __init__(
        self,
        collections: Collections,
        store: VectorStore,
        watch: MlWatch,
        *,
        shown: Shown,
        query_timeout_s: float,
    ) -> None:
        self._collections = collections
        self._store = store
        self._watch = watch
        self._shown = shown
        self._query_timeout_s = query_timeout_s

    async def by_text(self, query: Query, text: str) -> Found:
        async with self._collections.reading(query.collection) as collection:
            if collection.fingerprint is None:
                return _nothing(collection)
            vector = await self._vector(
                collection, collection.fingerprint, lambda service: service.embed_text(text)
            )
            return await self._near(query, collection, collection.fingerprint, vector)

    async def by_image(self, query: Query, data: bytes) -> Found:
        """Raises also ValidationProblem: the bytes are no image that can be read."""
        async with self._collections.reading(query.collection) as collection:
            if collection.fingerprint is None:
                return _nothing(collection)
            vector = await self._vector(
                collection, collection.fingerprint, lambda service: service.embed_image(data)
            )
            return await self._near(query, collection, collection.fingerprint, vector)

    async def similar(self, query: Query, image_id: UUID) -> Found:
        """Images near one that is stored, without itself. Needs no inference."""
        async with self._collections.reading(query.collection) as collection:
            return await self._similar(query, collection, image_id)

    async def _similar(self, query: Query, collection: CollectionRecord, image_id: UUID) -> Found:
        fingerprint = collection.fingerprint
        points = []
        if fingerprint is not None:
            points = await self._store.get(collection.name, [image_id], vectors=True)
        filters = self._filters(query, collection)
        if fingerprint is None or not any(map(filters.shows, points)):
            raise ImageNotFound(f"Collection {collection.name!r} holds no image {image_id}.")
        hits = await self._store.search(
            collection.name,
            points[0].vector,
            limit=query.limit + query.offset + 1,
            filters=filters,
            min_score=query.min_score,
        )
        others = [hit for hit in hits if hit.point.id != image_id]
        return Found(
            hits=others[query.offset : query.offset + query.limit],
            collection=collection,
            warnings=await self._watch.warnings(fingerprint),
        )

    async def _vector(
        self,
        collection: CollectionRecord,
        fingerprint: str,
        ask: Callable[[Inference], Awaitable[tuple[Vector, str]]],
    ) -> Vector:
        """A service that says when it will have time, or its model again, is asked then once more.

        If that is within the time of one query.
        """
        ends_s = current_time() + self._query_timeout_s
        while True:
            try:
                return await self._vector_now(collection, fingerprint, ask, ends_s=ends_s)
            except InferenceFault as exc:
                wait_s = exc.retry_after_s if isinstance(exc, Overloaded) else None
                if wait_s is None or current_time() + wait_s >= ends_s:
                    raise _unavailable(exc) from exc
            await sleep(wait_s)

    async def _vector_now(
        self,
        collection: CollectionRecord,
        fingerprint: str,
        ask: Callable[[Inference], Awaitable[tuple[Vector, str]]],
        *,
        ends_s: float,
    ) -> Vector:
        """Of the first service that answers with the collection's model, each in its turn.

        Together they have the time until `ends_s`; each has a fair part of what is left of it.
        Raises the last one's InferenceFault where none answers.
        """
        services = self._watch.in_turn(fingerprint)
        fault: InferenceFault | None = None
        runs = ""
        for place, one in enumerate(services):
            share_s = (ends_s - current_time()) / (len(services) - place)
            try:
                with fail_after(share_s):
                    vector, runs = await ask(one.service)
            except TimeoutError:
                fault = Unreachable("the inference service does not answer in time")
                one.fault = str(fault)
            except InferenceFault as exc:
                fault = exc
                one.fault = str(exc)
            else:
                if runs == fingerprint:
                    return vector
        if fault is not None:
            raise fault
        raise ModelMismatch(
            f"Collection {collection.name!r} was made by {collection.model} "
            f"({fingerprint}); the inference service runs {runs}."
        )

    def _filters(self, query: Query, collection: CollectionRecord) -> Filters:
        return replace(query.filters, within=self._shown(collection))

    async def _near(
        self, query: Query, collection: CollectionRecord, fingerprint: str, vector: Vector
    ) -> Found:
        hits = await self._store.search(
            collection.name,
            vector,
            limit=query.limit,
            offset=query.offset,
            filters=self._filters(query, collection),
            min_score=query.min_score,
        )
        warnings = await self._watch.warnings(fingerprint)
        warnings += tiny_model_warnings(collection.model, [root.path for root in collection.roots])
        return Found(hits=hits, collection=collection, warnings=warnings)


def _nothing(collection: CollectionRecord) -> Found:
    return Found(hits=[], collection=collection, warnings=("the collection is empty",))


def _unavailable(exc: InferenceFault) -> MlUnavailable:
    retry_after_s = exc.retry_after_s if isinstance(exc, Overloaded) else None
    return MlUnavailable(f"{exc}. Searches need it.", retry_after_s=retry_after_s or 2.0)
