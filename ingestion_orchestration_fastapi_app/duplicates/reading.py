"""The images of a collection, read from its table: what is compared of them, then vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from anyio import CapacityLimiter, to_thread

from ingestion_orchestration_fastapi_app.domain.duplicates.grouping import Places
from ingestion_orchestration_fastapi_app.domain.duplicates.images import Images, ImagesBuilder
from ingestion_orchestration_fastapi_app.domain.duplicates.near_vectors import Axes, axes_held
from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.library.filters import Filters
from ingestion_orchestration_fastapi_app.domain.search.relevance.standard_scores import Matrix
from ingestion_orchestration_fastapi_app.jobs.scope import JobScope
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore

MAX_IMAGES = 1_000_000
VECTOR_BYTES = 1 << 29  # that are held: all numbers of 170,000 vectors of 768
PAGE = 512
_SAMPLE = 4096  # vectors whose axes are taken


class TooManyImagesError(Exception):
    """Their numbers would take more memory than a job may."""


async def images_of(
    scope: JobScope, collection: CollectionRecord, filters: Filters, threads: CapacityLimiter
) -> Images:
    """Raises TooManyImagesError, StoreRead."""
    store, table = scope.ports.store, collection.bound().table
    everything = sorted({one async for group in store.ids(table) for one in group})
    if len(everything) > MAX_IMAGES:
        raise TooManyImagesError(
            f"the collection has more than {MAX_IMAGES:,} images: look in a folder of it"
        )
    builder = ImagesBuilder(len(everything))
    for page in _pages(everything):
        points = await store.get(table, page)
        builder.add(point for point in points if filters.matches(point))
    images, _ = await to_thread.run_sync(builder.built, limiter=threads)
    return images


@dataclass(frozen=True, slots=True)
class Vectors:
    """`held`: a row for each of `places`, projected on `axes`."""

    places: Places
    held: Matrix
    axes: Axes


async def vectors_of(
    store: VectorStore, collection: CollectionRecord, images: Images, places: Places
) -> Vectors:
    """Of these images; those that are gone meanwhile are left out. Raises StoreRead."""
    generation = collection.bound()
    step = max(1, len(places) // _SAMPLE)
    sample = [
        point.vector
        for page in _pages([images.id_at(int(place)) for place in places[::step]])
        for point in await store.get(generation.table, page, vectors=True)
    ]
    most = axes_held(len(places), generation.dim, budget_bytes=VECTOR_BYTES)
    axes = Axes.of(np.stack(sample), most=most)
    held = np.zeros((len(places), axes.kept), np.float32)
    kept = np.zeros(len(places), np.int64)
    count = 0
    for start in range(0, len(places), PAGE):
        by_id = {images.id_at(int(one)): int(one) for one in places[start : start + PAGE]}
        points = await store.get(generation.table, list(by_id), vectors=True)
        if points:
            stop = count + len(points)
            held[count:stop] = axes.projected(np.stack([one.vector for one in points]))
            kept[count:stop] = [by_id[one.id] for one in points]
            count = stop
    return Vectors(kept[:count], held[:count], axes)


def _pages(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    return (ids[start : start + PAGE] for start in range(0, len(ids), PAGE))
