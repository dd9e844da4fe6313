"""The pictures of a collection as an evaluation needs them: their vectors and names."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
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


class Ends:
    """Places of paths by their ends: an image is named by its last folders and name, or by less.

    Every folder may have a `1.jpg`: so the ends are sorted, and looked up.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        """Blocking: some tenths of a second for 100,000."""
        self._turned = sorted((_turned(path), at) for at, path in enumerate(paths))

    def holds(self, names: Iterable[str]) -> bool:
        return any(True for name in names for _ in self._of(_turned(name)))

    def places(self, names: Iterable[str]) -> list[int]:
        return sorted({at for name in names for at in self._of(_turned(name))})

    def _of(self, end: tuple[str, ...]) -> Iterator[int]:
        for place in range(bisect_left(self._turned, (end, 0)), len(self._turned)):
            turned, at = self._turned[place]
            if turned[: len(end)] != end:
                return
            yield at


def _turned(path: str) -> tuple[str, ...]:
    return tuple(reversed(path.split("/")))


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
    held = np.zeros((len(everything), collection.bound().dim), np.float32)  # once: they are many
    for start in range(0, len(everything), _AT_ONCE):
        for point in await store.get(table, everything[start : start + _AT_ONCE], vectors=True):
            held[len(ids)] = point.vector
            ids.append(point.id)
            paths.append(point.path[roots.get(point.root_id, 0) :].decode("utf-8", "replace"))
            sources.append(point.pixel_source)
    return Pictures(ids, held[: len(ids)], paths, sources)
