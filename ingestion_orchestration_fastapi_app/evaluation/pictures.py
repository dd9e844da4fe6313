"""The pictures of a collection as an evaluation needs them: their vectors and names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from ingestion_orchestration_fastapi_app.domain.library.collection import CollectionRecord
from ingestion_orchestration_fastapi_app.domain.search.relevance.standard_scores import Matrix
from ingestion_orchestration_fastapi_app.ports.vector_store import VectorStore

MAX_PICTURES = 100_000  # whose vectors are held: 300 MB at 768 numbers
_AT_ONCE = 512


class TooManyPicturesError(Exception):
    """An exact search over so many is not for one process."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """In one order: `ids`, `vectors`, and `paths` below the root that each lies in."""

    ids: list[UUID]
    vectors: Matrix
    paths: list[str]
    pixel_sources: list[str]

    def places(self, names: Iterable[str], by_name: dict[str, list[int]]) -> list[int]:
        """Of images that a file of captions names by the end of their paths."""
        found: set[int] = set()
        for name in names:
            tail = f"/{name}"
            near = by_name.get(name.rpartition("/")[2], [])
            found.update(at for at in near if f"/{self.paths[at]}".endswith(tail))
        return sorted(found)

    def by_name(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for at, path in enumerate(self.paths):
            found[path.rpartition("/")[2]].append(at)
        return dict(found)


async def pictures_of(store: VectorStore, collection: CollectionRecord) -> Pictures:
    """Raises TooManyPicturesError, StoreRead."""
    table = collection.bound().table
    everything = sorted({one async for group in store.ids(table) for one in group})
    if len(everything) > MAX_PICTURES:
        raise TooManyPicturesError(
            f"The collection has more than {MAX_PICTURES:,} images. Evaluate a smaller one."
        )
    roots = {root.id: len(root.path.rstrip(b"/")) + 1 for root in collection.roots}
    ids: list[UUID] = []
    paths: list[str] = []
    sources: list[str] = []
    vectors = []
    for start in range(0, len(everything), _AT_ONCE):
        for point in await store.get(table, everything[start : start + _AT_ONCE], vectors=True):
            ids.append(point.id)
            paths.append(point.path[roots.get(point.root_id, 0) :].decode("utf-8", "replace"))
            sources.append(point.pixel_source)
            vectors.append(point.vector)
    dim = collection.bound().dim
    held = np.stack(vectors) if vectors else np.zeros((0, dim), np.float32)
    return Pictures(ids, held, paths, sources)
