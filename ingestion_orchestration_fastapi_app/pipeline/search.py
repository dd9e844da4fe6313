"""Searches: a query becomes a vector, the vector finds points."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from ingestion_orchestration_fastapi_app.core.files import Hit, Vector
from ingestion_orchestration_fastapi_app.core.filters import Filters
from ingestion_orchestration_fastapi_app.core.records import CollectionRecord
from ingestion_orchestration_fastapi_app.errors import (
    ImageNotFound,
    InferenceFault,
    ModelMismatch,
    Overloaded,
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


class Search:
    """Every way to find images. Raises CollectionNotFound, MlUnavailable, ModelMismatch."""

    def __init__(
        self,
        collections: Collections,
        store: VectorStore,
        inference: Inference,
        watch: MlWatch,
    ) -> None:
        self._collections = collections
        self._store = store
        self._inference = inference
        self._watch = watch

    async def by_text(self, query: Query, text: str) -> Found:
        collection = await self._collections.get(query.collection)
        if collection.fingerprint is None:
            return _nothing(collection)
        try:
            vector, fingerprint = await self._inference.embed_text(text)
        except InferenceFault as exc:
            raise _unavailable(exc) from exc
        return await self._near(query, collection, vector, fingerprint)

    async def by_image(self, query: Query, data: bytes) -> Found:
        """Raises also ValidationProblem: the bytes are no image that can be read."""
        collection = await self._collections.get(query.collection)
        if collection.fingerprint is None:
            return _nothing(collection)
        try:
            vector, fingerprint = await self._inference.embed_image(data)
        except InferenceFault as exc:
            raise _unavailable(exc) from exc
        return await self._near(query, collection, vector, fingerprint)

    async def similar(self, query: Query, image_id: UUID) -> Found:
        """Images near one that is stored, without itself. Needs no inference."""
        collection = await self._collections.get(query.collection)
        points = []
        if collection.fingerprint is not None:
            points = await self._store.get(collection.name, [image_id], vectors=True)
        if not points:
            raise ImageNotFound(f"Collection {collection.name!r} holds no image {image_id}.")
        hits = await self._store.search(
            collection.name,
            points[0].vector,
            limit=query.limit + query.offset + 1,
            filters=query.filters,
            min_score=query.min_score,
        )
        others = [hit for hit in hits if hit.point.id != image_id]
        return Found(
            hits=others[query.offset : query.offset + query.limit],
            collection=collection,
            warnings=await self._watch.warnings(),
        )

    async def _near(
        self, query: Query, collection: CollectionRecord, vector: Vector, fingerprint: str
    ) -> Found:
        if fingerprint != collection.fingerprint:
            raise ModelMismatch(
                f"Collection {collection.name!r} was made by {collection.model} "
                f"({collection.fingerprint}); the inference service runs {fingerprint}."
            )
        hits = await self._store.search(
            collection.name,
            vector,
            limit=query.limit,
            offset=query.offset,
            filters=query.filters,
            min_score=query.min_score,
        )
        return Found(hits=hits, collection=collection, warnings=await self._watch.warnings())


def _nothing(collection: CollectionRecord) -> Found:
    return Found(hits=[], collection=collection, warnings=("the collection is empty",))


def _unavailable(exc: InferenceFault) -> MlUnavailable:
    retry_after_s = exc.retry_after_s if isinstance(exc, Overloaded) else None
    return MlUnavailable(f"{exc}. Searches need it.", retry_after_s=retry_after_s or 2.0)
